"""The runs of several machines, people or seeds in one store, and one report of them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from harness.app import Outcome, Project, make_plan, report, use_store
from harness.diff.merged import Merged, merge_stores, record, sections, seeds_of
from harness.errors import HarnessError
from harness.files import discard, make_folder, os_errors, sync_folder
from harness.layout import reachable
from harness.plan.expand import Plan, PlannedExhibit
from harness.report.results import FirstSaid
from harness.store.pieces import archives_at
from harness.store.store import Store
from harness.store.transfer import Done, take_in
from harness.terminal.output import Voice
from harness.words import counted

RECORD = "merged.json"
NEAR = 3  # exhibits that a hint names


def merge(
    project: Project,
    sources: Sequence[Path],
    folder: Path,
    names: Sequence[str],
    done: Done,
    voice: Voice,
) -> tuple[Merged, Outcome]:
    """Make `folder`, which is new or empty, whole or not at all: a store with the runs of all
    sources, and the results of the exhibits `names`, else of those that are whole there, over all
    seeds that are.

    Raises:
        HarnessError: a source is no store or archive, or is broken; something is in the folder, or
            no exhibit is whole.
    """
    folder = folder.absolute()
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(str(folder), "is there, and not empty", hint="name a new --out")
    _refuse_twice(sources)
    scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        with os_errors(folder):
            make_folder(scratch)
            here = replace(project.layout, store=scratch / "store", out=scratch)
            project = replace(project, layout=here)
            merged = _stores(sources, project, scratch, done)
            plan, left = _whole(project, names)
            there = {one.key for one in project.store.manifests()}
            merged = replace(merged, unasked=len(there - plan.nodes.keys()), left=left)
            keys = frozenset(one.key for one in merged.contested)
            first = FirstSaid(sections(merged), {RECORD: _json(merged)}, keys)
            if merged.contested:
                voice.say(merged.sentence, "red")
            if merged.left:
                voice.tell(merged.omission)
            shown = folder / project.profile.id / "report.html"
            outcome = report(project, plan, {}, voice, first=first, shown=shown)
            scratch.rename(folder)
            sync_folder(folder.parent)
    finally:
        discard(scratch)
    return merged, outcome


def _refuse_twice(sources: Sequence[Path]) -> None:
    found = [path.expanduser().resolve() for path in sources]
    for path, place in zip(sources, found, strict=True):
        if found.count(place) > 1:
            raise HarnessError(str(path), "is named twice", hint="leave one out")


def _called(sources: Sequence[Path]) -> list[str]:
    """The sources as named, but of whole paths, which no report tells, the end in which they
    differ: `mine/store` and `theirs/store`.
    """
    parts = [source.expanduser().absolute().parts for source in sources]
    most = max(map(len, parts))
    few = next((n for n in range(1, most) if len({one[-n:] for one in parts}) == len(parts)), most)
    return [
        str(Path(*whole[-few:])) if source.expanduser().is_absolute() else str(source)
        for source, whole in zip(sources, parts, strict=True)
    ]


def _stores(sources: Sequence[Path], project: Project, scratch: Path, done: Done) -> Merged:
    """The runs of all sources in the store of the project."""
    work = scratch / "work"
    with ExitStack() as stack:
        stack.callback(discard, work)
        make_folder(work)
        stores: dict[str, Store] = {}
        for number, (source, called) in enumerate(zip(sources, _called(sources), strict=True)):
            letter = chr(ord("A") + number) if number < 26 else str(number + 1)
            stores[f"{letter}: {called}"] = _store(source, work / str(number), done)
        merged = merge_stores(stores, project.store, work, done)
    use_store(project.layout)
    return merged


def _store(source: Path, scratch: Path, done: Done) -> Store:
    """The store that a source is, or that lies in it, or that its archive holds."""
    path = reachable(source, "harness merge")
    for place in (path, path / "store"):
        if (place / "format").is_file():
            return Store(place)
    if not path.is_dir() and archives_at(path):
        store = Store(scratch)
        take_in(store, path, done)
        return store
    problem = "no such file or folder" if not path.exists() else "holds no stored runs"
    hint = "name a store, or what harness pack FILE.zip --runs wrote"
    if any(path.glob("*/verdict.json")):
        problem = "holds results, and none of the runs that they were made from"
        near = path.resolve().parents[1] / "store"  # where a study has it
        if (near / "format").is_file():
            hint = f"name the store that they are of, as {near}"
        hint += "; harness diff compares results"
    raise HarnessError(str(source), problem, hint=hint)


def _json(merged: Merged) -> bytes:
    return (json.dumps(record(merged), indent=1, ensure_ascii=False) + "\n").encode()


def _whole(project: Project, names: Sequence[str]) -> tuple[Plan, tuple[str, ...]]:
    """The plan of these exhibits, else of all that are whole in the store, over the seeds of which
    every run is there; and what is left out since only a part of it is.
    """
    stored = {one.key: seeds_of(one) for one in project.store.manifests()}
    setting = project.setting
    if not any(override.name == "seed" for override in setting.overrides):
        there = sorted(set().union(*stored.values()))
        candidates = tuple(dict.fromkeys((*setting.profile.seeds, *there)))
        every = dict.fromkeys(project.library.exhibits, candidates)
        project = replace(project, setting=replace(setting, seeds=every))
    plan = make_plan(project, names or project.library.named(("all",)))
    seeds: dict[str, tuple[int, ...]] = {}
    left: list[str] = []
    for one in plan.exhibits:
        complete, begun = _seeds(one, stored)
        if complete or (names and begun):
            seeds[one.exhibit.id] = complete or begun
        chosen = seeds.get(one.exhibit.id, ())
        left += [f"{one.exhibit.id} seed {seed}" for seed in begun if seed not in chosen]
    lacking = [name for name in project.library.named(names) if name not in seeds]
    if lacking and (names or not seeds):
        raise _lacks(project, plan, lacking, stored)
    found = replace(project, setting=replace(project.setting, seeds=seeds))
    return make_plan(found, list(seeds)), tuple(left)


def _seeds(
    planned: PlannedExhibit, stored: Mapping[str, object]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds of which every number is stored, and those of which any is."""
    keys: dict[int, list[bool]] = {}
    for point in planned.points:
        keys.setdefault(point.seed, []).append(point.key in stored)
    complete = tuple(seed for seed, there in keys.items() if all(there))
    return complete, tuple(seed for seed, there in keys.items() if any(there))


def _lacks(
    project: Project, plan: Plan, lacking: Sequence[str], stored: Mapping[str, object]
) -> HarnessError:
    """Why there is nothing to be reported of exhibits."""
    near = []
    for one in plan.exhibits:
        keys = {point.key for point in one.points}
        there = len(keys & stored.keys())
        if there and one.exhibit.id in lacking:
            near.append(f"{one.exhibit.id} has {there} of {counted(len(keys), 'run')}")
    where = ", ".join(lacking[:NEAR]) if len(lacking) <= NEAR else "harness merge"
    problem = f"of no exhibit all runs are there, under profile {project.profile.id}"
    hint = "choose another --profile, or the --set with which they were made"
    if near:
        hint = f"{'; '.join(near[:NEAR])}: --exhibit {near[0].split()[0]} reports what there is"
    return HarnessError(where, problem, hint=hint)
