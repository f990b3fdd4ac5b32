"""What is known of a training by its settings, and when an epoch is not like it."""

from __future__ import annotations

import math

import pytest

from harness.parts.base import identity
from harness.plan.course import Band, epochs_of, outside, settings_of
from tests.synthetic import plan

BAND = Band(10, "test_accuracy", 61.2, 74.9, 68.0, 1.5, 5)


@pytest.mark.parametrize(
    ("schedule", "held"),
    [(300, [10, 50, 100, 200]), (5, [1, 2, 4]), (2, [1]), (1, []), (0, []), (6, [1, 2, 4])],
)
def test_a_schedule_is_held_early_and_as_often_at_any_length(
    schedule: int, held: list[int]
) -> None:
    assert epochs_of(schedule) == held


@pytest.mark.parametrize(
    ("epoch", "accuracy", "told"),
    [
        (10, 68.0, []),
        (10, 61.2, []),
        (9, 10.0, []),
        (10, 10.0, ["10.0 %"]),
        (10, 80.0, ["80.0 %"]),
        (10, math.nan, ["is no number"]),
    ],
)
def test_an_epoch_outside_is_told(epoch: int, accuracy: float, told: list[str]) -> None:
    where = "after epoch 10, outside of 61.2 … 74.9 % (5 seeds)"
    wanted = [f"accuracy on the test set {one} {where}" for one in told]
    assert list(outside([BAND], epoch, {"test_accuracy": accuracy})) == wanted


def test_what_a_run_does_not_tell_is_not_held() -> None:
    assert list(outside([BAND], 10, {})) == []


def settings(*overrides: str, neuron: str = "lif") -> set[str]:
    made = plan("fig8", profile="smoke", overrides=("depth=20", f"neuron={neuron}", *overrides))
    return {settings_of(node.spec) for node in made.nodes.values() if node.kind == "train"}


def test_seeds_and_the_machine_make_further_samples_of_the_same() -> None:
    (one,) = settings("width=1")
    assert settings("width=1", "seed=3..5") == {one}
    assert settings("width=1", "numerics.threads=2") == {one}
    for other in ("recipe.lr=0.3", "recipe.epochs=6", "neuron.decay=0.25", "width=2"):
        (found,) = settings(
            *dict.fromkeys(("width=1", other) if "width" not in other else (other,))
        )
        assert found != one


def test_a_node_and_a_point_have_the_same_settings() -> None:
    made = plan("table1", profile="smoke", only=("depth=20", "width=1"))
    points = {point.key: settings_of(identity(point.run)) for point in made.exhibits[0].points}
    assert points == {key: settings_of(node.spec) for key, node in made.nodes.items()}
