"""How far a cell may lie from its golden value: five rules, each of which states its basis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harness.errors import Faults, HarnessError
from harness.parts.base import Name, Spec
from harness.spec.document import read_document
from harness.spec.validate import validate

FILE = "tolerances.toml"
NEAR_CHANCE = 5.0  # percentage points above chance: a network there has learnt nothing worth a name
_RANGES = {  # by unit
    "percent": (0.0, 100.0),
    "percentage points": (-100.0, 100.0),
    "CKA": (0.0, 1.0),
    "similarity": (0.0, 1.0),
    "0 … 1": (0.0, 1.0),
    "share of the activations": (0.0, 1.0),
    "share of the cells": (0.0, 1.0),
    "share of the filters": (0.0, 1.0),
}


@dataclass(frozen=True)
class Printed:
    """A golden number as it stands in the file: its text, value, and spread if it was measured."""

    text: str
    value: float
    std: float | None = None
    n: int | None = None


class Exact(Spec):
    """The same word, or the same number."""

    rule: Literal["exact"]
    basis: str = Field(min_length=1)


class LastDigit(Spec):
    """Half a unit of the last digit that was printed."""

    rule: Literal["printed"]
    basis: str = "half of the last printed digit"


class Borrowed(Spec):
    """The spread of one published run, where it is known of a network like it."""

    std: float = Field(gt=0, description="standard deviation of one run")
    seeds: int = Field(ge=2, description="runs that it was measured on")
    source: str = Field(min_length=1)


class Margin(Spec):
    """A stated margin, in the unit of the quantity."""

    rule: Literal["margin"]
    value: float = Field(gt=0)
    spread: Borrowed | None = Field(default=None, description="of the published value")
    basis: str = Field(min_length=1)


class Seeds(Spec):
    """t(1 − alpha/2, n_golden − 1) × s × √(1/n + 1/n_golden): a prediction interval for the mean of
    n further seeds.

    s and n_golden stand beside the golden value; `resolution` is the smallest step that the
    measurement can take, as one image of the test set, and bounds the tolerance from below.
    """

    rule: Literal["seeds"]
    alpha: float = Field(
        ge=1e-9, le=0.5, description="share of unchanged runs outside, were seeds normal"
    )
    resolution: float = Field(default=0.0, ge=0, description="in the unit of the quantity")
    basis: str = Field(min_length=1)


class Unsettled(Spec):
    """No value to hold a cell against: some of the seeds that were measured leave it undefined.

    Such a line keeps the cell known, so that it is neither unexpected nor silently passed.
    """

    rule: Literal["unsettled"]
    basis: str = Field(min_length=1)


Rule = Exact | LastDigit | Margin | Seeds | Unsettled
Tolerance = Annotated[Rule, Field(discriminator="rule")]


@dataclass(frozen=True)
class Allowed:
    """A tolerance in the unit of the quantity, where it comes from, and its sum if it has one."""

    value: float
    basis: str
    computed: str = ""


def allowed(rule: Rule, golden: Printed, n: int) -> Allowed:
    """The tolerance of one cell that was measured with `n` seeds.

    Raises:
        HarnessError: the rule needs a spread that the golden file does not give, or allows no
            comparison at all.
    """
    if isinstance(rule, Unsettled):
        raise HarnessError("rule 'unsettled'", "has no value to compare with")
    if isinstance(rule, Exact):
        return Allowed(0.0, rule.basis)
    if isinstance(rule, LastDigit):
        return Allowed(half_digit(golden.text), rule.basis)
    if isinstance(rule, Margin):
        return Allowed(rule.value, rule.basis)
    n_golden = golden.n or 0
    if golden.std is None or n_golden < 2:
        raise HarnessError("rule 'seeds'", f"the golden value {golden.text} has no std and n > 1")
    k = t_quantile(1 - rule.alpha / 2, n_golden - 1)
    width = k * golden.std * math.sqrt(1 / max(n, 1) + 1 / n_golden)
    said = f"{k:.3g} × {golden.std:.3g} × √(1/{max(n, 1)} + 1/{n_golden}) = {width:.3g}"
    if width < rule.resolution:
        said += f", but at least {rule.resolution:g}"
    return Allowed(max(width, rule.resolution), rule.basis, said)


def half_digit(text: str) -> float:
    """Half of the last digit of a decimal number: '91.06' → 0.005, '40' → 0.5, '3e-08' → 5e-9."""
    return float(Decimal((0, (5,), int(Decimal(text).as_tuple().exponent) - 1)))


def read_tolerances(folder: Path, shown: str) -> Mapping[str, Rule]:
    """Quantity → rule, from the tolerances.toml of a golden folder.

    Raises:
        Faults: everything that is wrong in the file, with its lines.
    """
    document = read_document(folder / FILE, f"{shown}/{FILE}")
    rules, faults = validate(dict[Name, Tolerance], document.data, document)
    if faults:
        raise Faults(faults)
    found: Mapping[str, Rule] = rules
    return found


def guards_nothing(value: float, width: float, unit: str, chance: float) -> str:
    """Why a band value ± width guards nothing; '' where it does. `chance` in percent, or NaN.

    An accuracy is guarded from below: what learnt nothing has to lie outside. Of a network that is
    at chance itself, what learnt half of it has to.
    """
    if unit not in _RANGES or math.isnan(value) or math.isnan(width):
        return ""
    least, most = _RANGES[unit]
    said = f"its band {value:.4g} ± {width:.3g}"
    if value - width <= least and value + width >= most:
        return f"{said} holds all that there is, {least:g} to {most:g}"
    if unit != "percent" or math.isnan(chance):
        return ""
    if at_chance(value, chance):
        half = (chance + most) / 2
        return f"{said} reaches from chance to {half:g}" if value + width >= half else ""
    return f"{said} reaches chance, {chance:.3g}" if value - width <= chance else ""


def at_chance(percent: float, chance: float) -> bool:
    """Whether a network with this accuracy learnt nothing."""
    return percent <= chance + NEAR_CHANCE


def t_cdf(t: float, df: int) -> float:
    """P(T ≤ t) of Student's t distribution with `df` degrees of freedom, to about 1e-15; df ≥ 1.

    By the finite sums of Abramowitz & Stegun 1964, 26.7.3 and 26.7.4: seeds are counted, so no
    other degrees of freedom are needed, and no library of special functions either.
    """
    if df < 1:
        raise ValueError(f"degrees of freedom must be at least 1 (got {df})")
    angle = math.atan2(abs(t), math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    term = cosine if odd else 1.0
    total = term if df > 1 else 0.0
    for k in range(2 + odd, df - 1, 2):
        term *= (k - 1) / k * cosine * cosine
        total += term
    between = 2 / math.pi * (angle + sine * total) if odd else sine * total  # −t and t
    return 0.5 * (1 + math.copysign(between, t))


@cache
def t_quantile(p: float, df: int) -> float:
    """t with P(T ≤ t) = p, for 0.5 ≤ p < 1, by bisection."""
    if not 0.5 <= p < 1:
        raise ValueError(f"p must lie in 0.5 … 1 (got {p})")
    low, high = 0.0, 1.0
    while t_cdf(high, df) < p:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if t_cdf(middle, df) < p else (low, middle)
    return high
