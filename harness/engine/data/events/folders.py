"""Recordings as they lie on the disk: a folder per class, as both data sets were published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """Files relative to a folder, each with the number of its class."""

    class_names: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]


def list_recordings(folder: Path, suffix: str) -> Listing:
    """Every file `class/name.suffix` under `folder`: classes by name, files in the order of their
    numbers.

    `cifar10_cat_10.aedat` comes after `cifar10_cat_9.aedat`, whatever the file system says. Other
    files are passed over, hidden ones too. Raises HarnessError for a folder without such files and
    for a class without any.
    """
    try:
        classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        found = {
            name: sorted(
                (file.name for file in (folder / name).glob(f"[!.]*{suffix}")), key=_by_number
            )
            for name in classes
            if not name.startswith(".")
        }
    except OSError as error:
        raise HarnessError(str(folder), f"cannot be listed: {error.strerror or error}") from error
    empty = [name for name, files in found.items() if not files]
    if empty or not found:
        raise HarnessError(
            str(folder / empty[0]) if empty else str(folder),
            f"holds no *{suffix}",
            hint="the data directory needs a folder per class, as the archives unpack",
        )
    files = tuple(f"{name}/{file}" for name, those in found.items() for file in those)
    labels = tuple(label for label, those in enumerate(found.values()) for _ in those)
    return Listing(tuple(found), files, labels)


def _by_number(name: str) -> tuple[tuple[int, str], ...]:
    """Digits compare as numbers, the rest as text."""
    parts = _NUMBER.split(name)
    keys = ((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
    return (*keys, (-1, name))
