"""What tells the rows of an exhibit apart is nothing to overwrite: a label names the run behind it.

`--set` changes a field in every run. Where the grid varies that field, or names blocks that differ
in it, the rows would keep their names and lose their difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import HarnessError
from harness.measures.base import MEASURED, Measure, Training
from harness.plan.resolve import Setting
from harness.spec.blocks import Blocks, Recipes, Shelf
from harness.spec.document import Document
from harness.spec.exhibit import BLOCK_AXES, Exhibit, field_of, value_of

Parts = Mapping[str, tuple[Any, ...]]


def holders(axis: str, measure: Measure, runs: Sequence[Training], parts: Parts) -> list[Any]:
    """What has the field that an axis sets, in the trainings of a point or in the parts of its
    measurement; of an axis that names blocks, the parts themselves. A ReLU has no time steps,
    AlexNet no depth; and where a measure names all of its neurons or networks, the point has none.
    """
    part, _, name = field_of(axis).partition(".")
    if axis in ("neuron", "network") and all(getattr(side, axis) for side in measure.sides):
        return []
    found = list(parts.get(part, ()))
    if part in measure.needs or (part == "numerics" and "recipe" in measure.needs):
        found = [getattr(run, part) for run in runs]
    return [one for one in found if not name or name in type(one).model_fields]


def refuse_relabelled(
    exhibit: Exhibit,
    combination: Mapping[str, Any],
    having: Mapping[str, Sequence[Any]],
    setting: Setting,
) -> None:
    """Raise HarnessError where a run of this point has another value than its row would say;
    `having` is what has the field of each axis.
    """
    for axis, level in combination.items():
        name, value = field_of(axis).partition(".")[2], value_of(axis, level)
        if not name or all(getattr(one, name) == value for one in having[axis]):
            continue
        for one in setting.overrides:
            if one.name == field_of(axis) and one.name != axis:
                problem = (
                    f"{exhibit.id} varies it: its rows would be called otherwise than they are"
                )
                hint = f"set the axis: --set {axis}={one.typed.partition('=')[2].strip()}"
                raise HarnessError(one.where, problem, hint=hint)


def refuse_levelled(exhibit: Exhibit, document: Document, setting: Setting) -> None:
    """Raise HarnessError where a field that is typed, or that is an axis, is one in which the named
    blocks of an exhibit differ.

    `lif-soft` beside `lif`, both with reset = hard, would be one network under two names.
    """
    axes = (axis for axis in (*exhibit.varied(), *exhibit.fixed.axes()) if axis not in BLOCK_AXES)
    set_at = {field_of(axis): f"{document.shown}: {axis}" for axis in axes}
    set_at |= {field_of(one.name): one.where for one in setting.overrides}
    for part, names, together in _named(exhibit, setting.blocks):
        shelf: Shelf[Any] = getattr(setting.blocks, part)
        differing = set(_differing([shelf[name] for name in together]))
        for name in differing & {path.partition(".")[2] for path in set_at if _of(path) == part}:
            problem = f"{exhibit.id} names blocks that differ in it: {', '.join(names)}"
            chosen = f"choose blocks by --set {part}=, " if part in BLOCK_AXES else ""
            hint = f"{chosen}name other exhibits than {exhibit.id}, or change specs/blocks/"
            raise HarnessError(set_at[f"{part}.{name}"], problem, hint=hint)


def _of(path: str) -> str:
    return path.partition(".")[0]


def _named(exhibit: Exhibit, blocks: Blocks) -> Iterator[tuple[str, list[str], list[str]]]:
    """Part, the blocks of it that tell points apart, and with them those that they are based on."""
    for axis in BLOCK_AXES:
        values = [str(name) for grid in exhibit.grid for name in grid.axes().get(axis, ())]
        if axis in MEASURED and not values and axis not in exhibit.fixed.axes():
            values = [name for one in exhibit.measure for name in one.blocks.get(axis, ())]
        names = list(
            dict.fromkeys(values + list(exhibit.named_neurons() if axis == "neuron" else ()))
        )
        bases = getattr(blocks, axis).bases if axis not in MEASURED else {}
        yield axis, names, [*names, *(bases[name] for name in names if name in bases)]


def _differing(found: Sequence[Any]) -> Iterator[str]:
    """The fields in which blocks of one kind differ; recipes as those of ANNs and of SNNs."""
    if found and isinstance(found[0], Recipes):
        yield from _differing([one.ann for one in found])
        yield from _differing([one.snn for one in found])
        return
    for model in dict.fromkeys(type(one) for one in found):
        alike = [one for one in found if type(one) is model]
        for name in model.model_fields:
            if any(getattr(one, name) != getattr(alike[0], name) for one in alike):
                yield name
