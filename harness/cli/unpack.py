"""`harness unpack`: what `harness pack` wrote, as a new study or into this store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Json, Spoken, Stored
from harness.errors import HarnessError
from harness.terminal.output import print_json
from harness.words import counted


def unpack(
    archive: Annotated[
        Path, Parameter(name="FILE.zip", help="the archive, also where it is in pieces")
    ],
    folder: Annotated[
        Path | None, Parameter(name="FOLDER", help="for the study, new or empty")
    ] = None,
    /,
    *,
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    runs: Annotated[bool, Parameter(help="take its runs into the store that is here")] = False,
    as_json: Json = False,
) -> None:
    """Unpack a study with its store into a new folder, or with --runs take its runs into a store.

    Every byte and every key is compared before anything is in its place: the study appears whole or
    not at all, and so does each run. What is stored here stays; of two half-done runs the one that
    is further stays. A study may hold Python, which runs when you use it.

    For example:

    - `harness unpack study.zip theirs`
    - `harness unpack carried/runs.zip --runs --store other`
    """
    from harness.layout import reachable, refuse_unwritable
    from harness.store.store import Store
    from harness.store.studies import record_study
    from harness.store.transfer import take_in, take_out

    source = reachable(archive, "FILE.zip")
    if runs == (folder is not None):
        problem = "takes a folder for the study, or --runs for the store that is here"
        hint = f"harness unpack {archive} FOLDER, or harness unpack {archive} --runs"
        raise HarnessError("harness unpack", problem, hint=hint)
    if folder is not None:
        if stored.store or stored.project:
            hint = "leave it out: the study has a store of its own"
            raise HarnessError("--store, --project", "are for --runs", hint=hint)
        found = take_out(source, reachable(folder, "FOLDER"))
    else:
        layout = stored.layout()
        refuse_unwritable(layout.store, "--store")
        store = Store(layout.store)
        found = take_in(store, source, done)
        record_study(store.tree, layout.project)
    if as_json:
        keys = {"stored": list(found.stored), "half_done": list(found.half_done)}
        print_json({"study": list(found.study), **keys, "left": dict(found.left)})
        return
    taken = f"{counted(len(found.stored), 'stored run')} and {len(found.half_done)} half-done taken"
    of_study = [f"{counted(len(found.study), 'file')} of the study in {folder}"] if folder else []
    why = [f"{count} {reason}" for reason, count in Counter(found.left.values()).items()]
    left = ["left: " + ", ".join(why)] if why else []
    spoken.voice.tell("; ".join([*of_study, taken, *left]))


def done(checkpoints: Path) -> int:
    """How many epochs of a training are in the folder of its checkpoints."""
    from harness.runs.train import epochs_done  # brings torch, where two are to be held together

    return epochs_done(checkpoints)
