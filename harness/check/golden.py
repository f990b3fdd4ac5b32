"""Golden files: the numbers that an exhibit is held against, read strictly, as printed."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from harness.check.contents import read_contents
from harness.check.tolerance import Exact, Printed, Rule, Seeds, Unsettled, read_tolerances
from harness.errors import Faults, HarnessError
from harness.files import read_plain
from harness.layout import PUBLISHED
from harness.parts.base import suggestion
from harness.spec.safe_text import decoded

FIELDS = ("quantity", "value", "same_as", "text", "std", "n", "seeds", "rule", "place")
UNDEFINED = "undefined"  # in place of the number of a seed
LARGEST = 10_000_000  # bytes
LARGEST_NUMBER = 1e15  # of a quantity; what is measured here is far smaller
MOST_RUNS = 10_000  # that a golden value may be the mean of
_PRINTED = re.compile(r"-?\d{1,16}(\.\d{1,40})?", re.ASCII)
_MEASURED = re.compile(rf"{_PRINTED.pattern}(e[+-]?\d{{1,3}})?", re.ASCII | re.IGNORECASE)
_SEED = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_NO_LEVELS = set(FIELDS) - {"quantity"}

Index = tuple[str, ...]
"""The levels of a cell as text, in the order of the index columns; '' where it has none."""

SeedValues = Mapping[int, float]
"""Seed → number, in the order of the seeds; NaN where a seed leaves the cell undefined."""

Lines = list[tuple[int, list[str]]]
ByLevels = dict[frozenset[tuple[str, str]], list[str]]
"""Quantity and levels of lines, with their names → the values of all lines that have them."""


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

    @property
    def lines(self) -> Mapping[str, int]:
        """How many lines of each quantity have a value to be held against."""
        settled = (one for one in self.cells if not isinstance(self.rules[one.rule], Unsettled))
        return Counter(cell.quantity for cell in settled)

    @property
    def seeds(self) -> frozenset[int]:
        """The seeds that its values were measured with; none of what is published."""
        kept = {seed for cell in self.cells for seed in cell.seeds}
        measured = [cell.number.n for cell in self.cells if cell.number and cell.number.n]
        return frozenset(kept or range(max(measured, default=0)))


def golden_folder(folders: Sequence[Path], name: str, file: str) -> Path:
    """The one of these folders whose set `name` has this file, or has it written down: what was
    measured in a study comes before what it inherits. The first, where none has.

    Raises:
        HarnessError: two have what a document prints.
    """
    having = [one for one in folders if _belongs(one / name, file)]
    if name == PUBLISHED and len(having) > 1:
        hint = "a study has published values of its own exhibits alone"
        raise HarnessError(
            str(having[0] / name / file), f"{having[1] / name} has it, too", hint=hint
        )
    return next(iter(having), folders[0])


def _belongs(folder: Path, file: str) -> bool:
    if (folder / file).is_file():
        return True
    with suppress(HarnessError):  # whoever uses the set says what is wrong there
        return file in read_contents(folder)
    return False


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
    for cell in cells:
        _require_rule(cell, golden)
    return golden


def read_table(path: Path, shown: str) -> Lines:
    """Line number and fields of each row of a CSV file that has any, the header first.

    Rows of empty fields are what spreadsheet programs leave at the end.

    Raises:
        HarnessError: unreadable, empty, too large, or no CSV with commas in UTF-8.
    """
    try:
        raw = read_plain(path)
    except OSError as error:
        raise HarnessError(shown, f"cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise HarnessError(shown, f"has {len(raw):,} bytes, a golden file at most {LARGEST:,}")
    reader = csv.reader(io.StringIO(decoded(raw, shown), newline=""), strict=True)
    found: Lines = []
    begins = 1  # the line: a quoted field may go over several
    try:
        for row in reader:
            if any(row):
                found.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise HarnessError(shown, f"is no CSV: {error}") from error
    if not found:
        raise HarnessError(f"{shown}:1", "holds no values")
    header = found[0][1]
    if len(header) == 1 and (mark := next((one for one in ";\t" if one in header[0]), "")):
        problem = f"its fields are separated by {mark!r}"
        raise HarnessError(f"{shown}:1", problem, hint="save it with commas")
    return found


def _require_rule(cell: GoldenCell, golden: Golden) -> None:
    """A line has a rule, and one that its value can be put to."""
    rule, number, problem, hint = golden.rules.get(cell.rule), cell.number, "", ""
    if rule is None and cell.rule == "unsettled" and golden.name == PUBLISHED:
        problem = f"{golden.shown} names the rule unsettled for {cell.quantity}, which is for "
        problem += "values measured here"
        hint = "leave it out of that line"
    elif rule is None and cell.rule != cell.quantity:
        problem = f"has no rule {cell.rule!r}, which {golden.shown} names for {cell.quantity}"
        hint = suggestion(cell.rule, golden.rules)
    elif rule is None:
        problem = f"has no rule for the quantity {cell.rule!r}"
        hint = suggestion(cell.rule, golden.rules)
    elif number is None and not isinstance(rule, Exact | Unsettled):
        problem = f"{cell.quantity}: words are compared by the rule exact, not {rule.rule}"
    elif number is not None and isinstance(rule, Unsettled):
        problem = f"{cell.quantity}: the rule unsettled is for cells without a value"
    elif isinstance(rule, Seeds) and number and ((number.n or 0) < 2 or number.std is None):
        problem = f"{cell.quantity}: the rule seeds needs std and n > 1 in {golden.shown}"
    if problem:
        raise HarnessError(f"{golden.shown.rsplit('/', 1)[0]}/tolerances.toml", problem, hint=hint)


def _cells(
    lines: Lines, shown: str, index: Sequence[str], folder: Path, faults: list[HarnessError]
) -> Iterator[GoldenCell]:
    """The cells of the lines that are right; what is wrong with the others goes into `faults`."""
    _, header = lines[0]
    wrong = list(_header_faults(header, index))
    if len(lines) < 2 and not wrong:
        wrong.append(("holds no values", ""))
    faults += (HarnessError(f"{shown}:1", said, hint=hint) for said, hint in wrong)
    seen: dict[tuple[str, Index], int] = {}
    tables: dict[str, ByLevels] = {}  # that lines refer to, each read once
    for number, line in lines[1:] if not wrong else []:
        where = f"{shown}:{number}"
        if len(line) != len(header):
            faults.append(HarnessError(where, f"{len(line)} fields, the header has {len(header)}"))
            continue
        try:
            cell = _cell(dict(zip(header, line, strict=True)), where, index, folder, tables)
        except HarnessError as fault:
            faults.append(fault)
            continue
        at = (cell.quantity, cell.index)
        if at in seen:
            faults.append(HarnessError(where, f"the cell of line {seen[at]} again"))
        seen.setdefault(at, number)
        yield cell


def _header_faults(header: list[str], index: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Problem and hint."""
    known = (*index, *FIELDS)
    for name in header:
        if name not in known:
            problem = f"{name!r} is neither an axis of the exhibit nor a field"
            yield problem, suggestion(name, known)
        if header.count(name) > 1:
            yield f"the column {name!r} stands twice", ""
    for name in (*index, "quantity", "place"):
        if name not in header:
            yield f"has no column {name!r}", ""
    if not {"value", "same_as", "text"} & set(header):
        yield "has neither a column 'value' nor 'text'", ""


def _cell(
    row: Mapping[str, str],
    where: str,
    index: Sequence[str],
    folder: Path,
    tables: dict[str, ByLevels],
) -> GoldenCell:
    if not row["quantity"]:
        raise HarnessError(where, "has no quantity")
    if not row["place"]:
        raise HarnessError(where, "has no place: where does the value stand?")
    value, text, reference = (row.get(name, "") for name in ("value", "text", "same_as"))
    if sum(map(bool, (value, text, reference))) != 1:
        raise HarnessError(where, "must have either a value or a text, or say same_as what")
    if reference:
        value = _lent(reference, folder, where, tables)
    form = _PRINTED if folder.name == PUBLISHED else _MEASURED
    number = _number(row, value, where, form) if value else None
    return GoldenCell(
        index=tuple(row[name] for name in index),
        quantity=row["quantity"],
        number=number,
        text=text or None,
        rule=row.get("rule", "") or row["quantity"],
        place=row["place"],
        seeds=_seeds(row.get("seeds", ""), where, number),
    )


def _number(row: Mapping[str, str], value: str, where: str, form: re.Pattern[str]) -> Printed:
    std = _float(row.get("std", ""), where, "std", form)
    n = _float(row.get("n", ""), where, "n", _PRINTED)
    if not math.isnan(n) and (n < 1 or n != int(n) or n > MOST_RUNS):
        problem = f"n must be a whole number from 1 to {MOST_RUNS:,} (got {row['n'][:60]!r})"
        raise HarnessError(where, problem)
    if std < 0:
        raise HarnessError(where, f"std must not be negative (got {row['std']!r})")
    return Printed(
        value,
        _float(value, where, "value", form),
        None if math.isnan(std) else std,
        None if math.isnan(n) else int(n),
    )


def _float(text: str, where: str, name: str, form: re.Pattern[str]) -> float:
    """A plain decimal, NaN where there is none; 1e5, nan and blanks are slips in a file that is
    written by hand. Sums and squares of what is larger than `LARGEST_NUMBER` may be no numbers."""
    number = float(text) if form.fullmatch(text) else math.nan
    if text and not abs(number) <= LARGEST_NUMBER:
        raise HarnessError(where, f"{name} is not a decimal number (got {text[:60]!r})")
    return number


def _lent(reference: str, folder: Path, where: str, tables: dict[str, ByLevels]) -> str:
    """The printed number that `same_as` points at, in the same set: `table1.csv accuracy
    neuron=lif depth=20 width=1` is the value of the line of that file that has this quantity and
    these levels and no others. `tables` keeps the files that were read.

    Raises:
        HarnessError: no such file or line, several, or one that points elsewhere itself.
    """
    words = reference.split()
    pairs = [word.partition("=") for word in words[2:]]
    if len(words) < 2 or not all(axis and equals and level for axis, equals, level in pairs):
        hint = "write it as: table1.csv accuracy neuron=lif depth=20 width=1"
        raise HarnessError(where, f"same_as: not a reference (got {reference!r})", hint=hint)
    file, wanted = words[0], {axis: level for axis, _, level in pairs} | {"quantity": words[1]}
    known = {path.name for path in folder.glob("[!.]*.csv")}
    if file not in known:
        raise HarnessError(where, f"same_as: no file {file!r}", hint=suggestion(file, known))
    if file not in tables:
        tables[file] = _by_levels(read_table(folder / file, f"{where}: {file}"))
    found = tables[file].get(frozenset(wanted.items()), [])
    if len(found) != 1:
        problem = f"same_as: {len(found) or 'no'} such lines in {file} (got {reference!r})"
        raise HarnessError(where, problem)
    if not found[0]:
        raise HarnessError(where, f"same_as: that line of {file} has no value of its own")
    return found[0]


def _by_levels(lines: Lines) -> ByLevels:
    (_, header), *rows = lines
    found: ByLevels = {}
    for _, line in rows:
        row = dict(zip(header, line, strict=False))
        said = ((name, row.get(name, "")) for name in row if name not in _NO_LEVELS)
        found.setdefault(frozenset(pair for pair in said if pair[1]), []).append(
            row.get("value", "")
        )
    return found


def _seeds(text: str, where: str, number: Printed | None) -> SeedValues:
    """The number of each seed, kept in one field: `0:95.1171875 1:94.62890625`.

    Raises:
        HarnessError: not such pairs, a seed twice, or other numbers than the line's mean and n say.
    """
    found: dict[int, float] = {}
    for word in text.split():
        seed, _, said = word.partition(":")
        is_known = said != UNDEFINED and bool(_MEASURED.fullmatch(said))
        value = float(said) if is_known else math.nan
        if not _SEED.fullmatch(seed) or (said != UNDEFINED and not abs(value) <= LARGEST_NUMBER):
            problem = f"seeds: not a seed with its number ({word[:60]!r})"
            raise HarnessError(where, problem, hint="write seed:number, as in 0:95.1 1:94.6")
        if int(seed) in found:
            raise HarnessError(where, f"seeds: seed {seed} stands twice")
        found[int(seed)] = value
    if found and number:
        own, mean = fmean(found.values()), number.value
        if len(found) != number.n or not math.isclose(own, mean, rel_tol=1e-9, abs_tol=1e-12):
            said = f"the line says {number.n} and {mean:g}"
            problem = f"seeds: {len(found)} with the mean {own:.9g}; {said}"
            raise HarnessError(where, problem, hint="harness golden writes them together")
        known = [value for value in found.values() if not math.isnan(value)]
        spread = stdev(known) if len(known) > 1 else 0.0
        if number.std is not None and not math.isclose(
            spread, number.std, rel_tol=1e-6, abs_tol=1e-9
        ):
            problem = f"seeds: they spread by {spread:.9g}; the line says {number.std:g}"
            raise HarnessError(where, problem, hint="harness golden writes them together")
    return found
