"""One way to break the harness: which text becomes which, and the tests that should notice."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError

FIELDS = ("name", "says", "file", "right", "broken", "tests")
SILENT = "silent"
NUMBERS = ("attacks", "cka", "events", "networks", "neurons", "norm", "quiet", "training")
"""Tables whose breaks change a number of some exhibit, but for those that say why they do not."""

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mutant:
    """A break: `right`, which stands in `file` exactly once, becomes `broken`."""

    name: str
    says: str  # what is wrong then, in the field's words
    file: str  # from the project's root
    right: str
    broken: str
    tests: tuple[str, ...]  # as pytest takes them: files, or file::function
    table: str = ""
    silent: str = ""  # why no number of a smoke exhibit changes, where none does

    @property
    def changes_numbers(self) -> bool:
        """Whether `harness check` ought to notice."""
        return self.table in NUMBERS and not self.silent

    def line(self, root: Path) -> int:
        """Where the text stands, counted from 1; HarnessError unless it stands there once."""
        text = self._source(root)
        found = text.count(self.right)
        if found != 1:
            raise HarnessError(
                f"mutant {self.name!r}",
                f"its text must stand in {self.file} exactly once (got {found} times)",
                hint="the source has moved on: bring the table after it",
            )
        return text[: text.index(self.right)].count("\n") + 1

    def apply(self, root: Path) -> None:
        """Break the project at `root`, which is a copy."""
        self.line(root)
        broken = self._source(root).replace(self.right, self.broken)
        (root / self.file).write_text(broken, encoding="utf-8")

    def _source(self, root: Path) -> str:
        path = root / self.file
        if not path.is_file():
            raise HarnessError(f"mutant {self.name!r}", f"there is no file {self.file}")
        return path.read_text(encoding="utf-8")


def mutants(folder: Path = HERE) -> tuple[Mutant, ...]:
    """All tables `*.toml` of the folder, one after the other; HarnessError for a bad one."""
    found = [
        _mutant(path.stem, entry)
        for path in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    ]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise HarnessError("mutants", f"two of them are called {name!r}")
    return tuple(found)


def named(known: Sequence[Mutant], words: Sequence[str]) -> tuple[Mutant, ...]:
    """Those of a table of this name, or whose name holds one of the words; all without words.

    Raises HarnessError where there is none.
    """
    chosen = tuple(
        one
        for one in known
        if not words or any(word == one.table or word in one.name for word in words)
    )
    if not chosen:
        names = ", ".join(one.name for one in known)
        raise HarnessError("mutants", f"none is called like {' '.join(words)!r}", hint=names)
    return chosen


def _mutant(table: str, entry: dict[str, Any]) -> Mutant:
    if set(entry) - {SILENT} != set(FIELDS):
        raise HarnessError(f"mutants {table}", f"fields are {FIELDS} (got {tuple(entry)})")
    return Mutant(**(entry | {"tests": tuple(entry["tests"]), "table": table}))
