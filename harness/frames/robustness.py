"""attack.json and cka.safetensors of one network → accuracy and similarity for each ε.

Legend: E = values of ε, L = layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.accuracy import PERCENT
from harness.frames.cka import CKA, NOTHING_DEFINED
from harness.frames.columns import Reading, number
from harness.frames.layers import Floats, indices, layers, mean, reasons
from harness.spec.measure import Robustness


def read(measure: Robustness, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Accuracy under attack for each ε with 0; CKA between clean and attacked for each ε above 0,
    by layer, as the mean over a residual block, and over all layers.

    Raises:
        KeyError: the files lack a field.
    """
    for row in content["accuracy"]:
        level = {"epsilon": text(row["epsilon"])}
        found = number("attack_accuracy", PERCENT, row["accuracy"], "accuracy")
        yield Reading("attack_accuracy", PERCENT, found.value, why=found.why, levels=level)
    values_EL: Floats = content["arrays"]["values"]
    of = layers(content["layers"])
    why = reasons(content["undefined"])
    blocks = tuple(dict.fromkeys(layer.block for layer in of if layer.block))
    for row, epsilon in enumerate(content["epsilon"]):
        level = {"epsilon": text(epsilon)}
        for place, layer in enumerate(of):
            at = {**level, "layer": layer.name}
            said = why.get((row, place), NOTHING_DEFINED)
            yield _number("attack_cka", float(values_EL[row, place]), at, said)
        yield _number("attack_cka_mean", mean(values_EL[row]), level)
        for block in blocks:
            inside = values_EL[row, indices(of, block=block)]
            yield _number("attack_cka_block", mean(inside), {**level, "block": block})


def text(epsilon: float) -> str:
    """ε as golden files and claims write it: 0, 0.001."""
    return f"{epsilon:g}"


def _number(
    quantity: str, value: float, levels: Mapping[str, str], why: str = NOTHING_DEFINED
) -> Reading:
    return Reading(quantity, CKA, value, why=why if math.isnan(value) else "", levels=levels)
