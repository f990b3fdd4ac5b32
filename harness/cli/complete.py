"""What the shell offers after Tab. A completion says nothing about faults: it offers nothing."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError
from harness.layout import find_project


def exhibits() -> list[str]:
    """Ids of the exhibits, by the names of their files: nothing is read."""
    return [*_files("paper"), *_files("lab"), "all"]


def profiles() -> list[str]:
    """Ids of the profiles."""
    return _files("profiles")


def settings() -> list[str]:
    """What --set may change, each with its `=`."""
    from harness.spec.exhibit import AXES
    from harness.spec.parts import known_fields

    return [f"{name}=" for name in (*AXES, *known_fields())]


def kinds() -> list[str]:
    """Kinds of specs that have a schema."""
    from harness.spec.schema import KINDS

    return list(KINDS)


def _files(room: str) -> list[str]:
    try:
        folder = find_project(Path.cwd()) / "specs" / room
    except (HarnessError, OSError):
        return []
    return sorted(path.stem for path in folder.glob("[!.]*.toml"))
