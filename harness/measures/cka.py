"""CKA between the layers of two networks: cka.json and cka.safetensors, summaries of their map.

Means and shares are taken over the cells that are defined; `undefined` counts the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from harness.errors import HarnessError
from harness.measures.base import Measure, Run, Side, Training
from harness.measures.reading import (
    CKA,
    NOTHING_DEFINED,
    POSITIONS,
    Layer,
    Map,
    Reading,
    defined,
    indices,
    layers,
    mean,
    reasons,
    stages,
)
from harness.measures.work import Work, grams, size_of_training
from harness.parts.base import LATER, Name, Spec
from harness.parts.measurement import Cka

if TYPE_CHECKING:
    from harness.measures.reading import Floats

LOW, HIGH = 0.2, 0.8
SHARE = "share of the cells"
ERRORS = "errors.safetensors"
BRANCH = ("conv1", "bn1", "act2", "conv2", "bn2")
"""The residual branch; not its first activation, which an identity shortcut may carry too."""


Control = Literal["corrected", "biased", "given-pixels"]
CONTROLS: tuple[Control, ...] = get_args(Control)
"""Estimates that a sweep of the unbiased one gives for little more."""


Time = Annotated[str, Field(pattern=r"^(concatenated|rate|step-[1-9][0-9]{0,3})$")]


class Seen(Spec):
    """What of an SNN over time is compared. A layer that has one step is the same in all."""

    time: Time = Field(
        default="concatenated",
        description="all time steps, their mean `rate`, or one, as `step-1`",
    )
    shuffled: bool = Field(
        default=False,
        description="each neuron hands on its spikes of an image at other time steps, at random",
    )

    @property
    def label(self) -> str:
        """`rate of shuffled `, or nothing."""
        time = "" if self.time == "concatenated" else f"{self.time} of "
        return time + "shuffled " * self.shuffled

    def of(self, training: Training) -> Seen:
        """What is left of it for a network; of one time step the usual.

        Raises:
            HarnessError: it has fewer steps, or spikes that are its own affair.
        """
        if training.steps == 1:
            return Seen()
        step = self.time.removeprefix("step-")
        if step.isdigit() and int(step) > training.steps:
            problem = f"{self.time} of {training.label}, which has {training.steps} time steps"
            raise HarnessError("measure cka: time", problem, hint="name one that it has")
        if self.shuffled:
            refuse_shuffling(training, "measure cka: shuffled")
        return Seen(time=self.time, shuffled=self.shuffled)


def refuse_shuffling(training: Training, where: str) -> None:
    """Raise HarnessError for a network over time whose neurons are its own affair."""
    if training.steps > 1 and not training.neuron.is_spiking:
        problem = f"which layers of {training.label} spike is not known here"
        raise HarnessError(where, problem, hint="leave it out for this network")


class SeenSide(Side, Seen):
    """One network of the map, and what of it over time is compared."""


class CkaRun(Run, kind="cka", code="harness.runs.cka:run"):
    """CKA between all layers of two trained networks; without y, of one with itself."""

    x: Training
    y: Training | None
    cka: Cka
    controls: Annotated[bool, LATER] = False  # all of `CONTROLS` from the same sweep
    seen_x: Annotated[Seen, LATER] = Seen()
    seen_y: Annotated[Seen, LATER] = Seen()  # with y

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Gram matrices of both sides, and a product of each pair of them; half of both with
        itself.
        """
        sides = [size_of_training(spec[name]) for name in ("x", "y") if spec[name]]
        pairs = sides[0].compared * sides[-1].compared * len(sides) / 2
        products = Work(spec["cka"]["images"] * spec["cka"]["batch"] * pairs)
        return sum((grams(side, spec["cka"]) for side in sides), products)

    @classmethod
    def disk_bytes(cls, spec: Mapping[str, Any]) -> int:
        """The maps and the standard errors at 8 bytes a cell, and the names of their layers."""
        x, y = (size_of_training(spec[name] or spec["x"]).compared for name in ("x", "y"))
        maps = 2 + len(CONTROLS) * bool(spec.get("controls"))
        return 8 * x * y * maps + 80_000


class Similarity(Measure):
    """A measure that estimates CKA."""

    cka: Name = Field(default="paper", description="block that says how similarity is estimated")
    beside = ERRORS


class LayerMaps(Similarity):
    """A measure whose results are maps of all layers of two networks; x is across, y up."""

    map: Name = Field(description="what the map is called in the frame, as `ann-snn`")
    x: Side = Side()
    y: Side | None = Field(default=None, description="none: the network of x with itself")
    index = ("map", "layer", "position", "stage_y", "stage_x")
    file, arrays = "cka.json", "cka.safetensors"
    quantities: ClassVar[tuple[str, ...]] = (
        "mean",
        "undefined",
        f"share_below_{LOW}",
        f"share_above_{HIGH}",
        "stage_mean",
        "stage_step",
        "checkerboard",
        "diagonal",
        "diagonal_mean",
        "diagonal_max",
        "diagonal_step",
        "position_mean",
        "position_min",
        "position_falls",
    )
    fine = ("diagonal", "position_min", "position_falls")
    held: ClassVar[tuple[str, ...]] = ("mean", "diagonal_mean", "checkerboard", "position_mean")

    @property
    def units(self) -> Mapping[str, str]:
        """Other maps beside that of CKA → what they count; they are called `<map>-<name>`."""
        return {}

    @property
    def known_levels(self) -> Mapping[str, tuple[str, ...]]:
        """What its maps are called."""
        return {"map": (self.map, *(f"{self.map}-{name}" for name in self.units))}

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """The others come with the unbiased estimator."""
        if self.units and parts["cka"].estimator != "unbiased":
            problem = f"comes with the unbiased estimator, and `{self.cka}` has another"
            hint = "name a block of the unbiased one, as cka = 'paper'"
            raise HarnessError(f"measure {self.called}: map {self.map!r}: also", problem, hint=hint)
        return super().resolved(trainings, parts)

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """The quantities of each map, each with the map's name as a level."""
        arrays, whys = content["arrays"], content["undefined"]
        yield from self._of(self.map, content, arrays["values"], whys, arrays.get("se"))
        for name, unit in self.units.items():
            undefined = content["also"][name]["undefined"]
            for one in self._of(f"{self.map}-{name}", content, content["arrays"][name], undefined):
                yield replace(one, unit=unit) if one.unit == CKA else one

    def _of(
        self,
        name: str,
        content: Mapping[str, Any],
        values: Floats,
        undefined: Any,
        se: Floats | None = None,
    ) -> Iterator[Reading]:
        y, x = layers(content["y"]), layers(content["x"])
        level = {"map": name}
        yield defined("mean", CKA, mean(values), NOTHING_DEFINED, level)
        yield Reading("undefined", "cells", float((values != values).sum()), levels=level)
        yield from _shares(values, level)
        yield from _stages(values, y, x, level)
        outputs = indices(y, position="output") and indices(x, position="output")
        if outputs and any(layer.position in BRANCH for layer in (*y, *x)):
            stands_out = _checkerboard(values, y, x)
            yield defined("checkerboard", CKA, stands_out, NOTHING_DEFINED, level)
        if [layer.name for layer in y] == [layer.name for layer in x]:
            why = reasons(undefined)
            own = values.diagonal()
            of_own = math.nan * own if se is None else se.diagonal()
            yield from _diagonal(own, of_own, y, why, level)

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """The maps themselves, ANN (or the other network) up, SNN across."""
        names_y, names_x = ([row["name"] for row in content[side]] for side in ("y", "x"))
        up, across = self.sides[-1], self.sides[0]
        neurons = (up.network or up.neuron, across.network or across.neuron)
        arrays = content["arrays"]
        se = arrays.get("se")
        yield Map(self.map, names_y, names_x, arrays["values"], "layer", neurons, se=se)
        for name, unit in self.units.items():
            called = f"{self.map}-{name}"
            yield Map(called, names_y, names_x, arrays[name], "layer", neurons, unit)


class CkaHeatmap(LayerMaps):
    """CKA between all layers of two networks, or of one (Fig. 2, p. 5); x is across, y up."""

    kind: Literal["cka"]
    x: SeenSide = SeenSide()
    y: SeenSide | None = Field(default=None, description="none: the network of x with itself")
    also: tuple[Control, ...] = Field(
        default=(),
        description="other estimates beside the unbiased one, from the same sweep: corrected for "
        "finitely many channels, biased, or partial CKA given the pixels that y is shown; their "
        "maps are called `<map>-corrected` and so on",
    )
    makes = CkaRun

    @property
    def units(self) -> Mapping[str, str]:
        """CKA all of them."""
        return dict.fromkeys(self.also, CKA)

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """One run has all estimates, whichever of them are asked for."""
        seen_y = self.y.of(trainings[1]) if self.y else Seen()
        seen = {"seen_x": self.x.of(trainings[0]), "seen_y": seen_y}
        return super().resolved(trainings, {**parts, "controls": bool(self.also), **seen})

    def label(self, run: CkaRun) -> str:
        """`CKA of … and itself`."""
        other = "itself" if run.y is None else run.seen_y.label + run.y.label
        return f"CKA of {run.seen_x.label}{run.x.label} and {other}"


def _shares(values: Floats, level: Mapping[str, str]) -> Iterator[Reading]:
    known = values[values == values]
    for name, inside in ((f"below_{LOW}", known < LOW), (f"above_{HIGH}", known > HIGH)):
        share = float(inside.mean()) if known.size else math.nan
        yield defined(f"share_{name}", SHARE, share, NOTHING_DEFINED, level)


def _stages(
    values: Floats, y: Sequence[Layer], x: Sequence[Layer], level: Mapping[str, str]
) -> Iterator[Reading]:
    """Mean of the cells of each pair of stages, and how much neighbours among them, side by side or
    one above the other, differ: a grid makes them alternate, a stage that is uniform or fades does
    not.
    """
    for below in stages(y):
        for across in stages(x):
            cells = _cells(values, indices(y, stage=below), indices(x, stage=across))
            at = {**level, "stage_y": below, "stage_x": across}
            yield defined("stage_mean", CKA, mean(cells), NOTHING_DEFINED, at)
            step = _mean_of_all(abs(cells[1:] - cells[:-1]), abs(cells[:, 1:] - cells[:, :-1]))
            yield defined("stage_step", CKA, step, NOTHING_DEFINED, at)


def _cells(values: Floats, rows: Sequence[int], columns: Sequence[int]) -> Floats:
    return values[rows][:, columns]


def _mean_of_all(*parts: Floats) -> float:
    import numpy as np

    return mean(np.concatenate([part.ravel() for part in parts]))


def _checkerboard(values: Floats, y: Sequence[Layer], x: Sequence[Layer]) -> float:
    """How far the lines of the residual stream stand out: mean over pairs of block outputs, less
    that over pairs of a block output and a layer of a branch.
    """
    out_y, out_x = indices(y, position="output"), indices(x, position="output")
    in_y = [place for place, layer in enumerate(y) if layer.position in BRANCH]
    in_x = [place for place, layer in enumerate(x) if layer.position in BRANCH]
    mixed = _mean_of_all(_cells(values, out_y, in_x), _cells(values, in_y, out_x))
    return mean(_cells(values, out_y, out_x)) - mixed


def _diagonal(
    curve: Floats,
    se: Floats,
    of: Sequence[Layer],
    why: Mapping[tuple[int, int], str],
    level: Mapping[str, str],
) -> Iterator[Reading]:
    for place, (layer, value) in enumerate(zip(of, curve.tolist(), strict=True)):
        at = {**level, "layer": layer.name}
        said = why.get((place, place), NOTHING_DEFINED)
        yield defined("diagonal", CKA, value, said, at, float(se[place]))
    known = curve[curve == curve]
    largest = float(known.max()) if known.size else math.nan
    yield defined("diagonal_mean", CKA, mean(curve), NOTHING_DEFINED, level)
    yield defined("diagonal_max", CKA, largest, NOTHING_DEFINED, level)
    jagged = mean(abs(curve[1:] - curve[:-1]))
    yield defined("diagonal_step", CKA, jagged, NOTHING_DEFINED, level)
    yield from _positions(curve, of, level)


def _positions(curve: Floats, of: Sequence[Layer], level: Mapping[str, str]) -> Iterator[Reading]:
    """The curve at each position of a residual block: its mean over the blocks, the least of them,
    and the share of the blocks in which it lies lower there than at the position before.
    """
    before: list[int] = []
    for position in POSITIONS:
        places = indices(of, position=position)
        outputs, stem = indices(of, position="output"), indices(of, name="bn1")
        if position == "input" and outputs and stem:
            # a block is fed the output of the block before it, the first one the stem's norm
            places = [*stem, *outputs[:-1]]
        if not places:
            continue
        at = {**level, "position": position}
        known = curve[places][curve[places] == curve[places]]
        least = float(known.min()) if known.size else math.nan
        yield defined("position_mean", CKA, mean(curve[places]), NOTHING_DEFINED, at)
        yield defined("position_min", CKA, least, NOTHING_DEFINED, at)
        if len(before) == len(places):
            steps = curve[places] - curve[before]
            falls = (
                float((steps[steps == steps] < 0).mean()) if (steps == steps).any() else math.nan
            )
            yield defined("position_falls", "share of the blocks", falls, NOTHING_DEFINED, at)
        before = places
