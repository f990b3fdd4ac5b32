"""`harness import`: the runs that `harness export` wrote, into this store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Json, Spoken, Stored
from harness.terminal.output import print_json
from harness.words import counted


def import_(
    folder: Annotated[Path, Parameter(name="FOLDER", help="with the pieces of an export")],
    /,
    *,
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    as_json: Json = False,
) -> None:
    """Take the runs and checkpoints of an export into the store, each whole or not at all.

    Every byte and every key is compared before the first run is taken. What is stored here stays;
    of two half-done runs the one that is further stays.

    For example:

    - `harness import pieces`
    - `harness import pieces --store other`
    """
    from harness.layout import reachable, refuse_unwritable
    from harness.store.store import Store
    from harness.store.transfer import take_in

    layout = stored.layout()
    refuse_unwritable(layout.store, "--store")
    found = take_in(Store(layout.store), reachable(folder, "FOLDER"), _done)
    if as_json:
        runs = {"stored": list(found.stored), "half_done": list(found.half_done)}
        print_json({**runs, "left": dict(found.left)})
        return
    taken = f"{counted(len(found.stored), 'stored run')} and {len(found.half_done)} half-done taken"
    why = [f"{count} {reason}" for reason, count in Counter(found.left.values()).items()]
    spoken.voice.tell("; ".join([taken, *(["left: " + ", ".join(why)] if why else [])]))


def _done(checkpoints: Path) -> int:
    from harness.runs.train import epochs_done  # brings torch, where two are to be held together

    return epochs_done(checkpoints)
