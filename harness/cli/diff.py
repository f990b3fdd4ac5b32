"""`harness diff`: two folders of results, or two stores, held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import OUTPUT, Json, number
from harness.errors import ExitCode, HarnessError
from harness.terminal.output import console, print_json, print_lines, table

Folder = Annotated[Path, Parameter(help="results, as out/smoke, or a store")]


def diff(
    a: Folder,
    b: Folder,
    /,
    *,
    within: Annotated[
        float, number(0, help="numbers this far apart, in their unit, are the same")
    ] = 0.0,
    as_markdown: Annotated[
        bool, Parameter("--markdown", help="print Markdown, for a pull request", group=OUTPUT)
    ] = False,
    as_json: Json = False,
) -> ExitCode:
    """Compare two result folders: verdicts, claims, numbers, golden values, settings, environment.
    Or two stores: the runs that one has alone, their numbers and bytes, and what made them.

    Exit code 0 when both have the same exhibits with the same numbers, statuses, claims and
    verdicts, held against the same golden values, tolerances and predicates, 1 when not. Different
    settings or machines alone leave it at 0: they only explain.

    For example:

    - `harness diff out/smoke ../main/out/smoke`
    - `harness diff before after --within 0.01 --markdown`
    - `harness diff store ../main/store`
    """
    from harness.diff.compare import compare, read_results
    from harness.diff.shown import markdown, print_text, record, told
    from harness.diff.stores import compare_stores, is_store, record_of_stores, told_of_stores

    if as_markdown and as_json:
        raise HarnessError("--markdown --json", "exclude each other", hint="leave one out")
    if (kinds := [is_store(one) for one in (a, b)]) == [True, True]:
        stores = compare_stores(a, b, within=within)
        differs, shown, values = stores.differs, told_of_stores(stores), record_of_stores(stores)
    elif any(kinds):
        store, other = (a, b) if kinds[0] else (b, a)
        problem = f"is a store, and {other} is none"
        raise HarnessError(str(store), problem, hint="name two stores, or two results")
    else:
        found = compare(read_results(a), read_results(b), within=within)
        differs, shown, values = found.differs, told(found), record(found)
    if as_json:
        print_json(values)
    elif as_markdown:
        print_lines(markdown(shown).rstrip())
    else:
        print_text(shown, console(), table)
    return ExitCode.CHECK_FAILED if differs else ExitCode.OK
