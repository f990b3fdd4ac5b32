"""Whether `harness check` notices a break: its canary first, then the exhibits that it guards.

A copy of the project is broken and mended again, one break after the other, so that what was
compiled in it serves them all; where a break lies in a file that numba compiles, it is compiled
anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.errors import ExitCode
from tests.mutants.mutant import Mutant
from tests.mutants.trial import copied, could_not, environment

_COMPILED = re.compile(r"^(?:from|import) (?:numba|harness\.engine\.cpu\.floats)\b", re.MULTILINE)
CANARY = ("tests.mutants.until_first",)
_LIMIT = 3600  # seconds of one command; a break may make it endless


class Noticed(Enum):
    """By what a break was caught."""

    CANARY = "the canary does not hold"
    CHECK = "the canary holds, an exhibit does not"
    NOTHING = "check ends with 0"


@dataclass(frozen=True)
class Verdict:
    """A break that was judged by `check`, and what it said first."""

    mutant: Mutant
    by: Noticed
    said: str
    seconds: float


class Bench:
    """A copy of the project to be broken."""

    def __init__(self, project: Path) -> None:
        self.project = project

    @classmethod
    @contextmanager
    def of(cls, root: Path) -> Iterator[Bench]:
        """A copy of the project at `root`; HarnessError where its own canary does not hold."""
        with copied(root) as project:
            bench = cls(project)
            code, said = bench._run(*CANARY)
            if code != ExitCode.OK:
                raise could_not("unbroken copy", "its canary", code, said)
            yield bench

    def judged(self, mutant: Mutant, *, whole: bool) -> Verdict:
        """Break, check, mend. Without `whole` the canary alone is asked."""
        started = time.perf_counter()
        with self._broken(mutant) as compiled:
            code, said = self._run(*CANARY, compiled=compiled)
            by = Noticed.NOTHING if code == ExitCode.OK else Noticed.CANARY
            if by is Noticed.NOTHING and whole:
                store = self.project.parent / "store"
                folders = ("--store", str(store), "--out", str(self.project.parent / "out"))
                check = ("harness", "check", "--no-canary", "--quiet", *folders)
                code, said = self._run(*check, compiled=compiled)
                by = Noticed.NOTHING if code == ExitCode.OK else Noticed.CHECK
                shutil.rmtree(store, ignore_errors=True)
        return Verdict(mutant, by, _first(said), time.perf_counter() - started)

    @contextmanager
    def _broken(self, mutant: Mutant) -> Iterator[str]:
        """While this is open the copy is broken; gives the folder for what is compiled."""
        path = self.project / mutant.file
        before, text = path.stat(), path.read_text(encoding="utf-8")
        compiled = "numba-anew" if _COMPILED.search(text) else "numba"
        try:
            mutant.apply(self.project)
            yield compiled
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            shutil.rmtree(self.project.parent / "numba-anew", ignore_errors=True)

    def _run(self, *module: str, compiled: str = "numba") -> tuple[int, str]:
        command = [sys.executable, "-m", *module]
        kept = dict(environment(self.project, compiled))
        try:
            done = subprocess.run(
                command,
                cwd=self.project,
                env=kept,
                capture_output=True,
                text=True,
                check=False,
                timeout=_LIMIT,
            )
        except subprocess.TimeoutExpired:
            return ExitCode.RUN_FAILED, f"not done after {_LIMIT} s"
        return done.returncode, done.stdout + done.stderr


def _first(said: str) -> str:
    """The first line that tells of something that does not hold, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"instead of|FAIL|changed|Error", line)]
    return (telling or lines[-1:] or [""])[0]
