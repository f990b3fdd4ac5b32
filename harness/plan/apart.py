"""What tells the rows of an exhibit apart is nothing to overwrite: a label names the run behind it.

`--set` changes a field in every run. Where the grid varies that field, or names blocks that differ
in it, the rows would keep their names and lose their difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import HarnessError
from harness.measures.base import Training
from harness.plan.resolve import Setting
from harness.spec.blocks import Blocks, Recipes, Shelf
from harness.spec.exhibit import AXES, BLOCK_AXES, Exhibit, value_of


def has_field(run: Training, axis: str) -> bool:
    """Whether a run has what an axis sets: a ReLU has no time steps, AlexNet no depth."""
    part, _, name = AXES[axis].partition(".")
    return not name or hasattr(getattr(run, part), name)


def refuse_relabelled(
    exhibit: Exhibit, combination: Mapping[str, Any], runs: Sequence[Training], setting: Setting
) -> None:
    """Raise HarnessError where a run of this point has another value than its row would say."""
    for axis, level in combination.items():
        part, _, name = AXES[axis].partition(".")
        if axis in BLOCK_AXES or not name:
            continue
        value = value_of(axis, level)
        if all(getattr(getattr(run, part), name, value) == value for run in runs):
            continue
        for one in setting.overrides:
            if one.name == AXES[axis]:
                problem = (
                    f"{exhibit.id} varies it: its rows would be called otherwise than they are"
                )
                hint = f"set the axis: --set {axis}={one.typed.partition('=')[2].strip()}"
                raise HarnessError(one.where, problem, hint=hint)


def refuse_levelled(exhibit: Exhibit, setting: Setting) -> None:
    """Raise HarnessError where a typed field is one in which the named blocks of an exhibit differ.

    `lif-soft` beside `lif`, both with reset = hard, would be one network under two names.
    """
    typed = {one.name: one for one in setting.overrides if not one.is_axis}
    for part, names, together in _named(exhibit, setting.blocks):
        shelf: Shelf[Any] = getattr(setting.blocks, part)
        differing = set(_differing([shelf[name] for name in together]))
        for name in differing & {path.partition(".")[2] for path in typed if _of(path) == part}:
            one = typed[f"{part}.{name}"]
            problem = f"{exhibit.id} names blocks that differ in it: {', '.join(names)}"
            chosen = f"choose blocks by --set {part}=, " if part in BLOCK_AXES else ""
            hint = f"{chosen}name other exhibits than {exhibit.id}, or change specs/blocks/"
            raise HarnessError(one.where, problem, hint=hint)


def _of(path: str) -> str:
    return path.partition(".")[0]


def _named(exhibit: Exhibit, blocks: Blocks) -> Iterator[tuple[str, list[str], list[str]]]:
    """Part, the blocks of it that tell points apart, and with them those that they are based on."""
    for axis in BLOCK_AXES:
        values = [str(name) for grid in exhibit.grid for name in grid.axes().get(axis, ())]
        names = list(
            dict.fromkeys(values + list(exhibit.named_neurons() if axis == "neuron" else ()))
        )
        bases = getattr(blocks, axis).bases
        yield axis, names, [*names, *(bases[name] for name in names if name in bases)]
    parts = dict.fromkeys(part for measure in exhibit.measure for part in measure.blocks)
    for part in parts:
        used = (measure.blocks.get(part) for measure in exhibit.measure)
        names = [name for name in dict.fromkeys(used) if name]
        yield part, names, names


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
