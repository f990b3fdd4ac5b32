"""The stored results of a study, opened by a program: `harness.open`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from harness.app import Project, make_plan, open_project
from harness.canonical import flatten
from harness.errors import HarnessError
from harness.frames.frame import Frame, frame_of
from harness.layout import layout
from harness.parts.base import suggestion
from harness.plan.expand import Plan, PlannedExhibit
from harness.plan.node import Node
from harness.report.provenance import command
from harness.results.asked import asked_for, called, key_of, levels_of, some
from harness.results.run import StoredRun
from harness.spec.exhibit import AXES, level_of, same_level

Folder = str | PathLike[str] | None


def open_study(study: Folder, *, profile: str, store: Folder, data: Folder) -> Results:
    """As `harness.open`."""
    named = [Path(one) if one is not None else None for one in (study, store, data)]
    here = layout(named[0], store=named[1], data=named[2])
    if store is not None and not here.store.is_dir():
        raise HarnessError(str(here.store), "no such store", hint="harness reproduce makes one")
    return Results(open_project(here, profile=profile, command="harness.open"))


class Results:
    """What is stored of a study under a profile. What an exhibit lacks is said, with the command
    that makes it, unless `missing_ok`.
    """

    def __init__(self, project: Project) -> None:
        self._project, self._store = project, project.store
        self._planned: dict[str, Plan] = {}

    def __repr__(self) -> str:
        return f"<results of {self._project.layout.project}, profile {self._project.profile.id}>"

    @property
    def exhibits(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(self._project.library.exhibits)

    def runs(
        self,
        exhibit: str | None = None,
        kind: str | None = None,
        *,
        missing_ok: bool = False,
        **where: Any,
    ) -> list[StoredRun]:
        """The stored runs that an exhibit asks for, or any of the study: those of a kind, and
        `where` axes have a level in the words of the grids (`neuron="lif"`, `depth=20`) or fields
        of the spec a value (`epochs=2`, `**{"recipe.epochs": 2}`).

        Raises:
            HarnessError: no such exhibit, kind, axis or field; or one of the runs that this exhibit
                asks for is not stored.
        """
        plans = self._plans(exhibit)
        levels = levels_of(plans)
        nodes = {key: node for plan in plans for key, node in plan.nodes.items()}
        chosen = [node for node in nodes.values() if kind in (None, node.kind)]
        if kind is not None and not chosen:
            kinds = sorted({node.kind for node in nodes.values()})
            raise HarnessError(
                f"kind {kind!r}", "no such runs", hint=f"there are {', '.join(kinds)}"
            )
        for name in where:
            if name not in AXES and not any(_values(node, name) for node in chosen):
                problem, hint = "no axis, and no field of these runs", suggestion(name, AXES)
                raise HarnessError(f"runs({name}=…)", problem, hint=hint)
        chosen = [node for node in chosen if _fits(node, where, levels.get(node.key, []))]
        found = {node.key: self._store.get(node.key) for node in chosen}
        if exhibit is not None and not missing_ok:
            labels = [one.label for one in chosen if not found[one.key]]
            self._refuse_missing(plans[0].exhibits[0], labels)
        return [
            StoredRun(made, node.label, self._store, self._project.layout.data, node.full)
            for node in chosen
            if (made := found[node.key])
        ]

    def run(self, key: str) -> StoredRun:
        """The stored run whose key begins so, whoever asked for it.

        Raises:
            HarnessError: none is stored, or several are.
        """
        stored = {one.key: one for one in self._store.manifests()}
        made = stored[key_of(key, stored)]
        asked = asked_for(self._project.layout)
        full = asked[made.key].node.full if made.key in asked else None
        label = called(made, asked)
        return StoredRun(made, label, self._store, self._project.layout.data, full)

    def frame(self, exhibit: str, *, seeds: bool = False, missing_ok: bool = False) -> pd.DataFrame:
        """The numbers of an exhibit: a row for each cell with mean, spread and number of seeds, or
        with `seeds` for each seed. It starts with what tells the cells apart.

        Raises:
            HarnessError: no such exhibit, or one of its runs is not stored.
        """
        frame = self._frame(exhibit, missing_ok)
        return (frame.runs if seeds else frame.cells).copy()

    def maps(self, exhibit: str, *, missing_ok: bool = False) -> pd.DataFrame:
        """The maps of an exhibit, as means over its seeds: a row for each cell of a map, with its
        interval over images from `low` to `high` where the estimator has one.

        Raises:
            HarnessError: no such exhibit, it has no maps, or one of its runs is not stored.
        """
        frame = self._frame(exhibit, missing_ok)
        if frame.maps is None:
            raise HarnessError(exhibit, "has no maps", hint=f'frame("{exhibit}") has its numbers')
        return frame.maps.table.copy()

    def _frame(self, exhibit: str, missing_ok: bool) -> Frame:
        (plan,) = self._plans(exhibit)
        frame = frame_of(plan.exhibits[0], self._store, {})
        if not missing_ok:
            labels = [plan.nodes[point.key].label for point in frame.points if point.absence]
            self._refuse_missing(plan.exhibits[0], labels)
        return frame

    def _plans(self, exhibit: str | None) -> list[Plan]:
        """Of one exhibit, or of each that can be planned here."""
        library = self._project.library
        names = [library.exhibit(exhibit).id] if exhibit is not None else [*library.exhibits]
        found = []
        for name in names:
            try:
                if name not in self._planned:
                    self._planned[name] = make_plan(self._project, [name])
                found.append(self._planned[name])
            except HarnessError:  # its data are not here, say
                if exhibit is not None:
                    raise
        return found

    def _refuse_missing(self, planned: PlannedExhibit, labels: list[str]) -> None:
        if labels:
            count, here = len(labels), self._project.layout
            are = f"{count} of its runs {'is' if count == 1 else 'are'} not stored"
            words = command(planned, self._project.profile)
            if here.project != Path.cwd():
                words += f" --project {shlex.quote(str(here.project))}"
            if here.store != here.project / "store":
                words += f" --store {shlex.quote(str(here.store))}"
            hint = f"{words} makes them; missing_ok=True goes without"
            raise HarnessError(planned.exhibit.id, f"{are}: {some(labels)}", hint=hint)


def _values(node: Node, name: str) -> list[Any]:
    """The values of a field, which may be named by the end of its dotted name."""
    pairs = flatten(node.spec)
    return [value for field, value in pairs if field == name or field.endswith(f".{name}")]


def _fits(node: Node, where: Mapping[str, Any], levels: list[Mapping[str, object]]) -> bool:
    axes = {name: level_of(name, value) for name, value in where.items() if name in AXES}
    if axes and not any(
        all(same_level(at.get(name), one) for name, one in axes.items()) for at in levels
    ):
        return False
    return all(value in _values(node, name) for name, value in where.items() if name not in AXES)
