"""What all predicates have in common: the places that they read, and how those decide them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from harness.parts.base import FrozenMap, Name, Part

MANY = 8  # numbers that a reader still takes in one by one
NO_CELLS = "there are no such cells"
SHARE = "share of the places"
STEPS = "share of the steps"
RHO = "Spearman's ρ"
ROUNDING = 1e-9  # 93.48 − 92.98 is 0.5000000000000142 in binary: not more than 0.5

Level = str | int | float
Where = Mapping[str, Level | tuple[Level, ...]]
Axes = Annotated[tuple[Name, ...], Field(default=(), description="none: the quantity at one place")]
Share = Annotated[float, Field(default=1.0, gt=0, le=1, description="of the places, at least")]


class Undefined(Exception):
    """The predicate cannot be evaluated on these cells; the message says why."""


@dataclass(frozen=True)
class Place:
    """Levels along the axes of a predicate; `why` says what is wrong where `value` is NaN. `se` is
    the standard error over images of a CKA, where it is known.
    """

    levels: tuple[Any, ...]
    value: float
    unit: str = ""
    why: str = ""
    se: float = math.nan

    @property
    def label(self) -> str:
        """Its levels as a reader sees them."""
        return ", ".join(map(str, self.levels))

    @property
    def shown(self) -> str:
        """Its number as a reader sees it."""
        return number(self.value, self.unit)


Places = Callable[[str, Sequence[str], Where], list[Place]]
"""Quantity, axes and what is held → a place for each combination of levels of the axes, in order.
Raises Undefined where the cells are no such series."""


@dataclass(frozen=True)
class Outcome:
    """`holds` is None where the cells do not decide it, and `why` says the reason. `said` is what
    was measured, `noise` how often it would hold by noise alone: NaN where that depends on the size
    of the noise. `value` is the number that decides, and `of` what it is: '' for the quantity; `se`
    is its standard error over images.
    """

    holds: bool | None
    said: str = ""
    why: str = ""
    noise: float = math.nan
    value: float = math.nan
    of: str = ""
    se: float = math.nan


class Predicate(Part, family="predicate"):
    """What all predicates have in common. A threshold that is not 0 says where it comes from.

    A predicate is a subclass with a `kind` in a file of this folder, which is found by itself.
    """

    kind: str
    quantity: Name
    where: Annotated[
        FrozenMap[Level | tuple[Level, ...]], Field(default_factory=dict, validate_default=True)
    ]
    basis: str = ""

    @abstractmethod
    def sentence(self) -> str:
        """The predicate as a reader sees it."""

    @abstractmethod
    def evaluate(self, places: Places) -> Outcome:
        """Put it to the test. Raises Undefined where the cells cannot be it."""

    def complete(self, places: Places, *along: str) -> list[Place]:
        """The places along these axes. Raises Undefined where one has no number."""
        found = places(self.quantity, along, self.where)
        for place in found:
            if place.why:
                raise Undefined(place.why)
        if not found:
            raise Undefined(NO_CELLS)
        return found

    def quantities(self) -> tuple[str, ...]:
        """The quantities that it reads."""
        return (self.quantity,)

    def axes(self) -> tuple[str, ...]:
        """The axes that it runs along."""
        along: str | tuple[str, ...] = getattr(self, "along", ())
        return (along,) if isinstance(along, str) else along

    def held(self) -> tuple[tuple[str, str, Level | tuple[Level, ...]], ...]:
        """(field, axis, level or levels) of all that it holds."""
        return tuple(("where", axis, level) for axis, level in self.where.items())

    def thresholds(self) -> tuple[float, ...]:
        """The numbers that decide it."""
        said = self.__dict__  # asked for a field that it lacks, a model takes its time to say so
        named = (said.get(name) for name in ("below", "above", "margin", "most"))
        return tuple(float(number) for number in named if number is not None)

    @property
    def at(self) -> str:
        """` at neuron lif`, or nothing."""
        return f" at {levels(self.where)}" if self.where else ""

    @model_validator(mode="after")
    def _is_well_founded(self) -> Predicate:
        if any(self.thresholds()) and not self.basis:
            raise ValueError("a threshold other than 0 needs its basis")
        if self.__dict__.get("share", 1.0) != 1.0 and not self.basis:
            raise ValueError("a share of the places needs its basis")
        for _, axis, wanted in self.held():
            if isinstance(wanted, tuple) and axis not in self.axes():
                raise ValueError(f"several levels of {axis!r}, which it does not run along")
            if isinstance(wanted, tuple) and not wanted:
                raise ValueError(f"an empty list of levels of {axis!r}")
        return self


def number(value: float, unit: str = "") -> str:
    """Percent and points with two decimals, as tables print them; the rest with three."""
    decimals = 2 if unit.startswith("percent") else 3
    return f"{value:.{decimals}f}".replace("-", "−")


def listed(wanted: Level | tuple[Level, ...]) -> tuple[Level, ...]:
    """A level or several as several."""
    return wanted if isinstance(wanted, tuple) else (wanted,)


def levels(where: Where) -> str:
    """`neuron lif, depth 20`; several levels of an axis are joined by slashes."""
    return ", ".join(
        f"{axis} {'/'.join(map(str, listed(wanted)))}" for axis, wanted in where.items()
    )


def at_each(axes: Sequence[str], share: float) -> str:
    """` at each depth`, ` at 75 % or more of the layers`, or nothing."""
    if not axes:
        return ""
    named = " and ".join(axes)
    if share == 1.0:
        return f" at each {named}"
    return f" at {100 * share:g} % or more of the levels of {named}"


def bounds(**said: float | None) -> str:
    """`above 0.5 and below 1`, of those that are given."""
    return " and ".join(f"{word} {bound:g}" for word, bound in said.items() if bound is not None)


def require_bounds(above: float | None, below: float | None) -> None:
    """Raise ValueError where there is no bound, or where no number keeps to both."""
    if above is None and below is None:
        raise ValueError("needs a bound: above, below or both")
    if above is not None and below is not None and above >= below:
        raise ValueError(f"no number lies above {above:g} and below {below:g}")


def tally(found: Sequence[Place], holds: Callable[[float], bool], share: float) -> Outcome:
    """Whether `holds` at this share of the places, and at one at least, and what a reader is told.

    A place without a number is neither; it leaves the whole undefined only where it would decide.
    """
    known = [place for place in found if not place.why]
    unknown = [place for place in found if place.why]
    true = [place for place in known if holds(place.value)]
    needed = max(1.0, share * len(found) - ROUNDING)
    if not known or len(true) < needed <= len(true) + len(unknown):
        return Outcome(None, why=unknown[0].why if unknown else NO_CELLS)
    said = _tallied(known, [place for place in known if place not in true])
    if unknown:
        said += f"; {len(unknown)} undefined, as {unknown[0].why}"
    if len(found) == 1:
        return Outcome(len(true) >= needed, said, value=known[0].value, se=known[0].se)
    return Outcome(len(true) >= needed, said, value=len(true) / len(known), of=SHARE)


def _tallied(known: Sequence[Place], against: Sequence[Place]) -> str:
    if len(known) == 1 and not known[0].levels:
        return known[0].shown
    said = f"{len(known) - len(against)} of {len(known)}"
    if len(known) <= MANY:
        said += f" ({', '.join(map(_named, known))})"
    else:
        least = min(known, key=lambda place: place.value)
        most = max(known, key=lambda place: place.value)
        middle = sorted(place.value for place in known)[len(known) // 2]
        percent = _percent(len(known) - len(against), len(known))
        said += f" ({percent} %; least {_named(least)}, most {_named(most)}"
        said += f", median {number(middle, known[0].unit)})"
    if against:
        more = f" and {len(against) - 1} more" if len(against) > 1 else ""
        said += f"; not at {_named(against[0])}{more}"
    return said


def _percent(part: int, whole: int) -> int:
    """The nearest, half up; not all, nor none, unless it is."""
    nearest = (200 * part + whole) // (2 * whole)
    return min(max(nearest, 1), 99) if 0 < part < whole else nearest


def _named(place: Place) -> str:
    return f"{place.label}: {place.shown}" if place.levels else place.shown
