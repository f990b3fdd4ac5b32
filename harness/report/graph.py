"""What an exhibit rests on, as a small drawing: trainings, what measures them, the exhibit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness import words
from harness.plan.expand import Plan, PlannedExhibit

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
    there, wrong, exhibit = set(stored), set(failed), planned.exhibit.id
    columns = [*_columns(planned, plan), [exhibit]]
    labels = {key: plan.nodes[key].label for key in planned.nodes} | {exhibit: exhibit}
    tallest = max(map(len, columns))
    at: dict[str, tuple[float, float, float]] = {}  # place, and where the column ends
    nodes, left = [], EDGE
    for column in columns:
        right = left + 9 + max(len(labels[key]) for key in column) * LETTER
        for place, key in enumerate(column):
            y = (place + 0.5) * tallest * ROW / len(column) + EDGE
            at[key] = (left, y, right)
            state = "failed" if key in wrong else "stored" if key in there else "absent"
            state = "exhibit" if key == exhibit else state
            nodes.append(GraphNode(f"{left:g}", f"{y:.1f}", f"{left + 9:g}", labels[key], state))
        left = right + GAP
    needs = [
        (need, key)
        for key in planned.nodes
        for need in dict.fromkeys(plan.nodes[key].inputs.values())
        if need in at
    ]
    needs += [(key, exhibit) for key in dict.fromkeys(point.key for point in planned.points)]
    edges = []
    for one, other in needs:  # from the end of a label along its line, then over to the dot
        (x, y, bend), (to_x, to_y, _) = at[one], at[other]
        middle, start = (bend + 6 + to_x) / 2, x + 13 + len(labels[one]) * LETTER
        over = f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x - 5:.0f} {to_y:.1f}"
        edges.append(f"M{start:.0f} {y:.1f}H{bend + 6:.0f}{over}")
    runs = ", then ".join(words.counted(len(column), "run") for column in columns[:-1])
    return PlanGraph(
        width=f"{left - GAP + EDGE:g}",
        height=f"{tallest * ROW + 2 * EDGE:g}",
        nodes=tuple(nodes),
        edges="".join(edges),
        said=f"{runs}, for {exhibit}",
    )


def _columns(planned: PlannedExhibit, plan: Plan) -> list[list[str]]:
    """Keys by how many runs must come before; the plan lists every run after its inputs."""
    depth: dict[str, int] = {}
    mine = set(planned.nodes)
    for key in (key for key in plan.nodes if key in mine):
        before = [depth[need] for need in plan.nodes[key].inputs.values() if need in depth]
        depth[key] = max(before, default=-1) + 1
    found: dict[int, list[str]] = {}
    for key in planned.nodes:
        found.setdefault(depth[key], []).append(key)
    return [found[place] for place in sorted(found)]
