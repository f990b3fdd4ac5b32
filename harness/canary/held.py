"""The canary's numbers held against those of when all was well: what differs, by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.canary.values import Series, Value

Numbers = Sequence[Value]
_NOT_IN_REAL = ("lr", "right", "update", "update projected")
"""Given, a count, and a small difference of large weights, of which float32 keeps few digits."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold, in a sentence."""

    trace: str
    said: str

    @property
    def sentence(self) -> str:
        return f"{self.trace}: {self.said}"


def off(found: Value, golden: Value, scale: float) -> float:
    """How far a value lies from another, relative to `scale`; infinite where they cannot be
    compared, 0 where both are undefined or the same word.
    """
    if isinstance(found, int | float) and isinstance(golden, int | float):
        apart = abs(found - golden)
        if math.isnan(apart):
            return math.inf
        return apart / scale if scale else (math.inf if apart else 0.0)
    return 0.0 if found == golden else math.inf


def scale_of(values: Numbers) -> float:
    """The largest size among the numbers: what differences of their series are relative to."""
    numbers = [abs(one) for one in values if isinstance(one, int | float)]
    return max((one for one in numbers if math.isfinite(one)), default=0.0)


def exact_findings(trace: str, found: Series, golden: Series, limit: float) -> list[Finding]:
    """Where float64 differs from what is kept: the first value of each quantity that does, in the
    order of the steps, so that the first one is nearest to the cause.
    """
    placed = [(-1, f"{name} is missing") for name in golden if name not in found]
    for name, values in found.items():
        kept = golden.get(name)
        if kept is None:
            placed.append((-1, f"{name} is new: no value is kept of it"))
        elif len(values) != len(kept):
            placed.append((-1, f"{name} has {len(values)} values instead of {len(kept)}"))
        else:
            placed += _first_difference(name, values, kept, limit)
    return [Finding(trace, said) for _, said in sorted(placed, key=lambda one: one[0])]


def _first_difference(
    name: str, values: Numbers, kept: Numbers, limit: float
) -> Iterator[tuple[int, str]]:
    scale = scale_of(kept)
    for at, (one, other) in enumerate(zip(values, kept, strict=True)):
        apart = off(one, other, scale)
        if apart > limit:
            yield at, _difference(name, at, one, other, apart, limit)
            return


def _difference(name: str, at: int, one: Value, other: Value, apart: float, limit: float) -> str:
    """Series of a training's steps have a plain name, those of a record the path in it."""
    where = f"value {at} of {name}" if "." in name else f"step {at}, {name}"
    far = f"{apart:.1g} relative, " if math.isfinite(apart) else ""
    return f"{where} {_shown(one)} instead of {_shown(other)}, {far}tolerance {limit:g}"


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return "undefined" if value is None else value


def deviations(real: Series, exact: Series) -> dict[str, list[float]]:
    """Of each quantity of forced steps, how far each lies from float64: a norm relative to itself,
    a projection to its norm. `exact` may have more steps, evenly between.
    """
    found = {}
    for name, values in real.items():
        if name in _NOT_IN_REAL:
            continue
        every = -(-len(exact[name]) // len(values))
        scales = exact[name.removesuffix(" projected")][::every]
        found[name] = [
            off(one, other, abs(float(scale or 0.0)))
            for one, other, scale in zip(values, exact[name][::every], scales, strict=True)
        ]
    return found


def settled(values: Sequence[float], share: float) -> float:
    """What this share of the steps exceeds or meets, whatever single spikes flipped."""
    return sorted(values, reverse=True)[math.ceil(share * len(values)) - 1]
