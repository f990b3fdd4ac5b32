"""Robustness: attack.json and cka.safetensors of one network, accuracy and similarity for each ε.

Legend: E = values of ε, L = layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from harness.measures.base import Run, Training
from harness.measures.cka import Similarity
from harness.measures.reading import (
    CKA,
    NOTHING_DEFINED,
    PERCENT,
    Reading,
    defined,
    indices,
    layers,
    mean,
    number,
    reasons,
)
from harness.measures.work import BACKWARD, Work, grams, passes, size_of_training
from harness.parts.attacks import Attack
from harness.parts.base import Name
from harness.parts.measurement import Cka

if TYPE_CHECKING:
    from harness.measures.reading import Floats


def _rising(epsilon: tuple[float, ...]) -> tuple[float, ...]:
    if list(epsilon) != sorted(set(epsilon)):
        raise ValueError(f"must rise (got {list(epsilon)})")
    return epsilon


Radii = Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], AfterValidator(_rising)]


class RobustnessRun(Run, kind="attack", code="harness.runs.attack:run"):
    """One trained network under attack."""

    x: Training
    attack: Attack
    epsilon: tuple[float, ...] = Field(min_length=1)
    cka: Cka

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Each iteration is a pass and its gradient by the image; then CKA of clean with
        attacked.
        """
        attack, cka, size = spec["attack"], spec["cka"], size_of_training(spec["x"])
        attacked = (
            passes(size, part["images"], part["batch"], BACKWARD / 2) for part in (attack, cka)
        )
        iterations = sum(attacked, Work()).times(iterations_of(attack))
        return (iterations + grams(size, cka).times(2)).times(len(spec["epsilon"]))


class Robustness(Similarity):
    """Accuracy under attack, and CKA between clean and attacked images, layer by layer (Fig. 8)."""

    kind: Literal["attack"]
    attack: Name = Field(description="block of the attack")
    epsilon: Radii = Field(
        min_length=1, description="radii of the L∞ ball, in units of the attack; 0 is always taken"
    )
    index = ("epsilon", "layer", "block")
    makes = RobustnessRun
    file, arrays = "attack.json", "cka.safetensors"
    quantities = ("attack_accuracy", "attack_cka", "attack_cka_mean", "attack_cka_block")
    fine = ("attack_cka", "attack_cka_block")
    held = ("attack_accuracy", "attack_cka_mean")

    def label(self, run: RobustnessRun) -> str:
        """`PGD on …`."""
        return f"{run.attack.called.upper()} on {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Accuracy under attack for each ε with 0; CKA between clean and attacked for each ε above
        0, by layer, as the mean over a residual block, and over all layers. The standard error of a
        mean is at most the mean of the standard errors, which is what it has.
        """
        for row in content["accuracy"]:
            level = {"epsilon": text(row["epsilon"])}
            yield number("attack_accuracy", PERCENT, row["accuracy"], "accuracy", level)
        values_EL: Floats = content["arrays"]["values"]
        se_EL: Floats = content["arrays"].get("se", math.nan * values_EL)
        of = layers(content["layers"])
        why = reasons(content["undefined"])
        blocks = tuple(dict.fromkeys(layer.block for layer in of if layer.block))
        for row, epsilon in enumerate(content["epsilon"]):
            level = {"epsilon": text(epsilon)}
            for place, layer in enumerate(of):
                at = {**level, "layer": layer.name}
                said = why.get((row, place), NOTHING_DEFINED)
                value, se = float(values_EL[row, place]), float(se_EL[row, place])
                yield defined("attack_cka", CKA, value, said, at, se)
            whole, of_whole = mean(values_EL[row]), mean(se_EL[row])
            yield defined("attack_cka_mean", CKA, whole, NOTHING_DEFINED, level, of_whole)
            for block in blocks:
                within = indices(of, block=block)
                inside, se = mean(values_EL[row, within]), mean(se_EL[row, within])
                at = {**level, "block": block}
                yield defined("attack_cka_block", CKA, inside, NOTHING_DEFINED, at, se)


def iterations_of(attack: Mapping[str, Any]) -> int:
    """Gradients that an attack takes of an image."""
    return int(attack.get("iterations", 1) * attack.get("restarts", 1))


def text(epsilon: float) -> str:
    """ε as golden files and claims write it: 0, 0.001."""
    return f"{epsilon:g}"
