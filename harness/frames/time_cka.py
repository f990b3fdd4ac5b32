"""cka.json and cka.safetensors of one network over time → a map for each layer, and its summary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.frames.cka import CKA, NOTHING_DEFINED
from harness.frames.columns import Reading
from harness.frames.layers import Map, mean, off_diagonal
from harness.spec.measure import TimeCka

ONE_STEP = "the layer runs one time step"


def read(measure: TimeCka, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Mean and least CKA between different time steps, over the pairs that are defined.

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
        yield Reading("undefined", "cells", float(np.isnan(values).sum()), levels=level)


def maps(measure: TimeCka, content: Mapping[str, Any]) -> Iterator[Map]:
    """[T, T] of each layer, both axes the time step from 0 on."""
    for name in content["layers"]:
        values = content["arrays"][name]
        steps = [str(step) for step in range(len(values))]
        yield Map(str(name), steps, steps, values)
