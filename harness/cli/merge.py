"""`harness merge`: the runs of several machines, people or seeds as one store with one report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Spoken, Written, exhibits
from harness.errors import ExitCode, Faults, HarnessError
from harness.words import counted

FEWEST = 2  # sources
FOLDER = "merged"  # where no other is named


def merge(
    *sources: Annotated[
        Path, Parameter(name="SOURCE", help="stores, or archives of harness pack; two or more")
    ],
    written: Written = Written(),
    spoken: Spoken = Spoken(),
    named: Annotated[
        tuple[str, ...],
        Parameter(
            "--exhibit",
            metavar="EXHIBIT",
            help="only these, also where runs are missing; may be repeated",
            completer=exhibits,
        ),
    ] = (),
) -> ExitCode:
    """Put the runs of several sources into a new store, and report on all of them together.

    Seeds of a cell that different machines or people ran become one mean with one spread. Where two
    sources have the same run with other numbers or bytes, the report says so first, with machine,
    versions, code, seed and time of both; it uses the run of the source named first. Exit code 1
    then. The sources stay as they are. Store and report are in one new folder, `merged` unless
    --out names another, which is whole or not there.

    For example:

    - `harness merge store theirs/store`
    - `harness merge here/store carried/runs.zip --out both --exhibit table1`
    """
    from harness.cli.unpack import done
    from harness.results.merging import merge as merged_into

    if len(sources) < FEWEST:
        problem = f"takes two sources or more (got {len(sources)})"
        raise HarnessError("harness merge", problem, hint="harness merge store theirs/store")
    if written.store:
        hint = "name the stores as sources; --out names the new folder, with the new store in it"
        raise HarnessError("--store", "is not for harness merge", hint=hint)
    voice, project = spoken.voice, written.opened()
    out = written.out or Path(FOLDER)
    found, outcome = merged_into(project, sources, out, named, done, voice)
    voice.tell(f"{counted(len(sources), 'source')}, {counted(found.runs, 'run')}: {out / 'store'}")
    if outcome.faults:
        raise Faults(outcome.faults)
    return ExitCode.CHECK_FAILED if found.contested else outcome.code
