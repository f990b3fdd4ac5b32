"""Levels of axes as specs, frames and golden files write them, held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.check.golden import level_text
from harness.spec.claim import Level


def same(written: Any, wanted: Level) -> bool:
    """Equal as text, or as numbers: a frame may write the level 0.0 as the word 0."""
    text, other = level_text(written), level_text(wanted)
    if text == other:
        return True
    a, b = as_number(text), as_number(other)
    return a is not None and a == b


def as_number(text: str) -> float | None:
    """The number that a level is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None


def agrees(levels: Mapping[str, Any], where: Mapping[str, Level | tuple[Level, ...]]) -> bool:
    """Whether a cell or point lies at `where`. One without a level of an axis agrees with each: a
    gap of ANN and SNN has no neuron, and a planned point no layer."""
    return all(
        level_text(levels.get(axis)) == "" or any(same(levels[axis], one) for one in listed(wanted))
        for axis, wanted in where.items()
    )


def listed(wanted: Level | tuple[Level, ...]) -> tuple[Level, ...]:
    """A level or several as several."""
    return wanted if isinstance(wanted, tuple) else (wanted,)
