"""Exhibits and plans as a user reads them on a terminal, and as JSON for programs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.plan.estimate import device_of
from harness.plan.expand import PlannedExhibit
from harness.screen import duration, size, table
from harness.spec.library import Library
from harness.stages import Project, Survey

FEW = 3  # exhibits that a line can name
FEW_NODES = 24  # nodes that a screen can list


def list_record(library: Library) -> dict[str, Any]:
    """Exhibits and profiles as JSON values."""
    return {
        "exhibits": list_rows(library),
        "profiles": [
            {
                "id": one.id,
                "title": one.title,
                "golden": one.golden,
                "device": one.numerics.device,
                "seeds": list(one.seeds),
            }
            for one in library.profiles.values()
        ],
    }


def list_rows(library: Library) -> list[dict[str, Any]]:
    """One record per exhibit, numbers in their names as numbers: figA2 before figA10."""
    return [
        {
            "id": one.id,
            "title": one.title,
            "source": f"{one.source.document}: {one.source.place}",
            "measure": ", ".join(dict.fromkeys(measure.kind for measure in one.measure)),
            "claims": len(one.claim),
        }
        for one in sorted(library.exhibits.values(), key=lambda one: _in_order(one.id))
    ]


def _in_order(name: str) -> list[tuple[str, int]]:
    return [(word, int(part or 0)) for word, part in re.findall(r"(\D*)(\d*)", name)]


def print_list(library: Library, console: Console) -> None:
    """The exhibits and profiles of a project."""
    rows = [
        (row["id"], row["source"], row["measure"], str(row["claims"]), row["title"])
        for row in list_rows(library)
    ]
    console.print(table(("exhibit", "where", "measure", "claims", "title"), rows, ("claims",)))
    console.print()
    scales = [(one.id, one.title) for one in library.profiles.values()]
    console.print(table(("profile", "what it is for"), scales))


def plan_record(project: Project, held: Survey) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "profile": project.profile.id,
        "exhibits": [_exhibit_record(one, held) for one in held.plan.exhibits],
        "nodes": [
            {
                "key": key,
                "kind": node.kind,
                "label": node.label,
                "stored": key in held.stored,
                "why": None if key in held.stored else str(held.reasons[key]),
                "seconds": round(held.estimates[key].seconds, 1),
                "from_runs": held.estimates[key].runs,
                "basis": held.estimates[key].basis,
                "disk_bytes": held.disk.get(key, 0),
                "inputs": dict(node.inputs),
                "spec": dict(node.spec),
            }
            for key, node in held.plan.nodes.items()
        ],
        "asked": sum(len(planned.nodes) for planned in held.plan.exhibits),
        "downloads": dict(held.downloads),
    }


def _exhibit_record(planned: PlannedExhibit, held: Survey) -> dict[str, Any]:
    stored = [key for key in planned.nodes if key in held.stored]
    todo = [key for key in planned.nodes if key not in held.stored]
    return {
        "id": planned.exhibit.id,
        "nodes": len(planned.nodes),
        "stored": len(stored),
        "todo": len(todo),
        "seconds": round(sum(held.estimates[key].seconds for key in todo), 1),
        "shared": _shared(planned, held),
        "set": list(planned.overridden),
    }


def _shared(planned: PlannedExhibit, held: Survey) -> dict[str, int]:
    """Exhibit → how many nodes this one has in common with it."""
    mine = set(planned.nodes)
    counts = {
        other.exhibit.id: len(mine & set(other.nodes))
        for other in held.plan.exhibits
        if other is not planned
    }
    return {name: count for name, count in counts.items() if count}


def print_plan(held: Survey, console: Console, *, nodes: int = FEW_NODES) -> None:
    """Per exhibit what is stored and why the rest would run; the nodes, if at most `nodes` are to
    do; then the cost.
    """
    rows = []
    for planned in held.plan.exhibits:
        row = _exhibit_record(planned, held)
        counts = (str(row[name]) for name in ("nodes", "stored", "todo"))
        took = f"~{duration(row['seconds'])}" if row["todo"] else ""
        rows.append((row["id"], *counts, took, _why(planned, held)))
    columns = ("exhibit", "nodes", "stored", "to do", "time", "why")
    console.print(table(columns, rows, columns[1:-1]))
    if len(held.plan.exhibits) > 1:
        console.print(Text(_deduplicated(held)))
    if 0 < len(held.todo) <= nodes:
        console.print()
        _print_nodes(held, console)
        console.print()
    console.print(Text(cost(held)))
    if len(held.todo) > nodes > 0:
        console.print(Text("--verbose lists these nodes, --json every node", style="dim"))


def _deduplicated(held: Survey) -> str:
    """`174 nodes: 262 asked for by 25 exhibits, each run once`."""
    asked = sum(len(planned.nodes) for planned in held.plan.exhibits)
    exhibits = len(held.plan.exhibits)
    return f"{len(held.plan.nodes)} nodes: {asked} asked for by {exhibits} exhibits, each run once"


def _why(planned: PlannedExhibit, held: Survey) -> str:
    """The reason that all of an exhibit's nodes have in common, and what it shares."""
    reasons = [held.reasons[key] for key in planned.nodes if key in held.reasons]
    parts = []
    if len({(reason.cause, reason.changes) for reason in reasons}) == 1:
        parts.append(str(reasons[0]))
    elif reasons:
        parts.append("for several reasons")
    return "; ".join([*parts, *_sharing(planned, held)])


def _sharing(planned: PlannedExhibit, held: Survey) -> list[str]:
    """With which exhibits it shares nodes; only with how many, where they are many."""
    shared = _shared(planned, held)
    if len(shared) <= FEW:
        return [f"shares {count} with {name}" for name, count in shared.items()]
    others = (set(one.nodes) for one in held.plan.exhibits if one is not planned)
    common = set(planned.nodes) & set().union(*others)
    return [f"shares {len(common)} with {len(shared)} others"]


def _print_nodes(held: Survey, console: Console) -> None:
    rows = [
        (
            node.key[:8],
            node.label,
            f"~{duration(held.estimates[node.key].seconds)}",
            size(held.disk[node.key]),
            str(held.reasons[node.key]),
        )
        for node in held.todo
    ]
    console.print(table(("to do", "node", "time", "disk", "why"), rows, ("time", "disk")))


def cost(held: Survey, slots: int | None = None) -> str:
    """`to do: 6 train (~35 min on 2 workers, from 10 stored runs; 3 MB of disk)`, on so many
    workers or as many as there are by default.
    """
    if not held.todo:
        return "to do: nothing, every node is stored"
    kinds = Counter(node.kind for node in held.todo)
    what = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    estimates = [held.estimates[node.key] for node in held.todo]
    runs = max(one.runs for one in estimates)
    bare = [node for node, one in zip(held.todo, estimates, strict=True) if not one.runs]
    labels = " and ".join(sorted({held.devices[device_of(node.spec)].label for node in bare}))
    basis = [f"from {runs} stored runs"] if runs else []
    basis += [f"{len(bare)} nodes {labels}" if runs else labels] if bare else []
    workers = min(slots or held.slots, len(held.todo))
    spent = duration(sum(one.seconds for one in estimates) / workers)
    said = f"to do: {what} (~{spent} on {workers} worker{'s' if workers > 1 else ''}, "
    said += f"{', '.join(basis)}; {size(sum(held.disk.values()))} of disk)"
    for name, count in held.downloads.items():
        said += f"; {name} to download first, {size(count)}"
    return said
