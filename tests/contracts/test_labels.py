"""A row is what it is called: whatever is typed, and under every profile, its label is the value of
the run behind it, read from the resolved spec.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from harness.errors import HarnessError
from harness.layout import layout
from harness.plan.expand import Plan, Point, expand, refuse_idle
from harness.plan.resolve import Setting
from harness.spec.blocks import Recipes
from harness.spec.exhibit import level_of
from harness.spec.library import Library, load
from harness.spec.overrides import Override
from harness.spec.parts import known_fields

LIBRARY = load(layout())
PROFILES = tuple(LIBRARY.profiles)
TYPED: Mapping[str, tuple[str, object]] = {
    "network.depth": ("depth", 8),
    "network.width": ("width", 3),
    "network.stages_without_shortcut": ("stages_without_shortcut", (2,)),
    "network.one_step_stages": ("one_step_stages", (2,)),
    "neuron.time_steps": ("time_steps", 3),
}
"""Field of a run → the axis that it lies behind, and a value."""

NAMED = (
    "network",
    "neuron",
    "dataset",
    "recipe",
    "cka",
    "attack",
    "probe",
    "regression",
    "activation_maximisation",
)


def shown(value: object) -> object:
    """A value of a run in the words of a row."""
    if isinstance(value, tuple):
        return "-".join(("stage", *map(str, value))) if value else "no-stage"
    return value


def true_labels(point: Point) -> Iterator[tuple[str, object, list[object]]]:
    """Axis, label, and what the runs behind it hold."""
    for path, (axis, _) in TYPED.items():
        if axis in point.axes:
            part, _, name = path.partition(".")
            held = [getattr(getattr(run, part), name, None) for run in point.trainings]
            yield axis, point.axes[axis], [shown(one) for one in held]


def points_of(
    name: str, setting: Setting, library: Library = LIBRARY
) -> tuple[Point, ...] | HarnessError:
    try:
        return expand(library, (name,), setting).exhibits[0].points
    except HarnessError as refused:
        return refused


def require_true(name: str, setting: Setting) -> tuple[Point, ...] | HarnessError:
    found = points_of(name, setting)
    for point in found if isinstance(found, tuple) else ():
        for axis, label, held in true_labels(point):
            known = [one for one in held if one is not None] or [None]
            assert known == [label] * len(known), (name, axis, label, held)
    return found


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("path", TYPED)
def test_a_field_behind_an_axis_never_parts_a_row_from_its_name(path: str, profile: str) -> None:
    axis, value = TYPED[path]
    typed = Override(f"{path}={value}", path, (value,))
    setting = Setting(LIBRARY.blocks, LIBRARY.profiles[profile], (typed,))
    for name, exhibit in LIBRARY.exhibits.items():
        found = require_true(name, setting)
        if axis in exhibit.varied():
            assert isinstance(found, HarnessError), name
            is_no_vgg = "must be 13, 19, 25, 31 or 43" in str(found)
            assert is_no_vgg or f"set the axis: --set {axis}=" in found.hint


@pytest.mark.parametrize("path", TYPED)
def test_what_a_profile_changes_never_parts_a_row_from_its_name(path: str) -> None:
    part, _, name = path.partition(".")
    axis, value = TYPED[path]
    given = list(value) if isinstance(value, tuple) else value
    for profile in LIBRARY.profiles.values():
        also = {**profile.change.get(part, {}), name: given}
        changed = profile.model_copy(update={"change": {**profile.change, part: also}})
        for exhibit in LIBRARY.exhibits:
            found = require_true(exhibit, Setting(LIBRARY.blocks, changed))
            assert isinstance(found, tuple) or axis == "depth", (exhibit, str(found))


@pytest.mark.parametrize("profile", PROFILES)
def test_an_axis_is_what_its_rows_are_called_also_where_nothing_has_it(profile: str) -> None:
    for axis, values in {"depth": (8, 20), "width": (1, 2), "time_steps": (2, 3)}.items():
        typed = Override(f"{axis}=…", axis, values)
        setting = Setting(LIBRARY.blocks, LIBRARY.profiles[profile], (typed,))
        for name in LIBRARY.exhibits:
            found = require_true(name, setting)
            for point in found if isinstance(found, tuple) else ():
                if not any(held for one, _, held in true_labels(point) if one == axis):
                    assert point.axes[axis] is None


def pairs_of(model: type[Any], name: str, value: object) -> list[tuple[object, object]]:
    """Two values that a field may have, tried one pair after the other."""
    if isinstance(value, bool):
        return [(True, False)]
    if isinstance(value, str):
        words = get_args(model.model_fields[name].annotation)
        return list(itertools.pairwise(words))
    if isinstance(value, int | float):
        return [(value, type(value)(value * 2)), (value, type(value)(value / 2)), (value, 1)]
    return []


def holding(plan: Plan, point: Point, path: str) -> list[tuple[type[Any], object]]:
    """The models that have a field, in what is measured at a point, with its value there."""
    part, _, name = path.partition(".")
    runs = [plan.nodes[point.key].full, *point.trainings]
    parts = [getattr(run, part) for run in runs if hasattr(run, part)]
    return [(type(one), getattr(one, name)) for one in parts if name in type(one).model_fields]


@pytest.mark.parametrize("name", ["table2", "fig8", "figA6", "lab-fig1", "lab-fig5"])
def test_any_field_is_an_axis_whose_rows_are_called_by_what_their_runs_have(name: str) -> None:
    """Or is refused: what goes with no other value, and rows that would be one run."""
    setting = Setting(LIBRARY.blocks, LIBRARY.profiles["smoke"])
    plain = expand(LIBRARY, (name,), setting)
    checked = 0
    for path in set(known_fields()) - TYPED.keys():
        held = [one for point in plain.exhibits[0].points for one in holding(plain, point, path)]
        for values in pairs_of(held[0][0], path.partition(".")[2], held[0][1]) if held else ():
            typed = Override(f"{path}=…", path, values)
            try:
                plan = expand(LIBRARY, (name,), replace(setting, overrides=(typed,)))
                refuse_idle(plan, replace(setting, overrides=(typed,)))
            except HarnessError:
                continue
            for point in plan.exhibits[0].points:
                labels = {level_of(path, value) for _, value in holding(plan, point, path)}
                assert labels in ({point.axes[path]}, set()), (path, values)
                assert labels or point.axes[path] is None, (path, values)
            assert len({point.axes[path] for point in plan.exhibits[0].points} - {None}) == 2
            assert twins(plan.exhibits[0].points) == set()
            checked += 1
            break
    assert checked > 25


def twins(found: tuple[Point, ...]) -> set[frozenset[str]]:
    """Rows of different names that hold the same run."""
    named: dict[str, set[str]] = {}
    for point in found:
        levels = [*point.axes.values(), point.measure.model_dump_json()]
        named.setdefault(point.key, set()).add(repr(levels))
    return {frozenset(names) for names in named.values() if len(names) > 1}


def values_of(path: str) -> list[object]:
    """What the blocks of a part hold in one field, where they differ."""
    part, _, name = path.partition(".")
    blocks: list[Any] = []
    for block in getattr(LIBRARY.blocks, part).blocks.values():
        blocks += [block.ann, block.snn] if isinstance(block, Recipes) else [block]
    found = [getattr(one, name) for one in blocks if name in type(one).model_fields]
    plain = [one for one in found if isinstance(one, int | float | str)]
    known = list(dict.fromkeys(plain))
    return known if len(plain) == len(found) and len(known) > 1 else []


def test_a_field_in_which_blocks_differ_never_makes_two_rows_one_run() -> None:
    setting = Setting(LIBRARY.blocks, LIBRARY.profiles["paper"])
    refused = 0
    for name in ("ablation", "ablation-cka", "lab-fig1", "figC2"):
        before = points_of(name, setting)
        assert isinstance(before, tuple)
        for path in known_fields():
            for value in values_of(path) if path.partition(".")[0] in NAMED else ():
                typed = Override(f"{path}={value}", path, (value,))
                found = points_of(name, replace(setting, overrides=(typed,)))
                if isinstance(found, tuple):
                    assert twins(found) == twins(before), (name, path, value)
                else:
                    refused += 1
    assert refused > 10


def test_which_rows_are_one_run_under_a_short_profile_is_said_in_their_notes() -> None:
    for profile in LIBRARY.profiles.values():
        for name, exhibit in LIBRARY.exhibits.items():
            found = points_of(name, Setting(LIBRARY.blocks, profile))
            assert isinstance(found, tuple)
            notes = [note for note in exhibit.notes if "is the same run as" in note]
            said = any(f"under `{profile.id}`" in note for note in notes)
            assert said == bool(twins(found)), (profile.id, name)
