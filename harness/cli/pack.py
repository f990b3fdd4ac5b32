"""`harness pack`: a study with its runs, or the runs of a store, as one file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Exhibits, Json, Spoken, Stored
from harness.errors import HarnessError
from harness.terminal.output import Voice, print_json, size
from harness.words import counted

LEAST = 65_536  # bytes; smaller pieces would be more files than anybody carries
_SIZE = re.compile(r"([0-9]{1,9}) ?([kKMG])(i?)B")


def pack(
    archive: Annotated[
        Path, Parameter(name="FILE.zip", help="the archive, new or an earlier one of these runs")
    ],
    /,
    *exhibits: Exhibits,
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    runs: Annotated[bool, Parameter(help="runs alone, without the study that asks for them")] = (
        False
    ),
    piece: Annotated[
        str | None,
        Parameter("--size", metavar="16MB", help="the largest that a file may be; else one file"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pack this study, its stored runs, and the checkpoints of half-done ones, to be sent or kept.

    The study is all files of its folder but hidden ones, store, results and data sets. With
    exhibits only the runs go that these ask for under any profile. The same study and runs give
    the same bytes, and any ZIP tool opens it. An earlier archive of this name goes once the new
    one is whole and has all its runs, so that a loop may write again and again while runs go on.

    For example:

    - `harness pack study.zip`
    - `harness pack ../table1.zip table1`
    - `harness pack carried/runs.zip --runs --size 16MB --store /scratch/store`
    """
    from harness.app import wanted_keys
    from harness.layout import reachable
    from harness.store.studies import study_files
    from harness.store.transfer import send

    most = parse_size(piece) if piece is not None else None
    store, layout = stored.existing(), stored.layout()
    found = send(
        store,
        reachable(archive, "FILE.zip"),
        study=None if runs else study_files(layout),
        only=wanted_keys(layout, exhibits) if exhibits else None,
        size=most,
    )
    total = sum(path.stat().st_size for path in found.pieces)
    if as_json:
        keys = {name: list(getattr(found, name)) for name in ("stored", "half_done", "left")}
        pieces = [str(path) for path in found.pieces]
        print_json({"files": pieces, "bytes": total, "study": list(found.study), **keys})
        return
    voice = spoken.voice
    for path in found.pieces if voice is Voice.VERBOSE else ():
        voice.tell(str(path))
    said = [f"{counted(len(found.study), 'file')} of the study"] if found.study else []
    said += [counted(len(found.stored), "stored run"), f"{len(found.half_done)} half-done"]
    many = f" in {counted(len(found.pieces), 'piece')}" if piece else ""
    voice.tell(f"{', '.join(said)}: {archive}, {size(total)}{many}")
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
