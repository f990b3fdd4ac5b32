"""A sentence of the paper as a predicate over the frame of an exhibit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import FrozenMap, Name, Spec

Level = str | int | float


class _Along(Spec):
    """A quantity read along one axis, where the other axes are held."""

    quantity: Name
    along: Name
    where: FrozenMap[Level] = Field(default_factory=dict, validate_default=True)


class RankCorrelation(_Along):
    """Spearman's ρ of the quantity along the axis lies below (or above) a bound."""

    kind: Literal["rank_correlation"]
    below: float | None = Field(default=None, ge=-1, le=1)
    above: float | None = Field(default=None, ge=-1, le=1)


class Monotone(_Along):
    """The quantity falls (or rises) at each step along the axis; `holds = false` denies that."""

    kind: Literal["monotone"]
    direction: Literal["falling", "rising"]
    holds: bool = True


Predicate = Annotated[RankCorrelation | Monotone, Field(discriminator="kind")]


class Claim(Spec):
    """What the paper says, where, and how it is put to the test."""

    id: Name
    text: str = Field(min_length=1)
    place: str
    test: Predicate
