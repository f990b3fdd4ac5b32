"""cka.json and cka.safetensors of one network over time → a map for each layer, and its summary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.frames.cka import CKA, NOTHING_DEFINED
from harness.frames.columns import Reading
from harness.frames.layers import Floats, Map, mean, off_diagonal
from harness.spec.measure import TimeCka

ONE_STEP = "the layer runs one time step"


def read(measure: TimeCka, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Mean and least CKA between different time steps, over the pairs that are defined, and the
    mean of each step with the others.

    Raises:
        KeyError: the files lack a field.
    """
    for name in content["layers"]:
        values = content["arrays"][name]
        pairs = off_diagonal(values)
        level = {"layer": str(name)}
        defined = pairs[~np.isnan(pairs)]
        least = float(defined.min()) if defined.size else math.nan
        why = NOTHING_DEFINED if pairs.size else ONE_STEP
        for quantity, value in (("time_mean", mean(pairs)), ("time_min", least)):
            undefined = math.isnan(value)
            yield Reading(quantity, CKA, value, why=why if undefined else "", levels=level)
        yield from _steps(values, level, why)
        yield Reading("undefined", "cells", float(np.isnan(values).sum()), levels=level)


def _steps(values: Floats, level: Mapping[str, str], why: str) -> Iterator[Reading]:
    """How like the others each step is, on the mean; steps count from 1, as in the paper."""
    for step, row in enumerate(values):
        value = mean(np.delete(row, step))
        at = {**level, "step": str(step + 1)}
        yield Reading("step_mean", CKA, value, why=why if math.isnan(value) else "", levels=at)


def maps(measure: TimeCka, content: Mapping[str, Any]) -> Iterator[Map]:
    """[T, T] of each layer, both axes the time step from 1 on."""
    for name in content["layers"]:
        values = content["arrays"][name]
        steps = [str(step) for step in range(1, len(values) + 1)]
        yield Map(str(name), steps, steps, values)
