"""Two folders of results, A and B, read and held against each other: what each has alone, and what
both have otherwise.

Everything comes from the JSON files beside report.html; neither store nor specs are needed, so
results that were downloaded from elsewhere can be compared, too.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import flatten
from harness.errors import HarnessError
from harness.files import read_plain
from harness.layout import reachable

VERDICT, PROVENANCE = "verdict.json", "provenance.json"
VERSIONS = {VERDICT: 1, PROVENANCE: 1}

Values = Mapping[str, tuple[str, ...]]  # dotted name → the values that occur, in order
Place = tuple[str, str]  # quantity, levels as words


@dataclass(frozen=True)
class Cell:
    """A number or word of a table, and how it compared with its golden value there."""

    value: float | None
    text: str
    unit: str
    status: str


@dataclass(frozen=True)
class Claim:
    """Whether a sentence of the document held, and what was measured."""

    status: str
    measured: str


@dataclass(frozen=True)
class Exhibit:
    """One exhibit of a folder."""

    id: str
    word: str  # of its verdict
    cells: Mapping[Place, Cell]
    claims: Mapping[str, Claim]
    standards: Values  # what its cells and claims are held against
    settings: Values
    environment: Values
    spec: str
    keys: frozenset[str]  # of its stored runs


@dataclass(frozen=True)
class Results:
    """The exhibits of one folder, as the user named it."""

    folder: str
    profile: str
    exhibits: Mapping[str, Exhibit]


def read_results(folder: Path) -> Results:
    """The results in `out/<profile>/`.

    Raises:
        HarnessError: no such folder, no results in it, or results of another version.
    """
    folder = reachable(folder, "diff")
    if not folder.is_dir():
        problem = "is a file, not a folder of results" if folder.exists() else "no such folder"
        raise HarnessError(str(folder), problem, hint="name one like out/smoke")
    found = sorted(path.parent for path in folder.glob(f"*/{VERDICT}"))
    if not found:
        raise HarnessError(str(folder), "holds no results", hint=_elsewhere(folder))
    exhibits = [_exhibit(one) for one in found]
    profiles = dict.fromkeys(profile for profile, _ in exhibits)
    return Results(str(folder), ", ".join(profiles), {one.id: one for _, one in exhibits})


def _elsewhere(folder: Path) -> str:
    if (folder / VERDICT).is_file():
        return f"it is one exhibit; name the folder above it, {folder.parent}"
    below = sorted({path.parents[1].name for path in folder.glob(f"*/*/{VERDICT}")})
    if below:
        return "did you mean " + " or ".join(str(folder / name) for name in below) + "?"
    return "harness reproduce and harness report write them to out/<profile>/"


def _exhibit(folder: Path) -> tuple[str, Exhibit]:
    verdict, provenance = _read(folder / VERDICT), _read(folder / PROVENANCE)
    try:
        nodes = provenance["nodes"]
        made = Exhibit(
            id=verdict["exhibit"],
            word=str(verdict["word"]),
            cells=dict(map(_cell, verdict["cells"])),
            claims={one["id"]: Claim(one["status"], one["measured"]) for one in verdict["claims"]},
            standards=values_of([dict(_standards(verdict))]),
            # without the specs of the trainings that a node measures: those are nodes, too
            settings=values_of(
                {name: value for name, value in node["spec"].items() if name not in ("x", "y")}
                for node in nodes
            ),
            environment=values_of(node["environment"] for node in nodes if node["stored"]),
            spec=provenance["spec"]["text"],
            keys=frozenset(node["key"] for node in nodes if node["stored"]),
        )
        return verdict["profile"], made
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"the files here do not have the expected fields: {error}"
        raise HarnessError(str(folder), problem, hint=_AGAIN) from error


_HELD = {"golden": "golden value", "tolerance": "tolerance", "basis": "basis of the tolerance"}
_TESTED = {"predicate": "predicate", "basis": "basis of the predicate", "counted": "counts"}


def _standards(verdict: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What decides whether it holds, and is no result of a run."""
    yield "set of golden values", verdict.get("golden")
    for cell in verdict["cells"]:
        at = ", ".join(filter(None, _cell(cell)[0]))
        yield from ((f"{at}: {said}", cell.get(name)) for name, said in _HELD.items())
    for claim in verdict["claims"]:
        yield from ((f"claim {claim['id']}: {s}", claim.get(name)) for name, s in _TESTED.items())


_AGAIN = "write them again: harness report"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_plain(path))
    except FileNotFoundError:
        raise HarnessError(str(path), "is missing", hint=_AGAIN) from None
    except OSError as error:
        raise HarnessError(str(path), f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise HarnessError(str(path), f"is not JSON: {error}", hint=_AGAIN) from error
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSIONS[path.name]:
        problem = f"has version {version!r}, this harness reads {VERSIONS[path.name]}"
        raise HarnessError(str(path), problem, hint=_AGAIN)
    return dict(content)


def _cell(said: Mapping[str, Any]) -> tuple[Place, Cell]:
    levels = ", ".join(f"{axis} {level}" for axis, level in said["levels"].items() if level)
    cell = Cell(said["value"], said["text"] or "", said["unit"] or "", said["status"])
    return (said["quantity"], levels), cell


def values_of(records: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Every dotted field of the records with the values that occur, each once."""
    seen: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in flatten(record):
            if value not in (None, "", []):
                said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                seen.setdefault(name, {})[said] = None
    return {name: tuple(sorted(values)) for name, values in seen.items()}


@dataclass(frozen=True)
class Change:
    """Something named that A and B say differently; "" is what one of them does not say."""

    name: str
    before: str
    after: str
    exhibits: tuple[str, ...] = ()  # in which


@dataclass(frozen=True)
class Number:
    """A cell that differs, in its number or in its status alone; None is a cell that A or B does
    not have.
    """

    exhibit: str
    quantity: str
    levels: str
    before: Cell | None
    after: Cell | None

    @property
    def difference(self) -> float | None:
        """B − A, in the unit of the cell; None where either is no number."""
        if self.before is None or self.after is None:
            return None
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value


@dataclass(frozen=True)
class Difference:
    """B against A. `same` counts the cells of common exhibits whose numbers do not differ.

    `statuses` are cells with the same number that are called otherwise, as where a golden value or
    its band changed. `unexplained` are exhibits whose numbers differ although the keys of their
    stored runs are the same: the runs were not repeatable, or a change of code did not raise a
    revision.
    """

    before: Results
    after: Results
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    common: tuple[str, ...]
    standards: tuple[Change, ...]
    environment: tuple[Change, ...]
    settings: tuple[Change, ...]
    specs: Mapping[str, tuple[str, ...]]  # exhibit → lines of a unified diff of its TOML file
    verdicts: tuple[Change, ...]
    claims: tuple[Change, ...]
    numbers: tuple[Number, ...]
    statuses: tuple[Number, ...]
    same: int
    unexplained: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether a number, status, claim or verdict differs, or what they are held against, or an
        exhibit is in one alone.
        """
        alone = self.only_before or self.only_after
        cells = self.numbers or self.statuses
        return bool(alone or self.verdicts or self.claims or cells or self.standards)


def compare(before: Results, after: Results, *, within: float = 0.0) -> Difference:
    """The difference of two results; numbers up to `within` apart, in their own unit, are equal."""
    common = [name for name in before.exhibits if name in after.exhibits]
    pairs = [(before.exhibits[name], after.exhibits[name]) for name in common]
    cells = [one for a, b in pairs for one in _cells(a, b)]
    alike = [_equal(one.before, one.after, within) for one in cells]
    numbers = tuple(one for one, is_same in zip(cells, alike, strict=True) if not is_same)
    same = [one for one, is_same in zip(cells, alike, strict=True) if is_same]
    return Difference(
        before=before,
        after=after,
        only_before=tuple(name for name in before.exhibits if name not in after.exhibits),
        only_after=tuple(name for name in after.exhibits if name not in before.exhibits),
        common=tuple(common),
        standards=together([(a.id, a.standards, b.standards) for a, b in pairs]),
        environment=together([(a.id, a.environment, b.environment) for a, b in pairs]),
        settings=together([(a.id, a.settings, b.settings) for a, b in pairs]),
        specs={a.id: _lines(a.spec, b.spec) for a, b in pairs if a.spec != b.spec},
        verdicts=tuple(Change(a.id, a.word, b.word, (a.id,)) for a, b in pairs if a.word != b.word),
        claims=tuple(one for a, b in pairs for one in _claims(a, b)),
        numbers=numbers,
        statuses=tuple(one for one in same if _status(one.before) != _status(one.after)),
        same=len(same),
        unexplained=tuple(
            dict.fromkeys(
                one.exhibit
                for one in numbers
                if before.exhibits[one.exhibit].keys == after.exhibits[one.exhibit].keys
            )
        ),
    )


def _cells(before: Exhibit, after: Exhibit) -> Iterator[Number]:
    """Every cell that one of them has."""
    for place in dict.fromkeys((*before.cells, *after.cells)):
        yield Number(before.id, *place, before.cells.get(place), after.cells.get(place))


def _equal(a: Cell | None, b: Cell | None, within: float) -> bool:
    """Whether two cells are the same number or word. A cell with neither is as good as absent: it
    may stand in a golden file alone.
    """
    a, b = (one if one and (one.value is not None or one.text) else None for one in (a, b))
    if a is None or b is None:
        return a is b
    if (a.text, a.unit) != (b.text, b.unit):
        return False
    if a.value is None or b.value is None:
        return a.value is b.value
    return abs(a.value - b.value) <= within


def _status(cell: Cell | None) -> str:
    return cell.status if cell else ""


def _claims(before: Exhibit, after: Exhibit) -> Iterator[Change]:
    for name in dict.fromkeys((*before.claims, *after.claims)):
        a, b = before.claims.get(name), after.claims.get(name)
        if a is None or b is None or a.status != b.status:
            yield Change(name, _said(a), _said(b), (before.id,))


def _said(claim: Claim | None) -> str:
    return f"{claim.status}: {claim.measured}" if claim else ""


def together(compared: Sequence[tuple[str, Values, Values]]) -> tuple[Change, ...]:
    """The fields that differ, those that do so in the same way in several exhibits told once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for exhibit, before, after in compared:
        for name in dict.fromkeys((*before, *after)):
            a, b = before.get(name, ()), after.get(name, ())
            if a != b:
                found.setdefault((name, " | ".join(a), " | ".join(b)), []).append(exhibit)
    return tuple(Change(*what, exhibits=tuple(where)) for what, where in found.items())


def _lines(before: str, after: str) -> tuple[str, ...]:
    made = difflib.unified_diff(before.splitlines(), after.splitlines(), "A", "B", "", "", 1, "")
    return tuple(made)
