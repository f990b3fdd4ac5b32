"""The one exception that reaches a user, and the exit codes of the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import partial


class ExitCode(IntEnum):
    """What the shell gets back; scripts and CI may rely on these."""

    OK = 0
    CHECK_FAILED = 1  # what was looked at does not hold, differs, is damaged or missing
    USAGE = 2  # bad spec, bad option, bad input: nothing was run
    RUN_FAILED = 3  # a run or a drawing failed, or the disk refused, and nothing of the above
    MADE_OTHERWISE = 4  # all holds, of runs that other code, versions or instructions made
    CRASHED = 70  # what nobody foresaw: a bug of the harness, with a log to report
    INTERRUPTED = 130  # Ctrl-C or SIGTERM; the same command goes on from there
    READER_LEFT = 141  # of a pipe, as in `harness list | head -1`: 128 + SIGPIPE, as of any program


HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control, but tab and line ends
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u200b\u2028\u2029\u2060\ufeff"  # invisible: no width, line ends that are none
    "\ud800-\udfff]"  # halves of characters
)
"""Characters that make a terminal or a reader see something else than is there (CVE-2021-42574)."""


_ACTS = re.compile(rf"{HARMFUL.pattern}|\r(?!\n)")  # a lone \r would write over what stands there


def visible(text: str) -> str:
    """Text as a terminal may be given it: what would act on it, or hide, is spelt out. In JSON that
    is another way to write the same.
    """
    return _ACTS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class HarnessError(Exception):
    """A fault in the user's words: where it is, what is wrong, and what would put it right.

    `where` is a place that the user can open or type (`specs/paper/table1.toml:14`, `--set seed`),
    `problem` says what was found there, `hint` names the fix. A traceback is never part of it.
    """

    def __init__(
        self, where: str, problem: str, *, hint: str = "", code: ExitCode = ExitCode.USAGE
    ) -> None:
        self.where = where
        self.problem = problem
        self.hint = hint
        self.code = code
        super().__init__(where, problem, hint)

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}"
        return visible(f"{text} – {self.hint}" if self.hint else text)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword fields when a worker sends the error through a pipe."""
        made = partial(HarnessError, hint=self.hint, code=self.code)
        return (made, (self.where, self.problem))


class Faults(HarnessError):
    """Several faults found in one pass, so that a user mends them in one pass too."""

    def __init__(self, faults: Sequence[HarnessError]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(first.where, first.problem, hint=first.hint, code=first.code)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)

    def __reduce__(self) -> tuple[object, ...]:
        return (Faults, (self.faults,))
