"""`harness gc`: remove what nothing asks for."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.canonical import flatten
from harness.cli.options import Spoken, Stored, number
from harness.errors import HarnessError
from harness.layout import Layout, layout
from harness.terminal.output import asked, size
from harness.words import counted

if TYPE_CHECKING:
    from harness.store.gc import Removal
    from harness.store.store import Store


def gc(
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    older_than_days: Annotated[float, number(0, help="spare what is newer")] = 0,
    forget: Annotated[
        tuple[Path, ...],
        Parameter(metavar="FOLDER", help="a study that no longer counts; may be repeated"),
    ] = (),
    dry_run: Annotated[bool, Parameter(help="only say what would go")] = False,
    yes: Annotated[bool, Parameter(help="remove it without asking")] = False,
) -> None:
    """Remove what no exhibit asks for under any profile: old runs, leftovers, quarantine, caches.

    What any study asks for that has used this store stays. Where one of them cannot be asked, since
    its folder is gone, say, no run goes until it is there again or --forget gives it up. It says
    what would go and asks; where nobody can answer, only --yes removes. Runs made with --set are
    asked for by no exhibit; spare recent ones with --older-than-days.

    For example:

    - `harness gc --dry-run`
    - `harness gc --older-than-days 30 --yes`
    - `harness gc --forget ~/old-study`
    """
    from harness.app import wanted_keys
    from harness.store.gc import collect
    from harness.store.studies import forget_studies, recorded_studies

    voice, store, here = spoken.voice, stored.existing(), stored.layout()
    age = older_than_days * 86_400 if older_than_days else None
    known, given_up = recorded_studies(store.tree), {one.expanduser().resolve() for one in forget}
    if unknown := sorted(given_up - {one.resolve() for one in known}):
        raise HarnessError(f"--forget {unknown[0]}", "is no study that has used this store")
    forgotten = [one for one in known if one.resolve() in given_up]
    others = {one: why for one, why in known.items() if one not in (here.project, *forgotten)}
    keep: set[str] = set()
    for folder, wanted in _asked(others, store, here):
        if isinstance(wanted, str):
            hint = f"no run goes until it can be asked, or harness gc --forget {folder}"
            voice.say(f"{folder}: a study that used this store {wanted}: {hint}", "yellow")
            places = (*store.tree.node_folders(), *store.tree.entries("partial"))
            keep |= {path.name for path in places}
        else:
            keep |= wanted
    keep |= wanted_keys(here)
    if elsewhere := _elsewhere(store, keep):
        hint = "they stay: name that folder by HARNESS_DATA_DIR, or remove them with harness rm"
        many = counted(len(elsewhere), "stored run")
        voice.say(f"{many} of recordings that are in no data folder here; {hint}", "yellow")
        keep |= elsewhere
    found = collect(store, keep, older_than_s=age, dry_run=True)
    for one in found:
        typed = f", made by {one.made_by}" if one.made_by else ""
        voice.tell(f"{one.path}: {one.why.value}, {size(one.bytes)}{typed}")
    if dry_run:
        voice.say(f"{_counted(found)} would be freed")
        return
    if found and not (yes or asked(f"remove {_counted(found)}?")):
        problem = f"removes {_counted(found)} only when that is wanted: nothing is gone"
        raise HarnessError("harness gc", problem, hint="look with --dry-run, then add --yes")
    shown = {one.path for one in found}
    gone = collect(store, keep, older_than_s=age, only=shown) if found else []
    forget_studies(store.tree, forgotten)
    voice.say(f"{_counted(gone)} freed")


def _elsewhere(store: Store, keep: Collection[str]) -> set[str]:
    """Stored runs of recordings in an unpacked folder, known by their content, that no run to be
    kept is of: they may lie in a data folder that was named to another command.
    """
    of = {
        run.key: {value for name, value in flatten(run.spec) if name.endswith("dataset.unpacked")}
        for run in store.manifests()
    }
    here = set[object]().union(*(seen for key, seen in of.items() if key in keep))
    return {key for key, seen in of.items() if seen - here}


def _asked(
    others: Mapping[Path, str], store: Store, here: Layout
) -> Iterator[tuple[Path, set[str] | str]]:
    """Each other study that used the store, with the keys that it asks for, or why nobody knows.

    Each is asked in a process of its own: studies may hold Python, under the same names.
    """
    for folder, why_not in others.items():
        if why_not:
            yield folder, why_not
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                there = layout(folder, store=store.root)
                asking = process.submit(_wanted_there, there, here.project)
                yield folder, asking.result()
            except Exception as error:  # whatever its specs or its Python make of it
                yield folder, f"cannot say what it asks for: {error}"


def _wanted_there(there: Layout, own: Path) -> set[str]:
    """What another study asks for; its process began with the import path of ours, `own`."""
    from harness.app import wanted_keys
    from harness.execute.environment import CODE

    sys.path[:] = [one for one in sys.path if one != str(own) or own == CODE]
    return wanted_keys(there)


def _counted(found: Sequence[Removal]) -> str:
    return f"{counted(len(found), 'thing')}, {size(sum(one.bytes for one in found))}"
