"""An exhibit: one table or figure, as a grid of runs, measures, and what it is held against."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from harness.measures.base import Measure
from harness.parts.base import Name, Spec
from harness.spec.claim import Claim
from harness.words import shortened

AXES = {
    "network": "network",
    "neuron": "neuron",
    "dataset": "dataset",
    "recipe": "recipe",
    "depth": "network.depth",
    "width": "network.width",
    "stages_without_shortcut": "network.stages_without_shortcut",
    "one_step_stages": "network.one_step_stages",
    "time_steps": "neuron.time_steps",
    "seed": "seed",
}
"""What a grid may vary, and the field of a run that it sets. The first four name blocks."""

BLOCK_AXES = ("network", "neuron", "dataset", "recipe")

MANY = 10_000  # points of one exhibit; more is a slip of the keyboard, not a study

_STAGE_AXES = ("stages_without_shortcut", "one_step_stages")
_STAGES: Mapping[str, tuple[int, ...]] = {"no-stage": ()} | {
    "-".join(("stage", *map(str, some))): some
    for count in (1, 2, 3)
    for some in itertools.combinations((1, 2, 3), count)
}
"""Word → the list of stages that it stands for."""


def level_of(axis: str, value: Any) -> Any:
    """A value of an axis in the one word that grids, claims, frames and the page have for it: what
    is no list of stages is its own word.
    """
    if axis not in _STAGE_AXES or not isinstance(value, list | tuple):
        return value
    return next((word for word, known in _STAGES.items() if known == tuple(value)), value)


def value_of(axis: str, level: Any) -> Any:
    """The value of the field behind an axis, from its word: the way back from `level_of`."""
    return _STAGES.get(level, level) if axis in _STAGE_AXES else level


def _word(value: Any) -> Any:
    level = level_of(_STAGE_AXES[0], value)
    if not isinstance(level, str) or level not in _STAGES:
        raise ValueError(f"must be {', '.join(list(_STAGES)[:3])} or alike")
    return level


Stages = Annotated[str, BeforeValidator(_word), Field(json_schema_extra={"enum": [*_STAGES]})]


class Place(Spec):
    """Where the exhibit stands in its document."""

    document: Name = Field(description="as study.toml declares it")
    place: str = Field(min_length=1)


class _Axes(Spec):
    """A field for each axis; None where it says nothing of it."""

    def axes(self) -> dict[str, Any]:
        """The axes that it says something of, in the order of `AXES`."""
        chosen = {name: getattr(self, name) for name in AXES}
        return {name: value for name, value in chosen.items() if value is not None}


class Grid(_Axes):
    """The axes that are varied; every combination of their values is one point."""

    network: tuple[Name, ...] | None = Field(default=None, min_length=1)
    neuron: tuple[Name, ...] | None = Field(default=None, min_length=1)
    dataset: tuple[Name, ...] | None = Field(default=None, min_length=1)
    recipe: tuple[Name, ...] | None = Field(default=None, min_length=1)
    depth: tuple[int, ...] | None = Field(default=None, min_length=1)
    width: tuple[int, ...] | None = Field(default=None, min_length=1)
    stages_without_shortcut: tuple[Stages, ...] | None = Field(default=None, min_length=1)
    one_step_stages: tuple[Stages, ...] | None = Field(default=None, min_length=1)
    time_steps: tuple[int, ...] | None = Field(default=None, min_length=1)
    seed: tuple[int, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _of_sane_size(self) -> Grid:
        points = 1
        for values in self.axes().values():
            if len(set(values)) < len(values):
                raise ValueError(f"a value stands twice in {shortened(str(list(values)))}")
            points *= len(values)
        if points > MANY:
            raise ValueError(f"a grid of {points:,} points; at most {MANY:,} make sense")
        return self

    @property
    def points(self) -> int:
        """How many combinations it has, seeds of a profile apart."""
        return math.prod(len(values) for values in self.axes().values())


class Fixed(_Axes):
    """What every point of the exhibit shares; a block's own value holds where nothing is said."""

    network: Name | None = None
    neuron: Name | None = None
    dataset: Name | None = None
    recipe: Name | None = None
    depth: int | None = None
    width: int | None = None
    stages_without_shortcut: Stages | None = None
    one_step_stages: Stages | None = None
    time_steps: int | None = None
    seed: int | None = None


class Difference(Spec):
    """A derived quantity: `of` at `over = minuend` less `of` at `over = subtrahend`, per seed."""

    quantity: Name
    of: Name
    over: Name
    minuend: str
    subtrahend: str


Drawing = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*(:[A-Za-z][A-Za-z0-9_]*)?$", max_length=128)
]


class Exhibit(Spec):
    """One exhibit, as its TOML file says it; an exhibit never names a profile."""

    id: Name
    title: str = Field(min_length=1)
    source: Place
    measure: tuple[Measure, ...]
    grid: tuple[Grid, ...] = Field(min_length=1)
    fixed: Fixed = Fixed()
    golden: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.csv$")] | None = Field(
        default=None, description="file of this name in each folder of golden/ that has it"
    )
    figure: Drawing | None = Field(
        default=None,
        description="what draws it: a module of figures/ or of the package, or module:function",
    )
    derive: tuple[Difference, ...] = ()
    claim: tuple[Claim, ...] = ()
    errata: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @field_validator("measure")
    @classmethod
    def _measures_something(cls, measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
        if not measures:
            raise ValueError("must have at least one measure")
        return measures

    @field_validator("claim")
    @classmethod
    def _claims_have_their_own_ids(cls, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        ids = [claim.id for claim in claims]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"two claims are called {twice[0]!r}")
        return claims

    @model_validator(mode="after")
    def _of_sane_size(self) -> Exhibit:
        points = len(self.measure) * sum(grid.points for grid in self.grid)
        if points > MANY:
            raise ValueError(f"{points:,} points over all grids and measures; at most {MANY:,}")
        return self

    @model_validator(mode="after")
    def _each_axis_is_varied_or_fixed(self) -> Exhibit:
        for grid in self.grid:
            both = sorted(set(grid.axes()) & set(self.fixed.axes()))
            if both:
                raise ValueError(f"{both[0]!r} is both varied in the grid and fixed")
            if self.named_neurons() and "neuron" in grid.axes() | self.fixed.axes():
                raise ValueError("a measure names its neurons, so grid and fixed must not")
        return self

    @property
    def at_published_size(self) -> bool:
        """Whether every profile takes it at the published size."""
        return all(measure.at_published_size for measure in self.measure)

    def named_neurons(self) -> tuple[str, ...]:
        """The neurons that its measures name themselves, where the grid does not."""
        sides = (side for measure in self.measure for side in measure.sides)
        return tuple(side.neuron for side in sides if side.neuron)

    def added(self) -> tuple[str, ...]:
        """The columns that its measures add to the index of its cells."""
        return tuple(dict.fromkeys(name for one in self.measure for name in one.index))

    def varied(self) -> tuple[str, ...]:
        """The axes that any grid of this exhibit varies, seeds apart: the index of its cells."""
        used = {name for grid in self.grid for name in grid.axes()}
        return tuple(name for name in AXES if name in used and name != "seed")

    def pinned(self) -> tuple[str, ...]:
        """The quantities of its measures that a measured golden file has."""
        return tuple(dict.fromkeys(name for one in self.measure for name in one.held))
