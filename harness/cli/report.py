"""`harness report`: the results again from what is stored."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import OUTPUT, Exhibits, Spoken, Written
from harness.errors import ExitCode, Faults
from harness.layout import refuse_unwritable


def report(
    *exhibits: Exhibits,
    written: Written = Written(),
    spoken: Spoken = Spoken(),
    as_zip: Annotated[
        bool, Parameter("--zip", help="and all of it in one report.zip, to be sent", group=OUTPUT)
    ] = False,
) -> ExitCode:
    """Write frames, verdicts, figures and the report again from what is stored; nothing is run.

    Exit code 3 says that a figure could not be drawn; everything else is written all the same.
    The archive holds the report with the CSV, JSON and figures that it links to: the same results
    give the same bytes.

    For example:

    - `harness report`
    - `harness report table1 tableD1 --zip`
    """
    from harness import app
    from harness.execute.survey import broken_runs

    voice, project = spoken.voice, written.opened()
    refuse_unwritable(project.out, "--out")
    plan = app.make_plan(project, exhibits)
    broken = broken_runs(project.store, plan, bytewise=True)
    app.warn_broken(broken, "and missing here; harness reproduce runs them anew")
    outcome = app.report(project, plan, {}, voice, as_zip=as_zip)
    if outcome.otherwise:
        voice.say(f"{outcome.otherwise.sentence}; reproduce --fresh runs them anew", "yellow")
    if outcome.faults:
        raise Faults(outcome.faults)
    if as_zip:
        voice.tell(str(project.out / "report.zip"))
    return outcome.code
