"""The steps of an epoch: drawn at once, recorded where they can be, told where they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from harness.engine.lif import layer as lif_layer
from harness.engine.networks import ResNet
from harness.engine.norm import channels_last
from harness.engine.randomness import stream
from harness.engine.training import History, Normalisation, Recipe, train
from harness.engine.training import steps as steps_of
from harness.engine.training.state import TrainingState, optimiser_of
from harness.engine.training.steps import epoch_draws
from tests.engine.training.cases import OPTIMISERS, RECIPE, images, network
from tests.engine.training.test_loop import assert_same, run


def test_an_epochs_draws_are_those_of_its_batches_one_after_the_other() -> None:
    drawn = epoch_draws(72, RECIPE.model_copy(update={"crop_padding": 2}), 5, 3)
    assert drawn.dtype == torch.int64 and drawn.shape == (4, 72)
    assert torch.equal(drawn[0], torch.randperm(72, generator=stream(5, "order", 3)))
    augment = stream(5, "augment", 3)
    for batch in drawn[1:].split(16, 1):  # the last is half full
        for row, span in zip(batch, (5, 5, 2), strict=True):
            assert torch.equal(row, torch.randint(span, (len(row),), generator=augment))


class Replayed:
    """Stands for CUDA graphs: recording does nothing, replaying does the work on the tensors that
    the recorded work was given.
    """

    def __init__(self) -> None:
        self.warmed, self.recorded, self.replayed = 0, 0, 0

    def warm(self, work: Callable[[], Tensor]) -> Tensor:
        self.warmed += 1
        return work()

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        self.recorded += 1
        result = torch.full((), torch.nan, dtype=torch.float64)

        def replay() -> None:
            self.replayed += 1
            result.copy_(work())

        return replay, result


def recorded(
    recorder: Any, monkeypatch: pytest.MonkeyPatch, recipe: Recipe = RECIPE
) -> tuple[ResNet, History]:
    monkeypatch.setattr(steps_of, "why_not_captured", lambda state, take: "")
    monkeypatch.setattr(steps_of, "recorder_of", lambda state: recorder)
    found = run(recipe=recipe)
    monkeypatch.undo()
    return found


@pytest.mark.parametrize(
    ("precision", "optimiser"),
    [("f32", OPTIMISERS[0]), ("fp16", OPTIMISERS[0]), ("fp16", OPTIMISERS[1])],
)
def test_recorded_steps_give_the_numbers_of_plain_ones(
    monkeypatch: pytest.MonkeyPatch, precision: str, optimiser: dict[str, Any]
) -> None:
    recipe = RECIPE.model_copy(
        update={"epochs": 5, "precision": precision, "gradient_clip": 1.0, **optimiser}
    )
    recorder = Replayed()
    found = recorded(recorder, monkeypatch, recipe)
    assert_same(found, run(recipe=recipe))
    assert found[1].not_captured == ""
    # of four whole batches, a smaller one and one of test images: three calls each are for real
    assert (recorder.warmed, recorder.recorded, recorder.replayed) == (9, 3, 17 + 2 + 2)


def test_steps_that_cannot_be_recorded_go_on_as_they_are_and_say_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Replayed):
        def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

    found = recorded(Broken(), monkeypatch)
    assert_same(found, run())
    assert found[1].not_captured == (
        "a step could not be recorded as a CUDA graph: "
        "operation not permitted when stream is capturing"
    )
    assert found[1].not_captured in caplog.text


def test_a_step_that_fails_half_way_through_its_recording_leaves_no_scaling_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class HalfWay(Replayed):
        def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
            with monkeypatch.context() as patch:
                patch.delattr(nn.utils, "clip_grad_norm_")  # the gradient is unscaled already
                work()
            raise AssertionError

    recipe = RECIPE.model_copy(update={"precision": "fp16", "gradient_clip": 1.0})
    _, history = recorded(HalfWay(), monkeypatch, recipe)
    assert "clip_grad_norm_" in history.not_captured
    assert len(history.epochs) == RECIPE.epochs


def test_on_a_cpu_nothing_is_recorded() -> None:
    assert run(recipe=RECIPE.model_copy(update={"epochs": 2}))[1].not_captured


class _Small(nn.Module):
    """Takes so many images at once and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.fc = room, nn.Linear(192, 3)

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > self.room and self.training:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")
        logits: Tensor = self.fc(images.flatten(1))
        return logits


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (15, "8 images at a time fit: recipe.micro_batch = 8, .*; recipe.checkpoint_activations"),
        (1, "1 images at a time fit: recipe.micro_batch = 1,"),
        (0, "not even the gradient of one image fits"),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(room: int, said: str) -> None:
    with pytest.raises(torch.OutOfMemoryError, match=rf"(?s)Tried to allocate 20 MiB.*{said}"):
        train(_Small(room), images(), RECIPE, seed=0)
    if room:
        recipe = RECIPE.model_copy(update={"micro_batch": 8 if room > 1 else 1})
        train(_Small(room), images(), recipe, seed=0)


def _shown(made: nn.Module) -> None:
    """Its weights and statistics as tensors without numbers."""
    for name, one in [*made.named_parameters(), *made.named_buffers()]:
        holder, _, own = name.rpartition(".")
        empty: Tensor = torch.empty_like(one)
        if isinstance(one, nn.Parameter):
            empty = nn.Parameter(empty)
        setattr(made.get_submodule(holder), own, empty)


@pytest.mark.parametrize("neuron", ["relu", "lif"])
@pytest.mark.parametrize(
    ("precision", "optimiser"),
    [*((one, OPTIMISERS[0]) for one in ("f32", "bf16", "fp16")), ("fp16", OPTIMISERS[1])],
)
@pytest.mark.parametrize("on_device", [False, True])
def test_no_step_reads_a_number_back(
    neuron: str,
    precision: str,
    on_device: bool,
    optimiser: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which on a GPU is a wait. Of fake tensors no number can be read; the kernels for CPUs, which
    need real ones, are left out, as on a GPU.
    """
    monkeypatch.setattr(channels_last, "fits", lambda *given: False)
    monkeypatch.setattr(lif_layer, "fits_fused_cpu", lambda *given: False)
    recipe = RECIPE.model_copy(update={"gradient_clip": 1.0, "precision": precision, **optimiser})
    made, place = network(neuron), torch.device("cpu")
    monkeypatch.setattr(made, "to", lambda *given, **named: made)  # a fake one stays where it is
    with FakeTensorMode(allow_non_fake_inputs=True):
        _shown(made)
        state = TrainingState(made, recipe, place, precision, last_label=2)
        state.optimiser = optimiser_of(made, recipe, fused=True)
        pixels = torch.empty((72, 3, 8, 8), dtype=torch.uint8)
        labels = torch.empty(72, dtype=torch.int64)
        steps = steps_of.Steps(state, pixels, labels, Normalisation((0.5,) * 3, (0.25,) * 3))
        lr = torch.tensor(0.1) if on_device else 0.1
        for _ in range(2):
            steps.whole(torch.empty((4, 16), dtype=torch.int64), lr)
