"""Numbers and places in the sentences of claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.check.predicates.level import listed
from harness.spec.claim import Level

MANY = 8  # numbers that a reader still takes in one by one


def number(value: float, unit: str = "") -> str:
    """Percent and points with two decimals, as tables print them; the rest with three."""
    decimals = 2 if unit.startswith("percent") else 3
    return f"{value:.{decimals}f}".replace("-", "−")


def levels(where: Mapping[str, Level | tuple[Level, ...]]) -> str:
    """`neuron lif, depth 20`; several levels of an axis are joined by slashes."""
    return ", ".join(
        f"{axis} {'/'.join(map(str, listed(wanted)))}" for axis, wanted in where.items()
    )


def at(where: Mapping[str, Level | tuple[Level, ...]]) -> str:
    """` at neuron lif`, or nothing."""
    return f" at {levels(where)}" if where else ""


def each(axes: Sequence[str], share: float) -> str:
    """` at each depth`, ` at 75 % or more of the layers`, or nothing."""
    if not axes:
        return ""
    named = " and ".join(axes)
    if share == 1.0:
        return f" at each {named}"
    return f" at {100 * share:g} % or more of the levels of {named}"
