"""Whether the tests notice a break: a copy of the project is broken, and pytest runs in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.errors import ExitCode, HarnessError
from tests.mutants.mutant import Mutant

COPIED = ("harness", "paper_figures", "specs", "golden", "tests", "pyproject.toml", "study.toml")
_PASSED, _FAILED = 0, 1  # of pytest's exit codes; the others mean that it could not test
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
_TAIL = 2000  # characters of pytest's output in a fault


class Outcome(Enum):
    """What became of a break."""

    CAUGHT = "a test fails"
    SURVIVED = "every test that should notice passes"


@dataclass(frozen=True)
class Trial:
    """A break that was tried."""

    mutant: Mutant
    line: int
    outcome: Outcome
    noticed_by: str  # the first test that failed; empty where it survived
    seconds: float


def tried(mutant: Mutant, root: Path) -> Trial:
    """Break a copy of the project at `root` and run the tests that should notice.

    Raises HarnessError where the text is not there exactly once, and where pytest could not run the
    tests: a copy that cannot be imported proves nothing.
    """
    started = time.perf_counter()
    line = mutant.line(root)
    with copied(root) as project:
        mutant.apply(project)
        code, said = _pytest(project, mutant.tests)
    if code not in (_PASSED, _FAILED):
        raise could_not(f"mutant {mutant.name!r}", "pytest", code, said)
    noticed = _NOTICED.search(said)
    return Trial(
        mutant,
        line,
        Outcome.CAUGHT if code == _FAILED else Outcome.SURVIVED,
        noticed[1] if noticed else "",
        time.perf_counter() - started,
    )


def require_whole(chosen: Sequence[Mutant], root: Path) -> None:
    """Raise HarnessError unless the tests pass in a copy that nobody broke: a test that fails there
    would catch everything.
    """
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    with copied(root) as project:
        code, said = _pytest(project, tests)
    if code != _PASSED:
        raise could_not("unbroken copy", "pytest", code, said)


def could_not(where: str, command: str, code: int, said: str) -> HarnessError:
    """What proves nothing: a command that should have passed, or have told, did neither."""
    problem = f"{command} ended with {code}: …{said[-_TAIL:]}"
    return HarnessError(where, problem, code=ExitCode.RUN_FAILED)


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of what tests need, for a while, without anything that Python or numba has compiled:
    numba does not see that a function which a kernel calls has changed.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / name, project / name, ignore=ignored)
            elif (root / name).exists():
                shutil.copy2(root / name, project / name)
        yield project


def _pytest(project: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Exit code, and what was said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=project, env=environment(project), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def environment(project: Path, compiled: str = "numba") -> Mapping[str, str]:
    """One thread, and the copy in front of the project that may be installed; what numba compiles
    lies in the folder `compiled` beside it.
    """
    ours = {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(project),
        "NUMBA_CACHE_DIR": str(project.parent / compiled),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return kept | ours
