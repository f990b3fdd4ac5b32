"""What the shell offers after Tab. A completion says nothing about faults: it offers nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import HarnessError
from harness.layout import find_project
from harness.spec.exhibit import AXES
from harness.spec.parts import known_fields
from harness.spec.schema import KINDS


def exhibits(incomplete: str) -> list[str]:
    """Ids of the exhibits, by the names of their files: nothing is read."""
    return _starting([*_files("paper"), *_files("lab"), "all"], incomplete)


def profiles(incomplete: str) -> list[str]:
    """Ids of the profiles."""
    return _starting(_files("profiles"), incomplete)


def settings(incomplete: str) -> list[str]:
    """What --set may change, each with its `=`."""
    return [f"{name}=" for name in _starting((*AXES, *known_fields()), incomplete)]


def kinds(incomplete: str) -> list[str]:
    """Kinds of specs that have a schema."""
    return _starting(KINDS, incomplete)


def _files(room: str) -> list[str]:
    try:
        folder = find_project(Path.cwd()) / "specs" / room
    except (HarnessError, OSError):
        return []
    return sorted(path.stem for path in folder.glob("[!.]*.toml"))


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
