"""CKA between the time steps of a layer: cka.json and cka.safetensors, a map for each layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.measures.base import Run, Training
from harness.measures.cka import Similarity
from harness.measures.reading import CKA, NOTHING_DEFINED, Map, Reading, defined, mean
from harness.measures.work import Work, grams, size_of_training
from harness.parts.base import LayerName
from harness.parts.measurement import Cka

if TYPE_CHECKING:
    from harness.measures.reading import Floats

ONE_STEP = "the layer runs one time step"


class TimeCkaRun(Run, kind="time_cka", code="harness.runs.cka:over_time"):
    """CKA between the time steps of some layers of one trained network."""

    x: Training
    cka: Cka
    layers: tuple[LayerName, ...] = Field(min_length=1)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Gram matrices of about a third of the layers."""
        return grams(size_of_training(spec["x"]), spec["cka"], share=1 / 3)


class TimeCka(Similarity):
    """CKA between the time steps of one layer, for each of some layers (Fig. 6, p. 9)."""

    kind: Literal["time_cka"]
    layers: tuple[LayerName, ...] = Field(
        min_length=1, description="layers, or the groups `blocks`, `convolutions`, `activations`"
    )
    index = ("layer", "step")
    makes = TimeCkaRun
    file, arrays = "cka.json", "cka.safetensors"
    quantities = ("time_mean", "time_min", "step_mean", "undefined")
    held = ("time_mean",)

    def label(self, run: TimeCkaRun) -> str:
        """`CKA over time, blocks of …`."""
        return f"CKA over time, {'+'.join(run.layers)} of {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Mean and least CKA between different time steps, over the pairs that are defined, and
        the mean of each step with the others.
        """
        import numpy as np

        for name in content["layers"]:
            values: Floats = content["arrays"][name]
            level = {"layer": str(name)}
            others = values.copy()
            np.fill_diagonal(others, np.nan)
            known = others[others == others]
            why = NOTHING_DEFINED if len(values) > 1 else ONE_STEP
            yield defined("time_mean", CKA, mean(others), why, level)
            least = float(known.min()) if known.size else math.nan
            yield defined("time_min", CKA, least, why, level)
            for step, row in enumerate(others, 1):  # as in the paper
                at = {**level, "step": str(step)}
                yield defined("step_mean", CKA, mean(row), why, at)
            undefined = float((values != values).sum())
            yield Reading("undefined", "cells", undefined, levels=level)

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """[T, T] of each layer, both axes the time step from 1 on."""
        for name in content["layers"]:
            values = content["arrays"][name]
            steps = [str(step) for step in range(1, len(values) + 1)]
            se = content["arrays"].get(f"se/{name}")
            yield Map(str(name), steps, steps, values, "time step", ("", ""), se=se)
