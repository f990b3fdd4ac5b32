"""Exhibits under a profile → one plan: grid × seeds, deduplicated by key, ordered by need."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from harness.canonical import fields
from harness.errors import HarnessError
from harness.measures.base import Measure, Side, Training, data_of
from harness.parts.base import Spec
from harness.parts.datasets import Dataset
from harness.parts.networks import Alexnet
from harness.plan.apart import holders, refuse_levelled, refuse_relabelled
from harness.plan.node import Node, nodes_of
from harness.plan.resolve import Setting, resolve, resolve_part
from harness.spec.document import Document
from harness.spec.exhibit import AXES, MANY, Exhibit, field_of, level_of, same_level
from harness.spec.library import Library
from harness.spec.overrides import Override, Selected, override_axes
from harness.words import counted

SHOWN = 3  # fields; more would hide the node behind its settings


@dataclass(frozen=True)
class Point:
    """One combination of axis values and seed under one measure: the specs of the trainings that
    it rests on, the node with its numbers, and the data sets that this reads.
    """

    axes: Mapping[str, Any]  # the varied axes of the exhibit, in the words of its grid
    seed: int
    measure: Measure
    trainings: tuple[Training, ...]
    key: str
    levels: Mapping[str, Any]  # all axes, in the same words; None where it has no such thing
    data: tuple[Dataset, ...] = ()

    @property
    def run(self) -> Training:
        """The first of its trainings: x, where there are two."""
        return self.trainings[0]


@dataclass(frozen=True)
class PlannedExhibit:
    """An exhibit and its points; `overridden` keeps what the user changed by --set, `left_out` the
    points that `only` did not ask for.
    """

    exhibit: Exhibit
    points: tuple[Point, ...]
    nodes: tuple[str, ...]
    overridden: tuple[Override, ...]
    left_out: tuple[Point, ...] = ()
    only: tuple[Selected, ...] = ()

    @property
    def asked(self) -> str:
        """`3 of 18 cells asked for`, seeds and quantities apart; nothing of all of them."""
        if not self.left_out:
            return ""
        here, there = (
            {tuple(map(str, point.axes.values())) for point in points}
            for points in (self.points, self.left_out)
        )
        return f"{len(here)} of {counted(len(here | there), 'cell')} asked for"

    @property
    def index(self) -> tuple[str, ...]:
        """What tells its cells apart, besides the quantity."""
        return (*self.exhibit.varied(), *self.exhibit.added())

    @property
    def held(self) -> dict[str, Any]:
        """The axes that it does not vary, with the level that all of its points have."""
        first, *others = [point.levels for point in self.points] or [{}]
        return {
            axis: level
            for axis, level in first.items()
            if axis not in self.exhibit.varied()
            and level is not None
            and all(levels[axis] == level for levels in others)
        }

    @property
    def data(self) -> tuple[Dataset, ...]:
        """The data sets that its runs read, each once."""
        return tuple(dict.fromkeys(one for point in self.points for one in point.data))

    @property
    def brought(self) -> Alexnet | None:
        """The network that is looked at with weights of a file that the user named."""
        networks = (point.run.network for point in self.points)
        return next((one for one in networks if isinstance(one, Alexnet) and one.given), None)


@dataclass(frozen=True)
class Plan:
    """All exhibits asked for, and each node once, after the nodes that it needs. `passed_over` are
    those that were named and have none of the cells that were asked for.
    """

    exhibits: tuple[PlannedExhibit, ...]
    nodes: Mapping[str, Node]
    passed_over: tuple[str, ...] = ()


def expand(library: Library, names: Sequence[str], setting: Setting) -> Plan:
    """The plan of these exhibits under `setting`. IO: only to know the files that parts rest on.

    Raises:
        HarnessError: an unknown exhibit, or values that make no valid run.
    """
    nodes: dict[str, Node] = {}
    planned = [
        _planned(library.exhibit(name), library.documents[name], setting, nodes)
        for name in dict.fromkeys(names)
    ]
    graph = {key: set(node.inputs.values()) for key, node in nodes.items()}
    order = TopologicalSorter(graph).static_order()
    named = _told_apart(nodes)
    return Plan(tuple(planned), {key: named[key] for key in order})


def _planned(
    exhibit: Exhibit, document: Document, setting: Setting, nodes: dict[str, Node]
) -> PlannedExhibit:
    exhibit = override_axes(exhibit, setting.overrides)
    _require_sane_size(exhibit, document, setting)
    refuse_levelled(exhibit, document, setting)
    typed_at = {one.name: one.where for one in setting.overrides if one.is_axis}
    points: dict[tuple[object, ...], Point] = {}
    mine: dict[str, None] = {}
    for index, combination in _combinations(exhibit, setting):
        places = typed_at | {
            axis: f"{document.fault(('grid', index, axis), '').where}: {axis}"
            for axis in combination.keys() - typed_at.keys()
        }
        axes = exhibit.fixed.axes() | combination
        for number, stated in enumerate(exhibit.measure):
            measure = _of_blocks(stated, axes)
            trainings = _trainings(exhibit, measure, combination, setting, places)
            parts = {
                part: tuple(resolve_part(part, name, axes, setting, places) for name in names)
                for part, names in measure.blocks.items()
            }
            having = {
                axis: holders(axis, measure, trainings, parts)
                for axis in (*AXES, *(name for name in axes if name not in AXES))
                if axis != "seed"
            }
            refuse_relabelled(exhibit, combination, having, setting)
            where = document.fault(("measure", number), "").where
            _require_images(trainings, {**parts, "measure": (measure,)}, where)
            one = {
                part: parts[part][0] for part in parts if isinstance(getattr(measure, part), str)
            }
            run = measure.resolved(trainings, parts | one)
            made = nodes_of(run, measure.label(run))
            nodes |= {node.key: node for node in made}
            mine |= dict.fromkeys(node.key for node in made)
            levels = {axis: _level(axes, axis, found) for axis, found in having.items()}
            varied = {axis: levels.get(axis) for axis in exhibit.varied()}
            seed = _seed(exhibit, combination, setting)
            point = Point(varied, seed, measure, trainings, made[-1].key, levels, data_of(run))
            points.setdefault((*map(str, varied.values()), seed, measure), point)
    _refuse_twins(exhibit, document, points.values(), setting)
    return PlannedExhibit(exhibit, tuple(points.values()), tuple(mine), tuple(setting.overrides))


def _require_images(
    trainings: Iterable[Training], parts: Mapping[str, tuple[Spec, ...]], where: str
) -> None:
    """Raise HarnessError where a part, or the measure, looks at more test images than a data set
    has, if that is known before it is read.
    """
    for part, blocks in parts.items():
        wanted = max(getattr(block, "images", 0) for block in blocks)
        for dataset in (run.dataset for run in trainings):
            if 0 < (has := getattr(dataset, "test_images", 0)) < wanted:
                problem = f"{part} looks at {wanted:,} test images, and {dataset.name} has {has:,}"
                hint = f"lower it in the profile, or with --set {part}.images={has}"
                if part == "measure":
                    hint = "lower its images"
                raise HarnessError(where, problem, hint=hint)


def _refuse_twins(
    exhibit: Exhibit, document: Document, points: Iterable[Point], setting: Setting
) -> None:
    """Raise HarnessError where two values that were typed for an axis, or two of a field that is
    one, come to one run.
    """
    set_at = {axis: f"{document.shown}: {axis}" for axis in exhibit.varied() if axis not in AXES}
    set_at |= {one.name: one.where for one in setting.overrides if one.is_axis}
    first: dict[tuple[Measure, str], Point] = {}
    for point in points:
        twin = first.setdefault((point.measure, point.key), point)
        for axis, where in set_at.items():
            a, b = (each.axes.get(axis) for each in (twin, point))
            if a != b:
                problem = (
                    f"{a} and {b} are the same run in {exhibit.id}, profile {setting.profile.id}"
                )
                raise HarnessError(where, problem, hint="leave one out")


def _require_sane_size(exhibit: Exhibit, document: Document, setting: Setting) -> None:
    """Before the first of them is resolved: grids may each be small, and seeds multiply them."""
    seeds = len(setting.seeds_of(exhibit.id))
    grids = sum(grid.points * (1 if grid.seed else seeds) for grid in exhibit.grid)
    points = len(exhibit.measure) * grids
    if points > MANY:
        problem = f"{points:,} points with the seeds of profile {setting.profile.id}"
        hint = f"at most {MANY:,} make sense"
        raise HarnessError(document.fault(("grid",), "").where, problem, hint=hint)


def _trainings(
    exhibit: Exhibit,
    measure: Measure,
    combination: Mapping[str, Any],
    setting: Setting,
    places: Mapping[str, str],
) -> tuple[Training, ...]:
    """The trainings that a measure needs at one combination of axes, one for each of its sides."""
    axes = exhibit.fixed.axes() | dict(combination)
    seed = _seed(exhibit, combination, setting)

    def of(side: Side) -> Training:
        here = axes | side.axes | {"seed": seed + side.seed}
        made = resolve(here, setting, scaled=not measure.at_published_size, places=places)
        if side.epoch:
            _require_epoch(side.epoch, made, setting)
        return made

    return tuple(map(of, measure.sides))


def _require_epoch(wanted: str, made: Training, setting: Setting) -> None:
    """Raise HarnessError where a network has no weights of the epoch that a side names, or where
    all that were typed for have them.
    """
    typed = next((one for one in setting.overrides if one.name == "recipe.kept_epoch"), None)
    if typed is not None:
        hint = "a row of this exhibit has the other choice already"
        raise HarnessError(typed.where, "a measure names the epoch of its weights", hint=hint)
    if made.recipe.kept_epoch != wanted:
        problem = f"{made.label} has no {wanted} epoch, since no epoch trains it here"
        raise HarnessError("measure: epoch", problem, hint="leave `epoch` out for it")


def _seed(exhibit: Exhibit, combination: Mapping[str, Any], setting: Setting) -> int:
    """The seed of a point; that of a side may lie above it."""
    said = combination.get("seed", exhibit.fixed.seed)
    return setting.profile.seeds[0] if said is None else int(said)


def _combinations(exhibit: Exhibit, setting: Setting) -> Iterable[tuple[int, dict[str, Any]]]:
    """Each grid's index with each combination of its axes and the seeds in force."""
    for index, grid in enumerate(exhibit.grid):
        axes = grid.axes()
        if "seed" not in axes and "seed" not in exhibit.fixed.axes():
            seeds = setting.seeds_of(exhibit.id)
            axes["seed"] = seeds[:1] if exhibit.at_published_size else seeds
        for values in itertools.product(*axes.values()):
            yield index, dict(zip(axes, values, strict=True))


def _of_blocks(measure: Measure, axes: Mapping[str, Any]) -> Measure:
    """The measure with the blocks that an axis puts in place of those that it names."""
    own = {
        part: axes[part] if isinstance(getattr(measure, part), str) else (axes[part],)
        for part in measure.blocks
        if part in axes
    }
    return measure.model_copy(update=own) if own else measure


def _level(axes: Mapping[str, Any], axis: str, having: Sequence[Any]) -> Any:
    """The level of an axis at a point: a block as the exhibit calls it, else what the run resolved
    it to; None where nothing has such a thing, as a ReLU has no time steps.
    """
    if not having:
        return None
    name = field_of(axis).partition(".")[2]
    return level_of(axis, getattr(having[0], name) if name else axes.get(axis))


def _told_apart(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes by key; where several have one label, all but the first of them say in which
    fields they depart from it, as the variants of an ablation do.
    """
    first: dict[str, Node] = {}
    found = {}
    for key, node in nodes.items():
        reference = first.setdefault(node.label, node)
        found[key] = node if node is reference else _departing(node, reference)
    return found


def _departing(node: Node, reference: Node) -> Node:
    known = fields(reference.spec)
    said = [
        f"{name} {text}".replace('"', "")
        for name, text in fields(node.spec).items()
        if known.get(name) != text
    ]
    more = ["…"] if len(said) > SHOWN else []
    return replace(node, label=", ".join((node.label, *said[:SHOWN], *more)))


def refuse_idle(plan: Plan, setting: Setting) -> None:
    """Raise HarnessError where what was typed changes nothing in any run of the plan."""
    read = (data for one in plan.exhibits for data in one.data)
    if setting.repacked and not any(data.is_repacked for data in read):
        problem = "the data folder holds no repacked CIFAR set for these exhibits"
        hint = "name the folder above that of the set with --data-dir, or leave the flag out"
        raise HarnessError("--repacked-data", problem, hint=hint)
    for override in setting.overrides:
        if not _changes(plan, override):
            problem = "changes nothing: no run of these exhibits has such a field, or uses it"
            raise HarnessError(
                override.where, problem, hint="harness plan --json shows their specs"
            )


def _changes(plan: Plan, override: Override) -> bool:
    """Whether some run has each value that was typed; seed and arithmetic may be chosen for what
    has none. A recipe has no number that plays no part in it, whatever is typed.
    """
    part, _, name = field_of(override.name).partition(".")
    if part in ("seed", "numerics"):
        return True
    if override.is_axis:
        points = [point for one in plan.exhibits for point in one.points]
        levels = {level for p in points if (level := p.levels.get(override.name)) is not None}
        typed = (level_of(override.name, value) for value in override.values)
        return all(any(same_level(level, one) for level in levels) for one in typed)
    said = (getattr(node.full, part, None) for node in plan.nodes.values())
    parts = (one for some in said for one in (some if isinstance(some, tuple) else (some,)))
    having = [one for one in parts if isinstance(one, Spec) and name in type(one).model_fields]
    found = [getattr(one, name) for one in having]
    (value,) = override.values
    return any(isinstance(one, Spec) or one == value for one in found)
