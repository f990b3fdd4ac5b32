"""Which studies use a store, recorded in it, and the files of a study that go with its runs.

`studies/<digest>.json` holds the folder of one study. What it asks for is worked out when somebody
wants to know: a study changes, and a record would not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from harness.errors import HarnessError
from harness.files import contents, discard, os_errors, read_plain, write_durably
from harness.layout import Layout
from harness.store.pieces import is_piece
from harness.store.tree import Tree

LARGEST = 65_536  # bytes of a record; a real one has a path
_MADE = ("__pycache__", "node_modules")  # and what has a `pyvenv.cfg`: made again, and large


def record_study(tree: Tree, folder: Path) -> None:
    """Say in the store that the study in this folder uses it. The store has been prepared."""
    place = _record_of(tree, folder)
    if not place.exists():
        with os_errors(place):
            write_durably(place, json.dumps({"folder": str(folder)}).encode())


def recorded_studies(tree: Tree) -> dict[Path, str]:
    """The folder of each study that was recorded, and why nobody can ask it what it needs; nothing
    where its files are there and are this user's. Whoever can write into a store could name any
    folder in it, and a study may hold code.
    """
    found = {}
    for place in tree.entries("studies"):
        try:
            folder = Path(json.loads(read_plain(place, LARGEST))["folder"])
            if place != _record_of(tree, folder):
                raise ValueError
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            found[place] = "is no record of a study"
            continue
        try:
            owner = folder.stat().st_uid
        except OSError:
            found[folder] = "is not there"
        else:
            is_own = owner in (0, os.geteuid())
            found[folder] = "" if is_own else "belongs to another user, whose code is not run"
    return found


def forget_studies(tree: Tree, folders: Iterable[Path]) -> None:
    """Take back what `record_study` said of these; a broken record is named by its own file."""
    for folder in folders:
        place = folder if folder.parent == tree.room("studies") else _record_of(tree, folder)
        discard(place)


def _record_of(tree: Tree, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return tree.room("studies") / f"{name}.json"


def study_files(layout: Layout) -> dict[str, Path]:
    """The files of a study by their path in it: all but hidden ones, store, results, data sets,
    packs and what is made again.

    Raises:
        HarnessError: something is a link or no plain file, or a name that not every system takes.
    """
    study = layout.project
    made = {one.resolve() for one in (layout.store, layout.out, layout.data)}
    made |= {study / name for name in ("store", "out", "data")}

    def stays(path: Path) -> bool:
        return (
            path.name.startswith(".")
            or path.name in _MADE
            or not made.isdisjoint({path, path.resolve()})
        )

    def enters(folder: Path) -> bool:
        return not stays(folder) and not (folder / "pyvenv.cfg").exists()

    with os_errors(study):
        found = contents(study, enters)
        for path in found.odd:
            if not stays(path):
                problem = "is a link or no plain file, and would not arrive"
                raise HarnessError(str(path), problem, hint="put the file itself there")
        return {
            name: path
            for name, path in sorted(found.files.items())
            if not stays(path) and not is_piece(path)
        }
