"""The end of a program that met what nobody foresaw: never a code that means something else."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import harness
from harness.errors import ExitCode, visible


@contextmanager
def crashes_told() -> Iterator[None]:
    """Turn any exception inside into one sentence, a log with the traceback and `CRASHED`."""
    try:
        yield
    except Exception as error:
        problem = next(iter(str(error).strip().splitlines()), "")
        said = f"{type(error).__name__}: {problem[:200]}".rstrip(": ")
        with suppress(OSError):
            sys.stderr.write(visible(f"harness: unforeseen fault, {said} – {_report()}") + "\n")
        sys.exit(ExitCode.CRASHED)


def _report() -> str:
    """What to do about the exception that is being handled."""
    lines = (
        f"harness {harness.__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, in {_here()}",
        shlex.join(["harness", *sys.argv[1:]]),
        "",
        traceback.format_exc(),
    )
    text = "\n".join(lines)
    try:
        handle, path = tempfile.mkstemp(prefix="harness-crash-", suffix=".log")
        os.close(handle)
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:  # no folder for temporary files can be written
        return f"please report it as a bug of the harness, with these lines:\n{text}"
    return f"please report it as a bug of the harness, with {path}"


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "a folder that was removed"
