"""`python -m tests.mutants [WORD …]`: break the project in many ways, and see which the tests miss.

Words choose breaks by parts of their names. Exit code 0 when at most one survives, 1 when more do,
2 when a table no longer fits the source, 3 when tests could not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.errors import ExitCode, HarnessError
from tests.mutants.mutant import mutants, named
from tests.mutants.trial import Outcome, Trial, require_whole, tried

ROOT = Path(__file__).resolve().parents[2]
MAY_SURVIVE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the breaks that are asked for; gives the exit code."""
    asked = _arguments(arguments)
    console = Console(width=160, soft_wrap=True, highlight=False)
    try:
        chosen = named(mutants(), asked.words)
        for mutant in chosen:
            mutant.line(ROOT)  # a stale table is said before the first minute of work
        console.print(f"{len(chosen)} breaks; first the tests on an unbroken copy")
        require_whole(chosen, ROOT)
        trials = []
        with ThreadPoolExecutor(asked.jobs) as pool:
            for trial in pool.map(lambda mutant: tried(mutant, ROOT), chosen):
                console.print(_said(trial), markup=False)
                trials.append(trial)
    except HarnessError as error:
        console.print(str(error), markup=False)
        return error.code
    survivors = [trial for trial in trials if trial.outcome is Outcome.SURVIVED]
    console.print(_table(trials))
    console.print(f"{len(trials) - len(survivors)} of {len(trials)} caught")
    return ExitCode.OK if len(survivors) <= MAY_SURVIVE else ExitCode.CHECK_FAILED


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names; all breaks without")
    parser.add_argument("--jobs", type=int, default=1, help="breaks that are tried side by side")
    return parser.parse_args(arguments)


def _said(trial: Trial) -> str:
    return f"{trial.outcome.name.lower():9}{trial.mutant.name}  {trial.seconds:.0f} s"


def _table(trials: Sequence[Trial]) -> Table:
    table = Table(box=None)
    for heading in ("break", "what is wrong then", "where", "outcome", "noticed by"):
        table.add_column(heading, overflow="fold")
    for trial in trials:
        mutant = trial.mutant
        where = f"{mutant.file.removeprefix('harness/')}:{trial.line}"
        by = trial.noticed_by.partition("::")[2]
        table.add_row(mutant.name, mutant.says, where, trial.outcome.name.lower(), by)
    return table


if __name__ == "__main__":
    sys.exit(main())
