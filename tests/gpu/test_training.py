"""Training on a GPU: the CPU's numbers, no wait, the same bits whichever way steps are started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.engine.lif import lif
from harness.engine.networks import alexnet, resnet
from harness.engine.training import Epoch, History, Normalisation, Recipe, train
from harness.engine.training import steps as steps_of
from harness.engine.training.numerics import Float32, determinism, float32_products
from harness.engine.training.state import TrainingState
from harness.engine.training.steps import Steps
from tests.engine.training.cases import OPTIMISERS, RECIPE, images, network
from tests.engine.training.test_loop import assert_same, numbers

DEVICE = os.environ.get("CARD", "cuda")
SCALE = Normalisation((0.5,) * 3, (0.25,) * 3)
a_card = pytest.mark.skipif(DEVICE == "cpu", reason="CARD=cpu: a CPU has none of it")
NEURONS = pytest.mark.parametrize("neuron", ["relu", "lif"])
PRECISIONS = pytest.mark.parametrize("precision", ["f32", "bf16", "fp16"])


def run(recipe: Recipe, neuron: str = "lif", **choice: Any) -> tuple[nn.Module, History]:
    made = network(neuron)
    return made, train(made, images(), recipe, seed=0, device=DEVICE, **choice)


def started_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_of, "why_not_captured", lambda state, take: "the test wants it so")


@contextmanager
def no_wait() -> Iterator[None]:
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize(
    ("neuron", "dtype", "error"), [("relu", torch.float32, 1e-4), ("lif", torch.float64, 1e-9)]
)
def test_a_step_is_the_cpus(neuron: str, dtype: torch.dtype, error: float) -> None:
    """In float64 for spikes, whose first difference would be a whole one."""
    recipe = Recipe(lr=0.1, gradient_clip=1.0, label_smoothing=0.1, nesterov=True)
    inputs = SCALE(images().train_images[:16]).to(dtype)
    found: list[dict[str, Tensor]] = []
    with float32_products("ieee"), determinism(True):
        for device in ("cpu", DEVICE):
            state = TrainingState(network(neuron).to(dtype), recipe, torch.device(device), "f32")
            for lr in (0.1, 0.05):
                loss, right = state.step(
                    inputs.to(device), images().train_labels[:16].to(device), lr
                )
            values = {name: one.cpu() for name, one in state.network.state_dict().items()}
            found.append({**values, "loss": loss.cpu(), "right": right.cpu()})
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=error, atol=error, msg=name)


def test_spikes_of_small_integers_are_the_cpus_bit_for_bit() -> None:
    """Sums of small integers and halves are exact in any order."""
    draw = torch.Generator().manual_seed(0)
    weight = torch.randint(-2, 3, (8, 3, 3, 3), generator=draw).float()
    pixels = torch.randint(0, 3, (32, 3, 8, 8), generator=draw).float()
    spikes = []
    for device in ("cpu", DEVICE):
        current = nn.functional.conv2d(pixels.to(device), weight.to(device), padding=1)
        current = current.view(4, 8, 8, 8, 8)
        made = lif(current, decay=0.5, threshold=2.0, surrogate="rectangle")
        spikes.append(made.cpu())
    assert torch.equal(*spikes)
    assert 0.05 < spikes[0].mean() < 0.95


@a_card
@NEURONS
@PRECISIONS
@pytest.mark.parametrize("one_by_one", [True, False])
def test_no_step_and_no_test_batch_waits_for_the_device(
    neuron: str, precision: str, one_by_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if one_by_one:
        started_one_by_one(monkeypatch)
    recipe = RECIPE.model_copy(update={"epochs": 9, "gradient_clip": 1.0})
    place = torch.device(DEVICE)
    state = TrainingState(network(neuron), recipe, place, precision, last_label=2)
    pixels, labels = (one.to(place) for one in images().split("train"))
    steps = Steps(state, pixels, labels, SCALE)
    with determinism(False):
        for epoch in range(5):  # compiles, records
            steps.epoch(0, epoch)
        with no_wait():
            losses, right = steps.epoch(0, 5)
    assert bool(steps.not_captured) is one_by_one
    assert losses.isfinite().all() and 0 < right.item() <= 72


@a_card
@NEURONS
@PRECISIONS
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_recorded_steps_are_plain_ones_bit_for_bit(
    neuron: str, precision: str, optimiser: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 6, "precision": precision, **optimiser})
    recorded = run(recipe, neuron)
    assert recorded[1].not_captured == ""
    started_one_by_one(monkeypatch)
    plain = run(recipe, neuron)
    assert plain[1].not_captured
    assert_same(recorded, plain)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["f32", "fp16"])
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_a_resumed_run_ends_as_an_undisturbed_one(
    tmp_path: Path, precision: str, optimiser: dict[str, Any]
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 6, "precision": precision, **optimiser})
    undisturbed = run(recipe)
    for stop in (0, 4):
        path = tmp_path / f"{stop}.safetensors"

        def interrupt(row: Epoch, stop: int = stop) -> None:
            if row.epoch == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(recipe, checkpoint=path, report=interrupt)
        resumed = run(recipe, checkpoint=path)
        assert resumed[1].resumed_from == stop + 1
        assert_same(resumed, undisturbed)  # type: ignore[arg-type]


def test_it_learns_as_on_the_cpu() -> None:
    recipe = RECIPE.model_copy(update={"epochs": 10, "flip": False, "crop_padding": 0})
    assert run(recipe)[1].best_accuracy > 80.0  # chance is 33


def test_alexnet_trains_with_the_same_bits_each_time() -> None:
    recipe = RECIPE.model_copy(update={"epochs": 2, "lr": 0.001})
    found = []
    for _ in range(2):
        made = alexnet(head="linear", classes=3, enlarge=8)
        found.append(numbers(train(made, images(), recipe, seed=0, device=DEVICE)))
    assert found[0] == found[1]


@a_card
@pytest.mark.parametrize(("how", "low", "high"), [("ieee", 0.0, 2e-6), ("tf32", 2e-5, 2e-3)])
def test_products_of_float32_are_as_asked_for(how: Float32, low: float, high: float) -> None:
    """Relative error of a convolution and of a matrix product against float64."""
    if how == "tf32" and torch.cuda.get_device_capability() < (8, 0):
        pytest.skip("this GPU has no TF32")
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randn(64, 64, 16, 16, generator=draw).to(DEVICE)
    weight = torch.randn(64, 64, 3, 3, generator=draw).to(DEVICE)
    with float32_products(how):
        found = nn.functional.conv2d(pixels, weight), weight.flatten(1).T @ weight.flatten(1)
    wide = weight.double()
    exact = nn.functional.conv2d(pixels.double(), wide), wide.flatten(1).T @ wide.flatten(1)
    for ours, theirs in zip(found, exact, strict=True):
        error = float((ours.double() - theirs).norm() / theirs.norm())
        assert low <= error <= high


@a_card
def test_what_does_not_fit_is_told_with_what_would() -> None:
    """In a twentieth of the memory, with images enough to need several of them."""
    room = 0.05 * torch.cuda.get_device_properties(0).total_memory
    recipe = Recipe(epochs=1, batch=int(room / 2**20), lr=0.01, checkpoint_activations=False)
    data = images(train=recipe.batch)
    made = resnet(20, base_width=64, neuron="lif", time_steps=4, classes=3)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.05)
    try:
        with pytest.raises(torch.OutOfMemoryError, match=r"recipe\.micro_batch = ") as caught:
            train(made, data, recipe, seed=0, device=DEVICE)
        fits = int(str(caught.value).rpartition("recipe.micro_batch = ")[2].partition(",")[0])
        assert 0 < fits < recipe.batch
        made = resnet(20, base_width=64, neuron="lif", time_steps=4, classes=3)
        smaller = recipe.model_copy(update={"micro_batch": fits})
        train(made, data, smaller, seed=0, device=DEVICE)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
