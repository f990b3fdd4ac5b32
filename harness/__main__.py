"""The entry point of `harness` and `python -m harness`: whatever happens has an exit code, and what
nobody foresaw has one of its own.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import sys
import tempfile
import tomllib
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import harness
from harness.errors import ExitCode, visible
from harness.terminal.streams import flushed, reader_left, show_anything

CODE = Path(harness.__file__).resolve().parents[1]


def main() -> None:
    """Run the command line; always ends by SystemExit, and an exception as one sentence, a log with
    the traceback and `CRASHED`.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # processes import nothing of the working folder
    try:
        show_anything()
        from harness.cli import main as command  # what it needs may not be installed

        try:
            command()
        except BrokenPipeError:
            reader_left()
        except SystemExit as ended:
            sys.exit(flushed(int(ended.code or 0)))
    except Exception as error:
        lacking = _lacking(error)
        with suppress(OSError):
            sys.stderr.write(visible(f"harness: {lacking or _unforeseen(error)}") + "\n")
        sys.exit(ExitCode.USAGE if lacking else ExitCode.CRASHED)


def _lacking(error: Exception) -> str:
    """What to install, where that is all that is wrong."""
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package in ("harness", "paper_figures", ""):
        return ""
    absent = {package: package} | {
        name: said for name, said in _needed().items() if name == package or not _is_here(name)
    }
    fix = shlex.join([sys.executable, "-m", "pip", "install", *absent.values()])
    *others, last = sorted(absent)
    said = f"packages {', '.join(others)} and {last} are" if others else f"package {last} is"
    return f"the {said} not installed for {sys.executable} – {fix}"


def _needed() -> dict[str, str]:
    """Packages that the harness needs, with their versions: of this checkout, else as installed."""
    needed: list[str] = []
    try:
        project = tomllib.loads((CODE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        needed = project["dependencies"]
    except (OSError, ValueError, KeyError):
        with suppress(metadata.PackageNotFoundError):
            listed = metadata.requires("snn-cka-harness") or []
            needed = [one for one in listed if ";" not in one]
    return {re.split(r"[^A-Za-z0-9_-]", one, maxsplit=1)[0]: one for one in needed}


def _is_here(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def _unforeseen(error: Exception) -> str:
    problem = next(iter(str(error).strip().splitlines()), "")
    said = f"{type(error).__name__}: {problem[:200]}".rstrip(": ")
    return f"unforeseen fault, {said} – {_report()}"


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


if __name__ == "__main__":
    # `python -m` puts the working folder first, which need not be where this code lies
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != CODE:
        del sys.path[0]
    main()
