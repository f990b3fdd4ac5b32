"""`python -m tests.mutants [WORD …]`: break the project in many ways, and see which the tests miss.

Words choose breaks by their table or by parts of their names. With `--by check` those that change
numbers are judged by `harness check` alone, by its canary first; `--by canary` stops there. Exit
code 0 when at most one survives (of the check: at least 98 % are caught, 95 % by the canary), 1
when more do, 2 when a table no longer fits the source, 3 when the unbroken project does not pass.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.table import Table

from harness.errors import ExitCode, HarnessError
from tests.mutants.by_check import Bench, Noticed, Verdict
from tests.mutants.mutant import Mutant, mutants, named
from tests.mutants.trial import Outcome, Trial, require_whole, tried

ROOT = Path(__file__).resolve().parents[2]
MAY_SURVIVE = 1
BY_CHECK, BY_CANARY = 0.98, 0.95  # least shares that are caught


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the breaks that are asked for; gives the exit code."""
    asked = _arguments(arguments)
    console = Console(width=160, soft_wrap=True, highlight=False)
    try:
        chosen = named(mutants(), asked.words)
        for mutant in chosen:
            mutant.line(ROOT)  # a stale table is said before the first minute of work
        judge = _by_tests if asked.by == "tests" else _by_check
        return judge(chosen, asked, console)
    except HarnessError as error:
        console.print(str(error), markup=False)
        return error.code


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="tables or parts of names; all breaks without")
    parser.add_argument("--jobs", type=int, default=1, help="breaks that are tried side by side")
    parser.add_argument("--by", choices=("tests", "check", "canary"), default="tests")
    return parser.parse_args(arguments)


def _by_tests(chosen: Sequence[Mutant], asked: argparse.Namespace, console: Console) -> int:
    console.print(f"{len(chosen)} breaks; first the tests on an unbroken copy")
    require_whole(chosen, ROOT)
    trials: list[Trial] = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for trial in pool.map(lambda mutant: tried(mutant, ROOT), chosen):
            said = f"{trial.outcome.name.lower():9}{trial.mutant.name}  {trial.seconds:.0f} s"
            console.print(said, markup=False)
            trials.append(trial)
    survivors = [trial for trial in trials if trial.outcome is Outcome.SURVIVED]
    rows = [
        (trial.mutant, trial.outcome.name.lower(), trial.noticed_by.partition("::")[2])
        for trial in trials
    ]
    console.print(_table(rows))
    console.print(f"{len(trials) - len(survivors)} of {len(trials)} caught")
    return ExitCode.OK if len(survivors) <= MAY_SURVIVE else ExitCode.CHECK_FAILED


def _by_check(chosen: Sequence[Mutant], asked: argparse.Namespace, console: Console) -> int:
    chosen = [mutant for mutant in chosen if mutant.changes_numbers]
    if not chosen:
        raise HarnessError("mutants", "none of these changes a number of a smoke exhibit")
    console.print(f"{len(chosen)} breaks; first the canary on an unbroken copy")
    free: Queue[Bench] = Queue()
    verdicts: list[Verdict] = []
    with ExitStack() as benches, ThreadPoolExecutor(asked.jobs) as pool:
        for _ in range(asked.jobs):
            free.put(benches.enter_context(Bench.of(ROOT)))

        def judged(mutant: Mutant) -> Verdict:
            bench = free.get()
            try:
                return bench.judged(mutant, whole=asked.by == "check")
            finally:
                free.put(bench)

        for verdict in pool.map(judged, chosen):
            said = f"{verdict.by.name.lower():9}{verdict.mutant.name}  {verdict.seconds:.0f} s"
            console.print(f"{said}  {verdict.said}", markup=False)
            verdicts.append(verdict)
    console.print(_table([(one.mutant, one.by.name.lower(), one.said) for one in verdicts]))
    canary = sum(one.by is Noticed.CANARY for one in verdicts)
    caught = sum(one.by is not Noticed.NOTHING for one in verdicts)
    console.print(f"{canary} of {len(verdicts)} caught by the canary, {caught} in all")
    least = BY_CHECK if asked.by == "check" else BY_CANARY
    enough = caught >= least * len(verdicts) and canary >= BY_CANARY * len(verdicts)
    return ExitCode.OK if enough else ExitCode.CHECK_FAILED


def _table(rows: Sequence[tuple[Mutant, str, str]]) -> Table:
    table = Table(box=None)
    for heading in ("break", "what is wrong then", "where", "outcome", "noticed by"):
        table.add_column(heading, overflow="fold")
    for mutant, outcome, by in rows:
        where = f"{mutant.file.removeprefix('harness/')}:{mutant.line(ROOT)}"
        table.add_row(mutant.name, mutant.says, where, outcome, by)
    return table


if __name__ == "__main__":
    sys.exit(main())
