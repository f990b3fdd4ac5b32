"""`--set name=value`: a change typed on the command line, checked by the same models as a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from harness.errors import Faults, HarnessError
from harness.parts.base import renamed, sentence, shown, suggestion
from harness.spec.blocks import Blocks
from harness.spec.exhibit import AXES, BLOCK_AXES, MANY, Exhibit, Fixed, Grid, level_of
from harness.spec.parts import known_fields

_COMMA = re.compile(r",(?![^\[]*\])")  # not those inside a list
_RANGE = re.compile(r"([0-9]{1,6})\.\.([0-9]{1,6})")


@dataclass(frozen=True)
class Selected:
    """Levels of an axis, by --only: what was typed for them, piece by piece, a range being one."""

    axis: str
    pieces: Mapping[str, tuple[Any, ...]]

    @property
    def levels(self) -> tuple[Any, ...]:
        return tuple(level for levels in self.pieces.values() for level in levels)

    @property
    def typed(self) -> str:
        return f"{self.axis}={','.join(self.pieces)}"

    @property
    def where(self) -> str:
        return f"--only {self.typed}"


def parse_only(typed: Iterable[str]) -> tuple[Selected, ...]:
    """`depth=20,32`, `depth=20..56,width=1`: levels as --set takes values; a piece with an equals
    sign begins the next axis, and an axis may come again.

    Raises:
        HarnessError: it does not read so.
    """
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for one in typed:
        axis = ""
        for part in _COMMA.split(one):
            before, equals, piece = (text.strip() for text in part.rpartition("="))
            axis = before if equals else axis
            if not axis or not piece:
                hint = "as in depth=20,32 or depth=20,width=1"
                raise HarnessError(f"--only {one}", "must read name=level", hint=hint)
            values = tuple(level_of(axis, value) for value in _several(piece))
            found.setdefault(axis, {})[piece] = values
    return tuple(Selected(axis, pieces) for axis, pieces in found.items())


@dataclass(frozen=True)
class Override:
    """One `--set`: an axis with one or more values, or a dotted field of a run with one."""

    typed: str
    name: str
    values: tuple[Any, ...]

    @property
    def where(self) -> str:
        return f"--set {self.typed}"

    @property
    def is_axis(self) -> bool:
        """Whether it is one in every exhibit; a field is where the grid varies it, too."""
        return self.name in AXES or len(self.values) > 1


def override(name: str, *values: object) -> Override:
    """A change by an option of its own, as `--device`: recorded as `--set` would be."""
    return Override(f"{name}={','.join(map(str, values))}", name, values)


def parse_override(typed: str) -> Override:
    """`recipe.epochs=2`, `seed=0,1,2`, `seed=0..9`, `neuron.threshold=0.5,1`.

    Raises:
        HarnessError: no such axis or field, no value, several that cannot name rows, or too many.
    """
    name, equals, text = (part.strip() for part in typed.partition("="))
    if not equals or not name or not text:
        raise HarnessError(f"--set {typed}", "must read name=value", hint="as in recipe.epochs=2")
    override = Override(typed, name, _values(text))
    if len(override.values) > MANY:
        problem = f"{len(override.values):,} values; at most {MANY:,} make sense"
        raise HarnessError(f"--set {typed[:40]}", problem)
    if name not in AXES and name not in known_fields():
        raise HarnessError(override.where, f"no axis or field is called {name!r}", hint=_near(name))
    if len(override.values) > 1 and name not in AXES:
        _checked(Grid, {name: override.values}, override)
    return override


def _near(name: str) -> str:
    """The fields that end in `name`, where it lacks only its part; else what is spelt alike."""
    known = known_fields()
    if now := renamed(name, (*known, *AXES)):
        return now
    same = [field for field in known if field.rpartition(".")[2] == name.rpartition(".")[2]]
    if same:
        return f"did you mean {' or '.join(map(repr, same))}?"
    return suggestion(name, (*known, *AXES))


def _values(text: str) -> tuple[Any, ...]:
    """TOML values separated by commas, and ranges of integers with both ends: `0..9`; what is no
    TOML value is a word.
    """
    try:
        values: tuple[Any, ...] = _frozen(tomllib.loads(f"values = [{text}]")["values"])
        return values
    except (ValueError, RecursionError):
        parts = (part.strip() for part in _COMMA.split(text))
        return tuple(value for part in parts for value in _several(part))


def _several(text: str) -> Sequence[Any]:
    if ends := _RANGE.fullmatch(text):
        return range(int(ends[1]), int(ends[2]) + 1) or (text,)  # downwards it is no number
    return (_value(text),)


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: a strict model takes no list for a tuple."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _value(text: str) -> Any:
    try:
        return _frozen(tomllib.loads(f"value = {text}")["value"])
    except (ValueError, RecursionError):  # no TOML, an endless number, or without end nested
        return text


def check_overrides(overrides: Sequence[Override], blocks: Blocks) -> None:
    """What is typed once, and names blocks that there are.

    Raises:
        HarnessError: an axis or field set twice, or an unknown block.
    """
    seen: dict[str, Override] = {}
    for override in overrides:
        if override.name in seen:
            problem = f"{override.name} is set before, by {seen[override.name].where}"
            raise HarnessError(override.where, problem, hint="leave one out")
        seen[override.name] = override
        if override.name in BLOCK_AXES:
            for value in override.values:
                place = partial(_at, override)
                if faults := list(getattr(blocks, override.name).faults(str(value), place)):
                    raise Faults(faults)


def _at(override: Override, problem: str, hint: str) -> HarnessError:
    return HarnessError(override.where, problem, hint=hint)


def override_axes(exhibit: Exhibit, overrides: Sequence[Override]) -> Exhibit:
    """The exhibit with its axes replaced: in the grids that vary them, else for all its points.

    Raises:
        HarnessError: a value of the wrong type, or several where the exhibit has one.
    """
    for override in overrides:
        if not override.is_axis and override.name not in exhibit.varied():
            continue
        if override.name == "neuron" and exhibit.names_all_neurons:
            problem = f"the measure of {exhibit.id} names its neurons itself"
            raise HarnessError(override.where, problem, hint="set fields of them, as neuron.decay")
        varied = override.name in exhibit.varied() or override.name == "seed"
        if varied or len(override.values) > 1:
            everywhere = override.name not in exhibit.varied()
            grids = tuple(
                _checked(Grid, grid.axes() | {override.name: override.values}, override)
                if everywhere or override.name in grid.axes()
                else grid
                for grid in exhibit.grid
            )
            fixed = exhibit.fixed.model_copy(update={override.name: None})
            exhibit = exhibit.model_copy(update={"grid": grids, "fixed": fixed})
        else:
            values = exhibit.fixed.axes() | {override.name: override.values[0]}
            exhibit = exhibit.model_copy(update={"fixed": _checked(Fixed, values, override)})
    return exhibit


def _checked(model: Any, values: Mapping[str, Any], override: Override) -> Any:
    try:
        return model(**values)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        got = "" if isinstance(detail["input"], dict) else f" (got {shown(detail['input'])})"
        raise HarnessError(override.where, f"{sentence(detail)}{got}") from error
