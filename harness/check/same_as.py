"""A number that several exhibits print stands in one golden file; the others point at its line.

`table1.csv accuracy neuron=lif depth=20 width=1` is the value of the line of that file, in the same
set, that has this quantity and these levels and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.check.table import read_table
from harness.errors import HarnessError
from harness.parts.base import suggestion

FORM = "write it as: table1.csv accuracy neuron=lif depth=20 width=1"


def lent(reference: str, folder: Path, where: str, fields: tuple[str, ...]) -> str:
    """The printed number that `reference` points at; `folder` is that of the set, `fields` the
    columns of golden files that are no axes.

    Raises:
        HarnessError: no such file or line, several, or one that points elsewhere itself.
    """
    file, quantity, levels = _parsed(reference, where)
    known = {path.name for path in folder.glob("[!.]*.csv")}
    if file not in known:
        raise HarnessError(where, f"same_as: no file {file!r}", hint=suggestion(file, known))
    (_, header), *lines = read_table(folder / file, f"{where}: {file}")
    found = [row for row in (dict(zip(header, line, strict=False)) for _, line in lines)
             if row.get("quantity") == quantity and _levels(row, fields) == levels]  # fmt: skip
    if len(found) != 1:
        problem = f"same_as: {len(found) or 'no'} such lines in {file} (got {reference!r})"
        raise HarnessError(where, problem)
    if not found[0].get("value"):
        raise HarnessError(where, f"same_as: that line of {file} has no value of its own")
    return found[0]["value"]


def _parsed(reference: str, where: str) -> tuple[str, str, dict[str, str]]:
    file, *rest = reference.split()
    pairs = [word.partition("=") for word in rest[1:]]
    if not rest or not all(axis and equals and level for axis, equals, level in pairs):
        raise HarnessError(where, f"same_as: not a reference (got {reference!r})", hint=FORM)
    return file, rest[0], {axis: level for axis, _, level in pairs}


def _levels(row: Mapping[str, str], fields: tuple[str, ...]) -> dict[str, str]:
    return {name: text for name, text in row.items() if name not in fields and text}
