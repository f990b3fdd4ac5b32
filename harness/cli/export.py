"""`harness export`: the runs of a store in pieces that can be carried elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Json, Spoken, Stored
from harness.errors import HarnessError
from harness.terminal.output import Voice, print_json, size
from harness.words import counted

LEAST = 65_536  # bytes; smaller pieces would be more files than anybody carries
_SIZE = re.compile(r"([0-9]{1,9}) ?([kKMG])(i?)B")


def export(
    folder: Annotated[
        Path, Parameter(name="FOLDER", help="for the pieces, new or with earlier ones")
    ],
    /,
    *,
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    piece: Annotated[
        str | None,
        Parameter("--size", metavar="16MB", help="the largest that a piece may be; else one piece"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write every run of the store, and the checkpoints of half-done ones, as files to be carried.

    `harness import` takes them into another store and goes on from there. Pieces of an earlier
    export in the same folder go once the new ones are whole and have all its runs, so that a loop
    may write again and again while runs go on.

    For example:

    - `harness export pieces --size 16MB`
    - `harness export pieces --store /scratch/store`
    """
    from harness.layout import reachable
    from harness.store.transfer import export as write

    most = parse_size(piece) if piece is not None else None
    found = write(stored.existing(), reachable(folder, "FOLDER"), size=most)
    total = sum(path.stat().st_size for path in found.pieces)
    if as_json:
        pieces = [str(path) for path in found.pieces]
        runs = {name: list(getattr(found, name)) for name in ("stored", "half_done", "left")}
        print_json({"pieces": pieces, "bytes": total, **runs})
        return
    voice = spoken.voice
    for path in found.pieces if voice is Voice.VERBOSE else ():
        voice.tell(str(path))
    said = f"{counted(len(found.stored), 'stored run')}, {len(found.half_done)} half-done"
    voice.tell(f"{said}: {counted(len(found.pieces), 'piece')}, {size(total)} in {folder}")
    for key in found.left:
        voice.say(
            f"{key[:8]} stays: an earlier version began it; run it here for an epoch", "yellow"
        )


def parse_size(typed: str) -> int:
    """Bytes of `16MB` or `15MiB`.

    Raises:
        HarnessError: it is not of this form, or too small.
    """
    found = _SIZE.fullmatch(typed.strip())
    if found is None:
        problem, hint = "is no size", "write 16MB, or 15MiB, or 2GB"
        raise HarnessError(f"--size {typed[:40]}", problem, hint=hint)
    count: int = int(found[1]) * (1024 if found[3] else 1000) ** ("KMG".index(found[2].upper()) + 1)
    if count < LEAST:
        raise HarnessError(f"--size {typed}", f"is below {size(LEAST)}", hint="as in --size 16MB")
    return count
