"""What all measures have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from harness.parts.base import Name, Spec

_TRAINED = ("network", "neuron", "dataset", "recipe")


class Side(Spec):
    """One network of a measure: that of the point, but for what is said here."""

    neuron: Name | None = None
    seed: int = Field(default=0, ge=0, le=1000, description="added to the seed of the point")


class BaseMeasure(Spec):
    """What all measures have; `sides` are the trainings that one of them needs at a point."""

    scale_free: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = _TRAINED
    index: ClassVar[tuple[str, ...]] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """The networks, x before y."""
        return (Side(),)

    @property
    def blocks(self) -> Mapping[str, str]:
        """Part → the named block that this measure takes it from."""
        return {}
