"""A point of a grid → the full specs of its runs: blocks, profile, axes, overrides, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.errors import Faults, HarnessError
from harness.measures.base import Training
from harness.parts.base import Part, Spec, sentence, shown
from harness.parts.given import Given
from harness.parts.networks import GivenWeights
from harness.spec.blocks import Blocks
from harness.spec.exhibit import BLOCK_AXES, field_of, value_of
from harness.spec.overrides import Override
from harness.spec.profile import Profile

Block = TypeVar("Block", bound=Spec)


@dataclass(frozen=True)
class Setting:
    """Everything around a point that decides its spec.

    With `repacked` other files than the published ones are accepted; `weights` is the file of
    AlexNet's weights that the user named, if one was. `seeds` holds, by exhibit, those to be run in
    place of the profile's. `files` are the folder of the study and that of the data, with which
    parts are `pinned`; without them nothing that is planned can be run.
    """

    blocks: Blocks
    profile: Profile
    overrides: tuple[Override, ...] = ()
    repacked: bool = False
    weights: GivenWeights | None = None
    seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    files: tuple[Path, Path] | None = None
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def pinned(self, block: Block) -> Block:
        """What the files of a part, or of the parts of a training, hold is now part of it; equal
        parts are asked once, so that one plan sees one state.
        """
        parts = {name: one for name, one in block if isinstance(one, Part)}
        pins = {name: one for name, part in parts.items() if (one := self.pinned(part)) != part}
        if pins:
            block = block.model_copy(update=pins)
        if not isinstance(block, Part) or type(block).pinned is Part.pinned or not self.files:
            return block
        said = block.model_dump_json()
        if said not in self.known:
            self.known[said] = block.pinned(*self.files)
        found: Block = self.known[said]
        return found

    def seeds_of(self, exhibit: str) -> tuple[int, ...]:
        """Of an exhibit that names none itself."""
        return self.seeds.get(exhibit, self.profile.seeds)


def resolve(
    axes: Mapping[str, Any], setting: Setting, *, scaled: bool, places: Mapping[str, str]
) -> Training:
    """The training at `axes` (a value for each axis that the exhibit varies or fixes).

    `scaled` is False for measures that every profile takes at the published size. `places` maps an
    axis to the `file:line` that set it, for the error.

    Raises:
        HarnessError: the values do not make a valid run.
    """
    profile = setting.profile
    parts, origin = _blocks(axes, setting, scaled), dict[str, str]()
    said: dict[str, Any] = {name: _plain(part) for name, part in parts.items()}
    said |= {"numerics": _plain(profile.numerics), "seed": axes.get("seed", profile.seeds[0])}
    if scaled:
        _scale(said, profile, origin)
    for axis, value in axes.items():
        if axis not in BLOCK_AXES:
            _put(said, field_of(axis), value_of(axis, value), places.get(axis, axis), origin)
    _override(said, setting, origin)
    found: Training = setting.pinned(_validated(Training, said, origin))
    if found.dataset.size:  # 0 where nobody has looked at its files
        found.network.refuse_images(found.dataset.size, found.dataset.channels)
    if isinstance(found.network, Given) and not found.dataset.is_framed:
        found.network.refuse_still()
    return found


def resolve_part(
    part: str, name: str, axes: Mapping[str, Any], setting: Setting, places: Mapping[str, str]
) -> Spec:
    """The block `name` of a part of a measurement, as profile, axes and user change it.

    Raises:
        HarnessError: the changes do not make a valid block.
    """
    block: Spec = getattr(setting.blocks, part)[name]
    said, origin = {part: _plain(block)}, dict[str, str]()
    _scale(said, setting.profile, origin)
    for axis, value in axes.items():
        if axis.startswith(f"{part}."):
            _put(said, axis, value, places.get(axis, axis), origin)
    _override(said, setting, origin)
    found: Spec = _validated(type(block), said[part], origin, part)
    return setting.pinned(found)


def _scale(said: dict[str, Any], profile: Profile, origin: dict[str, str]) -> None:
    """What the profile changes; an axis of the exhibit comes later and keeps its own value."""
    for part, fields in profile.change.items():
        for name, value in fields.items():
            place = f"specs/profiles/{profile.id}.toml: change.{part}.{name}"
            _put(said, f"{part}.{name}", value, place, origin)


def _override(said: dict[str, Any], setting: Setting, origin: dict[str, str]) -> None:
    """What the user typed."""
    for override in setting.overrides:
        if not override.is_axis:
            _put(said, override.name, override.values[0], override.where, origin)
    if setting.repacked:
        _put(said, "dataset.origin", "repacked", "--repacked-data", origin)
    if setting.weights is not None:
        for name, value in (("weights", "file"), ("given", _plain(setting.weights))):
            _put(said, f"network.{name}", value, f"--weights {setting.weights.path}", origin)


def _blocks(axes: Mapping[str, Any], setting: Setting, scaled: bool) -> dict[str, Any]:
    """The four named blocks, with the profile's substitutes and the user's data."""
    swaps = setting.profile.substitute
    recipe = str(axes.get("recipe", "paper"))
    dataset = str(axes["dataset"])
    if scaled:
        recipe, dataset = swaps.recipe.get(recipe, recipe), swaps.dataset.get(dataset, dataset)
    network = setting.blocks.network[str(axes["network"])]
    own = {"dataset": setting.blocks.dataset[dataset], "network": network}
    if isinstance(network, Given):
        return own
    neuron = setting.blocks.neuron[str(axes.get("neuron", "relu"))]
    recipes = setting.blocks.recipe[recipe]
    return {
        **own,
        "neuron": neuron,
        "recipe": recipes.snn if neuron.is_spiking else recipes.ann,
    }


def _plain(spec: Spec) -> Any:
    return json.loads(spec.model_dump_json())


def _put(said: dict[str, Any], path: str, value: Any, place: str, origin: dict[str, str]) -> None:
    """Set one dotted field; what has no such field (the decay of a ReLU) is left alone."""
    part, _, name = path.partition(".")
    if not name:
        said[part] = value
    elif name in said.get(part, ()):
        said[part][name] = value
    else:
        return
    origin[path] = place


def _validated(
    model: Any, said: Mapping[str, Any], origin: Mapping[str, str], above: str = ""
) -> Any:
    """The model of these values, which stand at `above` in the words of `origin`."""
    try:
        return model.model_validate_json(json.dumps(said, default=list), strict=True)
    except ValidationError as error:
        raise Faults(_faults(error, origin, above)) from error


def _faults(
    error: ValidationError, origin: Mapping[str, str], above: str
) -> Sequence[HarnessError]:
    found = []
    for detail in error.errors(include_url=False):
        path = ".".join(str(part) for part in (above, *detail["loc"]) if part)
        place = next((origin[known] for known in origin if _same(known, path)), None)
        inside = (at for known, at in origin.items() if known.startswith(f"{path}."))
        where = place or next(inside, path)
        problem = f"{sentence(detail)} (got {shown(detail['input'])})"
        found.append(HarnessError(where, problem))
    return found


def _same(known: str, path: str) -> bool:
    """Whether an error at `path`, which may name a union's branch, is about the field `known`."""
    wanted, parts = known.split("."), path.split(".")
    return all(part in parts for part in wanted)
