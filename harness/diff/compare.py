"""Results A and B → their difference: what each has alone, and what both have otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.diff.results import Cell, Claim, Exhibit, Results, Values


@dataclass(frozen=True)
class Change:
    """Something named that A and B say differently; "" is what one of them does not say."""

    name: str
    before: str
    after: str
    exhibits: tuple[str, ...] = ()  # in which


@dataclass(frozen=True)
class Number:
    """A cell that differs; None is a cell that A or B does not have."""

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
    """B against A. `same` counts the cells of common exhibits that do not differ.

    `unexplained` are exhibits whose numbers differ although the keys of their runs are the same:
    the runs were not repeatable, or a change of code did not raise a revision.
    """

    before: Results
    after: Results
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    common: tuple[str, ...]
    environment: tuple[Change, ...]
    settings: tuple[Change, ...]
    specs: Mapping[str, tuple[str, ...]]  # exhibit → lines of a unified diff of its TOML file
    verdicts: tuple[Change, ...]
    claims: tuple[Change, ...]
    numbers: tuple[Number, ...]
    same: int
    unexplained: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether a number, claim or verdict differs, or an exhibit is in one alone."""
        alone = self.only_before or self.only_after
        return bool(alone or self.verdicts or self.claims or self.numbers)


def compare(before: Results, after: Results, *, within: float = 0.0) -> Difference:
    """The difference of two results; numbers up to `within` apart, in their own unit, are equal."""
    common = [name for name in before.exhibits if name in after.exhibits]
    pairs = [(before.exhibits[name], after.exhibits[name]) for name in common]
    numbers = tuple(one for a, b in pairs for one in _numbers(a, b, within))
    places = sum(len({*a.cells, *b.cells}) for a, b in pairs)
    return Difference(
        before=before,
        after=after,
        only_before=tuple(name for name in before.exhibits if name not in after.exhibits),
        only_after=tuple(name for name in after.exhibits if name not in before.exhibits),
        common=tuple(common),
        environment=_together([(a.id, a.environment, b.environment) for a, b in pairs]),
        settings=_together([(a.id, a.settings, b.settings) for a, b in pairs]),
        specs={a.id: _lines(a.spec, b.spec) for a, b in pairs if a.spec != b.spec},
        verdicts=tuple(Change(a.id, a.word, b.word, (a.id,)) for a, b in pairs if a.word != b.word),
        claims=tuple(one for a, b in pairs for one in _claims(a, b)),
        numbers=numbers,
        same=places - len(numbers),
        unexplained=tuple(
            dict.fromkeys(
                one.exhibit
                for one in numbers
                if before.exhibits[one.exhibit].keys == after.exhibits[one.exhibit].keys
            )
        ),
    )


def _numbers(before: Exhibit, after: Exhibit, within: float) -> Iterator[Number]:
    for place in dict.fromkeys((*before.cells, *after.cells)):
        a, b = before.cells.get(place), after.cells.get(place)
        if a is None or b is None or not _equal(a, b, within):
            yield Number(before.id, *place, a, b)


def _equal(a: Cell, b: Cell, within: float) -> bool:
    if (a.status, a.text, a.unit) != (b.status, b.text, b.unit):
        return False
    if a.value is None or b.value is None:
        return a.value is b.value
    return abs(a.value - b.value) <= within


def _claims(before: Exhibit, after: Exhibit) -> Iterator[Change]:
    for name in dict.fromkeys((*before.claims, *after.claims)):
        a, b = before.claims.get(name), after.claims.get(name)
        if a is None or b is None or a.status != b.status:
            yield Change(name, _said(a), _said(b), (before.id,))


def _said(claim: Claim | None) -> str:
    return f"{claim.status}: {claim.measured}" if claim else ""


def _together(compared: Sequence[tuple[str, Values, Values]]) -> tuple[Change, ...]:
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
