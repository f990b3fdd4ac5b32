"""Golden files: the numbers that an exhibit is held against, read strictly, as printed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from harness.check.same_as import lent
from harness.check.seed_values import SeedValues, parsed
from harness.check.table import Lines, read_table
from harness.check.tolerance import Exact, Printed, Rule, Seeds, Unsettled, read_tolerances
from harness.errors import Faults, HarnessError
from harness.parts.base import suggestion

PUBLISHED = "paper"  # the folder of golden/ that holds what the documents print
FIELDS = ("quantity", "value", "same_as", "text", "std", "n", "seeds", "rule", "place")
_PRINTED = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MEASURED = re.compile(rf"{_PRINTED.pattern}(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

Index = tuple[str, ...]
"""The levels of a cell as text, in the order of the index columns; '' where it has none."""


@dataclass(frozen=True)
class GoldenCell:
    """One line of a golden file: a number or a word, where it stands in its source, and the rule
    that it is compared by, which is that of its quantity unless the line names another. `seeds` has
    the number of each seed, where the file keeps them."""

    index: Index
    quantity: str
    number: Printed | None
    text: str | None
    rule: str
    place: str
    seeds: SeedValues = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """As it stands in the file; what was measured stands there with more digits than tell."""
        if self.number is None:
            return str(self.text)
        return self.number.text if self.number.n is None else f"{self.number.value:.6g}"


@dataclass(frozen=True)
class Golden:
    """A golden file of the set `name`, with the rules of its set by name."""

    name: str
    shown: str
    cells: tuple[GoldenCell, ...]
    rules: Mapping[str, Rule]

    @property
    def quantities(self) -> tuple[str, ...]:
        """What is compared, in the order of the file."""
        return tuple(dict.fromkeys(cell.quantity for cell in self.cells))


def level_text(value: Any) -> str:
    """A level as golden files write it: 20, lif, and nothing where a cell has no such level."""
    return "" if pd.isna(value) else str(value)


def read_golden(folder: Path, name: str, file: str, index: Sequence[str]) -> Golden | None:
    """The file `file` of golden set `name` for cells with this index; None where it has none.

    Raises:
        Faults: unknown or missing columns, a line of the wrong length, a cell that stands twice,
            something that is no number, a quantity without a tolerance; each with `file:line`.
    """
    path = folder / name / file
    if not path.is_file():
        return None
    shown = f"{folder.name}/{name}/{file}"
    faults: list[HarnessError] = []
    cells = tuple(_cells(read_table(path, shown), shown, index, path.parent, faults))
    if faults:
        raise Faults(faults)
    rules = read_tolerances(folder / name, f"{folder.name}/{name}")
    golden = Golden(name, shown, cells, rules)
    _require_rules(golden)
    return golden


def _require_rules(golden: Golden) -> None:
    """Each line has a rule, and one that its value can be put to."""
    place = f"{golden.shown.rsplit('/', 1)[0]}/tolerances.toml"
    for cell in golden.cells:
        rule = golden.rules.get(cell.rule)
        if rule is None:
            hint = suggestion(cell.rule, golden.rules)
            raise HarnessError(place, f"has no rule for the quantity {cell.rule!r}", hint=hint)
        if cell.number is None and not isinstance(rule, Exact | Unsettled):
            problem = f"{cell.quantity}: words are compared by the rule exact, not {rule.rule}"
            raise HarnessError(place, problem)
        if cell.number is not None and isinstance(rule, Unsettled):
            problem = f"{cell.quantity}: the rule unsettled is for cells without a value"
            raise HarnessError(place, problem)
        number = cell.number
        measured = number is not None and (number.n or 0) > 1 and number.std is not None
        if isinstance(rule, Seeds) and not measured:
            problem = f"{cell.quantity}: the rule seeds needs std and n > 1 in {golden.shown}"
            raise HarnessError(place, problem)


def _cells(
    lines: Lines,
    shown: str,
    index: Sequence[str],
    folder: Path,
    faults: list[HarnessError],
) -> Iterator[GoldenCell]:
    _, header = lines[0]
    wrong = list(_header_faults(header, shown, index))
    if len(lines) < 2 and not wrong:
        wrong.append(HarnessError(f"{shown}:1", "holds no values"))
    faults += wrong
    if wrong:
        return
    seen: dict[tuple[str, Index], int] = {}
    for number, line in lines[1:]:
        where = f"{shown}:{number}"
        if len(line) != len(header):
            faults.append(HarnessError(where, f"{len(line)} fields, the header has {len(header)}"))
            continue
        try:
            cell = _cell(dict(zip(header, line, strict=True)), where, index, folder)
        except HarnessError as fault:
            faults.append(fault)
            continue
        at = (cell.quantity, cell.index)
        if at in seen:
            faults.append(HarnessError(where, f"the cell of line {seen[at]} again"))
        seen.setdefault(at, number)
        yield cell


def _header_faults(header: list[str], shown: str, index: Sequence[str]) -> Iterator[HarnessError]:
    where = f"{shown}:1"
    known = (*index, *FIELDS)
    for name in header:
        if name not in known:
            hint = suggestion(name, known)
            yield HarnessError(
                where, f"{name!r} is neither an axis of the exhibit nor a field", hint=hint
            )
        if header.count(name) > 1:
            yield HarnessError(where, f"the column {name!r} stands twice")
    for name in (*index, "quantity", "place"):
        if name not in header:
            yield HarnessError(where, f"has no column {name!r}")
    if not {"value", "same_as", "text"} & set(header):
        yield HarnessError(where, "has neither a column 'value' nor 'text'")


def _cell(row: Mapping[str, str], where: str, index: Sequence[str], folder: Path) -> GoldenCell:
    if not row["quantity"]:
        raise HarnessError(where, "has no quantity")
    if not row["place"]:
        raise HarnessError(where, "has no place: where does the value stand?")
    value, text, reference = (row.get(name, "") for name in ("value", "text", "same_as"))
    if sum(map(bool, (value, text, reference))) != 1:
        raise HarnessError(where, "must have either a value or a text, or say same_as what")
    if reference:
        value = lent(reference, folder, where, FIELDS)
    number = None
    if value:
        form = _PRINTED if folder.name == PUBLISHED else _MEASURED
        std = _float(row.get("std", ""), where, "std", form)
        n = _float(row.get("n", ""), where, "n", _PRINTED)
        if n is not None and (n < 1 or n != int(n)):
            raise HarnessError(where, f"n must be a whole number from 1 (got {row['n']!r})")
        if std is not None and std < 0:
            raise HarnessError(where, f"std must not be negative (got {row['std']!r})")
        found = _float(value, where, "value", form)
        count = None if n is None else int(n)
        number = Printed(value, math.nan if found is None else found, std, count)
    return GoldenCell(
        index=tuple(row[name] for name in index),
        quantity=row["quantity"],
        number=number,
        text=text or None,
        rule=row.get("rule", "") or row["quantity"],
        place=row["place"],
        seeds=parsed(
            row.get("seeds", ""), where, *((number.value, number.n) if number else (math.nan, None))
        ),
    )


def _float(text: str, where: str, name: str, form: re.Pattern[str]) -> float | None:
    """A plain decimal; 1e5, nan and blanks are slips in a file that is written by hand."""
    if not text:
        return None
    number = float(text) if form.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise HarnessError(where, f"{name} is not a decimal number (got {text[:60]!r})")
    return number
