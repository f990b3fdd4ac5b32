"""`--only depth=20`: some cells of exhibits, as they are; the others are not asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.errors import HarnessError
from harness.parts.base import suggestion
from harness.plan.expand import Plan, PlannedExhibit, Point
from harness.spec.exhibit import field_of, same_level
from harness.spec.overrides import Selected

SHOWN = 12  # levels that a hint lists


def narrowed(plan: Plan, only: Sequence[Selected]) -> Plan:
    """The plan of the cells at these levels, with the exhibits that have some.

    A cell without a level of an axis, as an ANN has no time steps, is asked for where it stands
    beside one that is; an exhibit without the axis has no such cell.

    Raises:
        HarnessError: an axis or a level that no exhibit has, or no cell at all of them.
    """
    if not only:
        return plan
    every = [point for exhibit in plan.exhibits for point in exhibit.points]
    for one in only:
        _require_known(one, every)
    parts = tuple(part for one in plan.exhibits if (part := _part(one, plan, only)).points)
    if not parts:
        typed = " ".join(one.where for one in only)
        names = ", ".join(one.exhibit.id for one in plan.exhibits)
        raise HarnessError(typed, f"no cell of {names} lies there", hint="leave some of it out")
    wanted, there = {key for one in parts for key in one.nodes}, {one.exhibit.id for one in parts}
    nodes = {key: node for key, node in plan.nodes.items() if key in wanted}
    others = (one.exhibit.id for one in plan.exhibits if one.exhibit.id not in there)
    return Plan(parts, nodes, tuple(others))


def _part(planned: PlannedExhibit, plan: Plan, only: Sequence[Selected]) -> PlannedExhibit:
    asked = [*planned.points]
    for one in only:
        there = {_beside(point, one) for point in asked if _lies_at(point, one)}
        asked = [
            point
            for point in asked
            if _lies_at(point, one)
            or (point.levels.get(one.axis) is None and _beside(point, one) in there)
        ]
    kept = {id(point) for point in asked}
    left_out = [point for point in planned.points if id(point) not in kept]
    needed = {key for one in asked for key in (one.key, *plan.nodes[one.key].inputs.values())}
    return replace(
        planned,
        points=tuple(asked),
        nodes=tuple(key for key in planned.nodes if key in needed),
        left_out=tuple(left_out),
        only=tuple(only),
    )


def _lies_at(point: Point, one: Selected) -> bool:
    level = point.levels.get(one.axis)
    return level is not None and any(same_level(level, wanted) for wanted in one.levels)


def _beside(point: Point, one: Selected) -> tuple[str, ...]:
    """Its levels but for those of the part that the axis is of: of time steps, the neuron's."""
    part = field_of(one.axis).partition(".")[0]
    return tuple(
        str(level) for axis, level in point.axes.items() if not field_of(axis).startswith(part)
    )


def _require_known(one: Selected, points: Sequence[Point]) -> None:
    """Raise HarnessError for an axis, or for a level of it, that none of these points has."""
    there = _levels(points, one.axis)
    if one.axis == "seed":
        raise HarnessError(one.where, "seeds are no cells", hint="--set seed=… chooses them")
    if not there:
        axes = dict.fromkeys(axis for point in points for axis in point.levels)
        hint = suggestion(one.axis, [axis for axis in axes if _levels(points, axis)])
        raise HarnessError(one.where, "these exhibits have no such axis", hint=hint)
    for piece, levels in one.pieces.items():
        if not any(same_level(level, wanted) for level in there for wanted in levels):
            shown = ", ".join(map(str, there[:SHOWN])) + ", …" * (len(there) > SHOWN)
            problem = f"these exhibits have no cell at {one.axis} {piece}"
            raise HarnessError(one.where, problem, hint=f"there are {shown}")


def _levels(points: Iterable[Point], axis: str) -> list[object]:
    found = dict.fromkeys(point.levels.get(axis) for point in points)
    return [level for level in found if level is not None]
