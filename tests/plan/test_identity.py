"""Identity is opt-out: every field of every spec changes the key, unless marked as presentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.layout import layout
from harness.measures.base import Training
from harness.parts.base import LATER, PRESENTATION, identity
from harness.plan.expand import expand
from harness.plan.node import node_of
from harness.plan.resolve import Setting
from harness.spec.library import load

LATER_OF_RECIPES = ("optimizer", "betas", "eps", "untrained_norm", "kept_epoch")


def trainings() -> list[Training]:
    """One ANN and one SNN on embedded images, one of each on CIFAR."""
    library = load(layout())
    found = []
    for profile in ("smoke", "paper"):
        setting = Setting(library.blocks, library.profile(profile))
        points = expand(library, ("table1",), setting).exhibits[0].points
        found += [points[0].run, points[5].run]
    assert {(run.neuron.kind, run.dataset.kind) for run in found} == {
        (neuron, data) for neuron in ("relu", "lif") for data in ("cifar", "digits_on_photos")
    }
    return found


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def other(value: Any) -> Any:
    """A value of the same JSON type that is not this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return ["something"]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    here = copy
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = new
    return copy


@pytest.mark.parametrize(
    "run", trainings(), ids=lambda run: f"{run.neuron.kind}-{run.dataset.kind}"
)
def test_every_leaf_of_a_training_is_part_of_its_key(run: Training) -> None:
    said = identity(run)
    key = node_of(run, "").key
    from harness.canonical import identity_key

    checked = 0
    for path, value in leaves(said):
        changed = replaced(said, path, other(value))
        assert identity_key("train", 1, changed, {}) != key, path
        checked += 1
    assert checked > 25


@pytest.mark.parametrize(
    "run", trainings(), ids=lambda run: f"{run.neuron.kind}-{run.dataset.kind}"
)
def test_only_marked_fields_stay_out_of_the_key(run: Training) -> None:
    full, said = json.loads(run.model_dump_json()), identity(run)
    left_out = set()
    for part in ("dataset", "network", "neuron", "recipe", "numerics"):
        left_out |= {f"{part}.{name}" for name in full[part].keys() - said[part].keys()}
    marked = set()
    for part in ("dataset", "network", "neuron", "recipe", "numerics"):
        for name, field in type(getattr(run, part)).model_fields.items():
            later = LATER in field.metadata and getattr(getattr(run, part), name) == field.default
            if PRESENTATION in field.metadata or later:
                marked.add(f"{part}.{name}")
    assert left_out == marked
    # the list is pinned: a field that leaves the key must be argued for
    assert marked <= {
        "dataset.deviations",
        "dataset.mirrors",
        "dataset.archive_bytes",
        "network.deviations",
        "neuron.deviations",
        "numerics.float32",
        *(f"recipe.{name}" for name in LATER_OF_RECIPES),
    }


def test_a_presentation_field_leaves_the_key_alone() -> None:
    run = trainings()[2]
    moved = run.dataset.model_copy(update={"mirrors": ("https://example.org/cifar.tar.gz",)})
    assert node_of(run.model_copy(update={"dataset": moved}), "").key == (node_of(run, "").key)


def test_revision_and_inputs_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainings()[0]
    key = node_of(run, "").key
    assert node_of(run, "", {"ann": "0" * 64}).key != key
    monkeypatch.setattr(Training, "revision", 10**6)
    assert node_of(run, "").key != key


def test_a_later_field_enters_the_key_with_its_first_other_value() -> None:
    run = next(run for run in trainings() if run.numerics.device == "cpu")
    said = identity(run)
    assert "float32" not in said["numerics"]
    numerics = run.numerics.model_copy(update={"float32": "tf32"})
    other = identity(run.model_copy(update={"numerics": numerics}))
    assert other["numerics"] == {**said["numerics"], "float32": "tf32"}
    assert identity(Training.model_validate_json(json.dumps(said))) == said
