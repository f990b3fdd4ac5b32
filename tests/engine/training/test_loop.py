"""Training: it learns, repeats itself, resumes, and says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.data.augment import crop_flip, draw
from harness.engine.networks import ResNet
from harness.engine.randomness import stream
from harness.engine.training import (
    Diverged,
    Epoch,
    History,
    Normalisation,
    Recipe,
    accuracy,
    loop,
    train,
)
from harness.errors import HarnessError
from tests.engine.training.cases import OPTIMISERS, RECIPE, images, network


def run(
    neuron: str = "lif", recipe: Recipe = RECIPE, seed: int = 0, **choice: Any
) -> tuple[ResNet, History]:
    made = network(neuron, seed)
    return made, train(made, images(), recipe, seed=seed, **choice)


def numbers(history: History) -> list[tuple[float, ...]]:
    """Everything but the clock."""
    return [
        (row.epoch, row.train_loss, row.train_accuracy, row.test_accuracy, row.lr)
        for row in history.epochs
    ]


def assert_same(one: tuple[ResNet, History], other: tuple[ResNet, History]) -> None:
    assert numbers(one[1]) == numbers(other[1])
    weights = other[0].state_dict()
    for name, tensor in one[0].state_dict().items():
        assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_mode_without_gradients_changes_nothing(mode: Any) -> None:
    recipe, made = RECIPE.model_copy(update={"epochs": 2}), network("lif", 0)
    with mode():
        history = train(made, images(), recipe, seed=0)
    assert_same((made, history), run(recipe=recipe))


@pytest.mark.parametrize("neuron", ["relu", "lif"])
def test_it_learns(neuron: str) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 10, "flip": False, "crop_padding": 0})
    _, history = run(neuron, recipe)
    assert history.best_accuracy > 80.0  # chance is 33
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    assert [row.epoch for row in history.epochs] == list(range(10))


@pytest.mark.parametrize(
    "choice",
    [
        {"recipe": RECIPE.model_copy(update={"precision": "bf16"})},
        {"recipe": RECIPE.model_copy(update={"precision": "fp16"})},
        {"deterministic": False},
        {
            "recipe": RECIPE.model_copy(
                update={"schedule": "cosine", "nesterov": True, "momentum": 0.8}
            )
        },
        {
            "recipe": RECIPE.model_copy(
                update={"label_smoothing": 0.1, "gradient_clip": 1.0, "momentum": 0.0}
            )
        },
        {"recipe": RECIPE.model_copy(update=OPTIMISERS[1])},
        {"normalisation": Normalisation((0.5,) * 3, (0.25,) * 3)},
    ],
    ids=str,
)
def test_two_runs_are_equal_and_every_setting_matters(choice: dict[str, Any]) -> None:
    once = run(**choice)
    assert_same(once, run(**choice))
    if choice != {"deterministic": False}:
        assert numbers(once[1]) != numbers(run()[1])


def test_seed_order_and_augmentation_matter() -> None:
    plain = numbers(run()[1])
    assert numbers(run(seed=1)[1]) != plain
    assert numbers(run(recipe=RECIPE.model_copy(update={"flip": False}))[1]) != plain
    assert numbers(run(recipe=RECIPE.model_copy(update={"crop_padding": 0}))[1]) != plain


def test_each_epoch_has_the_order_and_the_crops_of_its_streams() -> None:
    made, seen = network(), []
    made.register_forward_pre_hook(
        lambda layer, inputs: seen.append(inputs[0]) if layer.training else None
    )
    history = train(made, images(), RECIPE.model_copy(update={"batch": 72}), seed=5)
    assert len(seen) == RECIPE.epochs
    for epoch, inputs in enumerate(seen):
        order = torch.randperm(72, generator=stream(5, "order", epoch))
        drawn = draw(72, 1, stream(5, "augment", epoch))
        pixels = crop_flip(images().train_images[order], drawn, padding=1, flip=True)
        assert torch.equal(inputs, history.normalisation(pixels))


class Interrupted(Exception):
    """Stands for Ctrl-C, SIGTERM or kill -9."""


def test_the_weights_of_the_best_epoch_are_kept_also_of_one_before_an_interruption(
    tmp_path: Path,
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 6, "lr": 0.4, "warmup_epochs": 0})
    best = recipe.model_copy(update={"kept_epoch": "best"})
    made, after, path = network(), [], tmp_path / "state"

    def seen(row: Epoch) -> None:
        after.append({name: one.clone() for name, one in made.state_dict().items()})

    last = made, train(made, images(), recipe, seed=0, report=seen)
    accuracies = [row.test_accuracy for row in last[1].epochs]
    chosen = accuracies.index(max(accuracies))
    assert 0 < chosen < 4, "this recipe is to be best in between"

    def interrupt(row: Epoch) -> None:
        if row.epoch == chosen + 1:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(recipe=best, checkpoint=path, report=interrupt)
    for kept in (run(recipe=best), run(recipe=best, checkpoint=path)):
        assert numbers(kept[1]) == numbers(last[1])
        for name, one in kept[0].state_dict().items():
            assert torch.equal(one, after[chosen][name]), name
        found = accuracy(kept[0], *images().split("test"), kept[1].normalisation)
        assert found == kept[1].best_accuracy


@pytest.mark.parametrize(
    ("precision", "optimiser"),
    [("f32", OPTIMISERS[0]), ("fp16", OPTIMISERS[0]), ("fp16", OPTIMISERS[1])],
)
def test_a_run_that_stops_after_any_epoch_ends_as_an_undisturbed_one(
    tmp_path: Path, precision: str, optimiser: dict[str, Any]
) -> None:
    recipe = RECIPE.model_copy(update={"precision": precision, **optimiser})
    undisturbed = run(recipe=recipe)
    for stop in range(RECIPE.epochs):
        path = tmp_path / f"{stop}.safetensors"

        def interrupt(row: Epoch, stop: int = stop) -> None:
            if row.epoch == stop:
                raise Interrupted

        with pytest.raises(Interrupted):
            run(recipe=recipe, checkpoint=path, report=interrupt)
        resumed = run(recipe=recipe, checkpoint=path)
        assert resumed[1].resumed_from == stop + 1
        assert_same(resumed, undisturbed)


def test_a_run_that_stops_inside_an_epoch_does_that_epoch_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, made = tmp_path / "state", network()
    calls = 0

    def interrupt(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 8:  # five steps an epoch: the third of the second epoch
            raise Interrupted

    made.register_forward_pre_hook(lambda layer, inputs: interrupt() if layer.training else None)
    with pytest.raises(Interrupted):
        train(made, images(), RECIPE, seed=0, checkpoint=path)
    resumed = run(checkpoint=path)
    assert resumed[1].resumed_from == 1
    assert_same(resumed, run())


def untrained(recipe: Recipe, neuron: str = "lif") -> tuple[ResNet, History]:
    return run(neuron, recipe.model_copy(update={"epochs": 0, "warmup_epochs": 0}))


@pytest.mark.parametrize("neuron", ["relu", "lif"])
def test_without_epochs_the_weights_stay_and_the_norms_are_those_of_the_images(neuron: str) -> None:
    made, history = untrained(RECIPE, neuron)
    fresh = network(neuron, 0)
    for name, one in fresh.named_parameters():
        assert torch.equal(one, made.get_parameter(name)), name
    assert history.epochs == () and history.best_epoch == -1
    scale = history.normalisation
    right = accuracy(made, images().test_images, images().test_labels, scale)
    assert history.best_accuracy == history.last_accuracy == right
    currents = fresh.conv1(scale(images().train_images)).double()  # one batch of them, by hand
    currents = torch.cat([currents] * (2 if neuron == "lif" else 1))  # at each time step
    torch.testing.assert_close(made.bn1.running_mean.double(), currents.mean((0, 2, 3)))
    whole, _ = untrained(RECIPE.model_copy(update={"batch": 72}), neuron)
    torch.testing.assert_close(whole.bn1.running_var.double(), currents.var((0, 2, 3)))
    assert made.bn1.momentum == fresh.bn1.momentum
    assert_same((made, history), untrained(RECIPE, neuron))


def test_the_norms_of_an_untrained_network_may_stay_as_they_are() -> None:
    made, _ = untrained(RECIPE.model_copy(update={"untrained_norm": "initial"}))
    for name, one in network("lif", 0).state_dict().items():
        assert torch.equal(one, made.state_dict()[name]), name


def test_a_finished_run_is_read_back_without_training(tmp_path: Path) -> None:
    path, again = tmp_path / "state", []
    first = run(checkpoint=path)
    second = run(checkpoint=path, report=again.append)
    assert not again and second[1].resumed_from == RECIPE.epochs
    assert second[1].epochs == first[1].epochs  # clock included
    assert_same(first, second)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"recipe": RECIPE.model_copy(update={"lr": 0.04})},
        {"neuron": "relu"},
        {"recipe": RECIPE.model_copy(update={"precision": "bf16"})},
        {"deterministic": False},
    ],
    ids=str,
)
def test_another_runs_checkpoint_is_discarded_with_the_reason(
    tmp_path: Path, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state"
    run(checkpoint=path)
    _, history = run(**change, checkpoint=path)
    assert history.resumed_from == 0 and len(history.epochs) == RECIPE.epochs
    assert "another network, recipe, seed or data" in history.discarded_checkpoint
    assert history.discarded_checkpoint in caplog.text
    assert run(**change, checkpoint=path)[1].resumed_from == RECIPE.epochs


def test_a_damaged_checkpoint_is_discarded_and_the_run_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "state"
    run(checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    again = run(checkpoint=path)
    assert "cannot be read" in again[1].discarded_checkpoint
    assert_same(again, run())


def test_a_run_that_must_resume_never_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with pytest.raises(HarnessError, match="there is no checkpoint to go on from"):
        run(checkpoint=path, must_resume=True)
    first = run(checkpoint=path)
    assert_same(first, run(checkpoint=path, must_resume=True))
    with pytest.raises(HarnessError, match="another network, recipe, seed or data"):
        run(checkpoint=path, must_resume=True, seed=1)
    assert_same(first, run(checkpoint=path, must_resume=True))  # it was left as it is


def test_divergence_names_epoch_and_step_and_keeps_the_last_good_checkpoint(
    tmp_path: Path,
) -> None:
    path, made = tmp_path / "state", network("relu")
    calls = 0

    def poison(*_: object) -> None:
        nonlocal calls
        calls += made.training
        if calls == 8:
            made.fc.weight.data.fill_(float("inf"))

    made.conv1.register_forward_pre_hook(poison)
    with pytest.raises(Diverged) as caught:
        train(made, images(), RECIPE, seed=0, checkpoint=path)
    assert (caught.value.epoch, caught.value.step) == (1, 2)
    assert run("relu", checkpoint=path)[1].resumed_from == 1


def test_nothing_global_is_left_behind() -> None:
    generator = torch.random.get_rng_state()
    run(recipe=RECIPE.model_copy(update={"precision": "bf16"}))
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.is_autocast_enabled("cpu")


def test_an_unknown_precision_is_refused_before_any_work() -> None:
    with pytest.raises(HarnessError, match="recipe precision"):
        Recipe(precision="f23")  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "written"), [(10.0, [1, 3]), (0.0, [1, 2, 3])])
def test_checkpoints_are_at_most_every_ten_seconds_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, written: list[int]
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(loop, "CHECKPOINT_S", seconds)
    monkeypatch.setattr(loop.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(loop, "save", lambda path, one: saved.append(len(one.epochs)))
    run(checkpoint=tmp_path / "state")
    assert saved == written


def test_what_is_not_written_yet_is_written_when_a_run_is_stopped(tmp_path: Path) -> None:
    path, made, calls = tmp_path / "state", network(), [0]

    def interrupt(*_: object) -> None:
        calls[0] += made.training
        if calls[0] == 13:  # five steps an epoch: the third of the third epoch
            raise KeyboardInterrupt

    made.register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(made, images(), RECIPE, seed=0, checkpoint=path)
    resumed = run(checkpoint=path)
    assert resumed[1].resumed_from == 2
    assert_same(resumed, run())
