"""`harness table`: an exhibit as a table for a paper or a spreadsheet."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import OUTPUT, Asked, Exhibits
from harness.errors import Faults, HarnessError
from harness.terminal.output import console, print_lines, warn
from harness.terminal.output import table as drawn
from harness.words import counted


def table(
    *exhibits: Exhibits,
    asked: Asked = Asked(),
    latex: Annotated[bool, Parameter(help="for booktabs, with caption and label", group=OUTPUT)] = (
        False
    ),
    markdown: Annotated[bool, Parameter(help="print Markdown", group=OUTPUT)] = False,
    csv: Annotated[bool, Parameter(help="a line for each cell", group=OUTPUT)] = False,
) -> None:
    """Print the tables of exhibits from what is stored: measured, its interval, published.

    They are those of the report, in the layout of the paper. Nothing is run.

    For example:

    - `harness table table1`
    - `harness table table1 tableD1 --latex > tables.tex`
    - `harness table table1 --csv --profile paper`
    """
    from harness import app
    from harness.report import provenance, tabulated
    from harness.report.results import assess

    forms = {"--latex": latex, "--markdown": markdown, "--csv": csv}
    if len(chosen := [name for name, is_on in forms.items() if is_on]) > 1:
        raise HarnessError(" ".join(chosen), "exclude each other", hint="leave all but one out")
    if not exhibits:
        raise HarnessError(
            "harness table", "no exhibit is named", hint="as in harness table table1"
        )
    project = asked.opened()
    plan = app.make_plan(project, exhibits)
    for planned in plan.exhibits:
        if missing := [key for key in planned.nodes if project.store.get(key) is None]:
            said = f"{len(missing)} of {counted(len(planned.nodes), 'run')} not stored"
            makes = provenance.command(planned, project.profile)
            warn(f"{planned.exhibit.id}: {said}, so cells are empty; {makes} makes them")
    found = assess(plan, project.profile, project.store, project.layout.goldens, {})
    form = {"--latex": tabulated.latex, "--markdown": tabulated.markdown, "--csv": tabulated.csv}
    faults, before = [], ""
    for one in found:
        try:
            grid = tabulated.grid_of(one)
        except HarnessError as fault:  # the others are printed all the same
            faults.append(fault)
            continue
        print(before, end="")
        before = "\n"
        if chosen:
            print_lines(form[chosen[0]](one))
        else:
            heads, *rows = tabulated.lines_of(grid)
            print_lines(grid.caption)
            console().print(drawn(heads, rows, heads[2:]))
    if faults:
        raise Faults(faults)
