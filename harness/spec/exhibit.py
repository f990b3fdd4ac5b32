"""An exhibit: one table or figure, as a grid of runs, measures, and what it is held against."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from harness.measures.base import MEASURED, Measure
from harness.parts.base import Deviation, Name, Spec
from harness.spec.claim import Claim
from harness.spec.parts import known_fields
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
    **{part: part for part in MEASURED},
    "seed": "seed",
}
"""What a grid may vary by a word of its own, and the field of a run that it sets. The first four
and the parts of a measurement name blocks. Every other field is an axis by its path, as
`neuron.threshold`.
"""

BLOCK_AXES = ("network", "neuron", "dataset", "recipe", *MEASURED)

MANY = 10_000  # points of one exhibit; more is a slip of the keyboard, not a study

_STAGE_AXES = ("stages_without_shortcut", "one_step_stages")
_STAGES: Mapping[str, tuple[int, ...]] = {"no-stage": ()} | {
    "-".join(("stage", *map(str, some))): some
    for count in (1, 2, 3)
    for some in itertools.combinations((1, 2, 3), count)
}
"""Word → the list of stages that it stands for."""


def field_of(axis: str) -> str:
    """The field of a run that an axis sets, as `network.depth`; of one that names blocks, the part
    of a run.
    """
    return AXES.get(axis, axis)


def level_of(axis: str, value: Any) -> Any:
    """A value of an axis in the one word that grids, claims, frames and the page have for it: lists
    of stages, true and false and numbers with a point have one, the rest is its own.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if axis not in _STAGE_AXES or not isinstance(value, list | tuple):
        return value
    return next((word for word, known in _STAGES.items() if known == tuple(value)), value)


def same_level(level: Any, other: Any) -> bool:
    """Equal as text, or as numbers: a frame may write the level 0.0 as the word 0."""
    return str(level) == str(other) or ((a := _number(level)) is not None and a == _number(other))


def _number(level: Any) -> float | None:
    """The number that a level is, if it is one."""
    try:
        return float(level)
    except (TypeError, ValueError):
        return None


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


def _path(name: str) -> str:
    """The name of an axis that has no word of its own."""
    if word := next((axis for axis, path in AXES.items() if path == name), None):
        raise ValueError(f"it is the axis {word!r}")
    if name not in known_fields():
        known = {"known": [*AXES, *known_fields()]}
        raise PydanticCustomError("extra_forbidden", "no such axis or field", known)
    return name


def _scalar(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("must be a number, a word, true or false, so that it can name a row")
    return value


Path = Annotated[str, AfterValidator(_path)]
Scalar = Annotated[bool | int | float | str, BeforeValidator(_scalar)]


def _by_path(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {r"^[a-z_]+\.[A-Za-z_]\w*$": schema["additionalProperties"]}
    schema["additionalProperties"] = False


class _Axes(Spec):
    """A field for each axis that has a word; None where it says nothing of it. Others stand there
    by their path.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=_by_path)

    def axes(self) -> dict[str, Any]:
        """The axes that it says something of, in the order of `AXES`, then those by path."""
        chosen = {name: getattr(self, name) for name in AXES} | (self.__pydantic_extra__ or {})
        return {name: value for name, value in chosen.items() if value is not None}


class Grid(_Axes):
    """The axes that are varied; every combination of their values is one point."""

    __pydantic_extra__: dict[Path, Annotated[tuple[Scalar, ...], Field(min_length=1)]] = Field(
        init=False
    )
    network: tuple[Name, ...] | None = Field(default=None, min_length=1)
    neuron: tuple[Name, ...] | None = Field(default=None, min_length=1)
    dataset: tuple[Name, ...] | None = Field(default=None, min_length=1)
    recipe: tuple[Name, ...] | None = Field(default=None, min_length=1)
    depth: tuple[int, ...] | None = Field(default=None, min_length=1)
    width: tuple[int, ...] | None = Field(default=None, min_length=1)
    stages_without_shortcut: tuple[Stages, ...] | None = Field(default=None, min_length=1)
    one_step_stages: tuple[Stages, ...] | None = Field(default=None, min_length=1)
    time_steps: tuple[int, ...] | None = Field(default=None, min_length=1)
    cka: tuple[Name, ...] | None = Field(default=None, min_length=1)
    attack: tuple[Name, ...] | None = Field(default=None, min_length=1)
    probe: tuple[Name, ...] | None = Field(default=None, min_length=1)
    regression: tuple[Name, ...] | None = Field(default=None, min_length=1)
    activation_maximisation: tuple[Name, ...] | None = Field(default=None, min_length=1)
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

    __pydantic_extra__: dict[Path, Scalar] = Field(init=False)
    network: Name | None = None
    neuron: Name | None = None
    dataset: Name | None = None
    recipe: Name | None = None
    depth: int | None = None
    width: int | None = None
    stages_without_shortcut: Stages | None = None
    one_step_stages: Stages | None = None
    time_steps: int | None = None
    cka: Name | None = None
    attack: Name | None = None
    probe: Name | None = None
    regression: Name | None = None
    activation_maximisation: Name | None = None
    seed: int | None = None


class Derived(Spec):
    """A derived quantity, per seed: `of` at `over = minuend` less `of` at `over = subtrahend`, or
    `of` at `over = dividend` divided by `of` at `over = divisor`.
    """

    quantity: Name
    of: Name
    over: Name = Field(description="an axis of the grid, or one that the measure adds, as `map`")
    minuend: str = ""
    subtrahend: str = ""
    dividend: str = ""
    divisor: str = ""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Derived:
        difference, ratio = (self.minuend, self.subtrahend), (self.dividend, self.divisor)
        if not (all(difference) and not any(ratio)) and not (all(ratio) and not any(difference)):
            raise ValueError("must have a minuend and a subtrahend, or a dividend and a divisor")
        return self

    @property
    def is_ratio(self) -> bool:
        """Whether it is no difference."""
        return bool(self.divisor)

    @property
    def sides(self) -> tuple[str, str]:
        """The two levels, in their order."""
        return (self.dividend, self.divisor) if self.is_ratio else (self.minuend, self.subtrahend)


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
    derive: tuple[Derived, ...] = ()
    claim: tuple[Claim, ...] = ()
    errata: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = Field(
        default=(), description="where the sources differ or are silent and no block decides it"
    )
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
            if self.names_all_neurons and "neuron" in grid.axes() | self.fixed.axes():
                raise ValueError("the measures name their neurons, so grid and fixed must not")
        return self

    @property
    def at_published_size(self) -> bool:
        """Whether every profile takes it at the published size."""
        return all(measure.at_published_size for measure in self.measure)

    @property
    def names_all_neurons(self) -> bool:
        """Whether its measures leave no neuron to the grid."""
        return all(side.neuron for measure in self.measure for side in measure.sides)

    def named_neurons(self) -> tuple[str, ...]:
        """The neurons that its measures name themselves, where the grid does not."""
        sides = (side for measure in self.measure for side in measure.sides)
        return tuple(side.neuron for side in sides if side.neuron)

    def neurons(self) -> tuple[str, ...]:
        """All neurons that it names."""
        chosen = (grid.neuron or () for grid in self.grid)
        fixed = (self.fixed.neuron,) if self.fixed.neuron else ()
        return (*itertools.chain(*chosen), *fixed, *self.named_neurons())

    def added(self) -> tuple[str, ...]:
        """The columns that its measures add to the index of its cells."""
        return tuple(dict.fromkeys(name for one in self.measure for name in one.index))

    def varied(self) -> tuple[str, ...]:
        """The axes that any grid of this exhibit varies, seeds apart: the index of its cells."""
        used = dict.fromkeys(name for grid in self.grid for name in grid.axes())
        ordered = (*(name for name in AXES if name in used), *(n for n in used if n not in AXES))
        return tuple(name for name in ordered if name != "seed")

    def pinned(self) -> tuple[str, ...]:
        """The quantities of its measures that a measured golden file has."""
        return tuple(dict.fromkeys(name for one in self.measure for name in one.held))
