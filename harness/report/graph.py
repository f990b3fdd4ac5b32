"""What an exhibit rests on, as a small drawing: trainings, what measures them, the exhibit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.plan.expand import Plan, PlannedExhibit
from harness.report import wording

ROW, LETTER, GAP, EDGE = 16.0, 5.4, 46.0, 8.0  # units of the view box


class GraphNode(NamedTuple):
    """A run of the plan in its column; `state` is stored, absent or failed."""

    x: str
    y: str
    label_x: str
    label: str
    state: str


class PlanGraph(NamedTuple):
    """What an exhibit rests on: trainings at the left, what measures them, the exhibit."""

    width: str
    height: str
    nodes: tuple[GraphNode, ...]
    edges: str
    said: str


def plan_graph(
    planned: PlannedExhibit, plan: Plan, stored: Iterable[str], failed: Iterable[str]
) -> PlanGraph:
    """Each node of the exhibit in the column after all those that it needs."""
    columns = _columns(planned, plan)
    there, wrong = set(stored), set(failed)
    tallest = max(map(len, columns))
    at: dict[str, tuple[float, float]] = {}
    nodes, left, sides = [], EDGE, []
    for column in columns:
        width = max(len(_label(key, planned, plan)) for key in column) * LETTER
        step = tallest * ROW / len(column)
        for place, key in enumerate(column):
            at[key] = (left, (place + 0.5) * step + EDGE)
            state = "failed" if key in wrong else "stored" if key in there else "absent"
            state = "exhibit" if key == planned.exhibit.id else state
            x, y = at[key]
            label = _label(key, planned, plan)
            nodes.append(GraphNode(f"{x:g}", f"{y:.1f}", f"{x + 9:g}", label, state))
        sides.append(left + 9 + width)
        left += 9 + width + GAP
    right = {key: side for column, side in zip(columns, sides, strict=True) for key in column}
    words = {key: len(_label(key, planned, plan)) * LETTER for key in right}
    edges = "".join(
        _edge(at[a][0] + 13 + words[a], right[a] + 6, at[a][1], *at[b])
        for a, b in _edges(planned, plan)
    )
    parts = [wording.counted(len(column), "run") for column in columns[:-1]]
    return PlanGraph(
        width=f"{sides[-1] + EDGE:g}",
        height=f"{tallest * ROW + 2 * EDGE:g}",
        nodes=tuple(nodes),
        edges=edges,
        said=f"{', then '.join(parts)}, for {planned.exhibit.id}",
    )


def _columns(planned: PlannedExhibit, plan: Plan) -> list[list[str]]:
    """Keys by how many runs must come before; the plan lists every run after its inputs."""
    depth: dict[str, int] = {}
    mine = set(planned.nodes)
    for key in (key for key in plan.nodes if key in mine):
        before = [depth[need] for need in plan.nodes[key].inputs.values() if need in depth]
        depth[key] = max(before, default=-1) + 1
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for key in planned.nodes:
        found[depth[key]].append(key)
    return [*(column for column in found if column), [planned.exhibit.id]]


def _edges(planned: PlannedExhibit, plan: Plan) -> list[tuple[str, str]]:
    """From each run to those that need it; the exhibit needs those with its numbers."""
    mine = set(planned.nodes)
    found = [
        (need, key)
        for key in planned.nodes
        for need in dict.fromkeys(plan.nodes[key].inputs.values())
        if need in mine
    ]
    read = dict.fromkeys(point.key for point in planned.points)
    return [*found, *((key, planned.exhibit.id) for key in read)]


def _edge(start: float, bend: float, y: float, to_x: float, to_y: float) -> str:
    """From the end of a label along its line, then over to the dot."""
    middle = (bend + to_x) / 2
    over = f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x - 5:.0f} {to_y:.1f}"
    return f"M{start:.0f} {y:.1f}H{bend:.0f}{over}"


def _label(key: str, planned: PlannedExhibit, plan: Plan) -> str:
    return key if key == planned.exhibit.id else plan.nodes[key].label
