"""Robustness under stronger and stronger attacks: ladder.json of one network, its accuracy under
each of them and under the worst for each image, and signs that its gradients are masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field

from harness.measures.attack import Radii, iterations_of, text
from harness.measures.base import Measure, Run, Side, Training
from harness.measures.reading import PERCENT, Reading, number
from harness.measures.work import BACKWARD, Work, passes, size_of_training
from harness.parts.attacks import Attack
from harness.parts.base import Name

TRANSFER = "transfer"


class LadderRun(Run, kind="ladder", code="harness.runs.ladder:run"):
    """One trained network under several attacks, and under what the first of them makes of the
    images on another one, y.
    """

    x: Training
    y: Training | None
    attack: tuple[Attack, ...]
    epsilon: tuple[float, ...] = Field(min_length=1)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Each iteration is a pass and its gradient by the image."""
        attacks = [(one, spec["x"]) for one in spec["attack"]]
        attacks += [(spec["attack"][0], spec["y"])] if spec["y"] else []
        made = (
            passes(size_of_training(side), one["images"], one["batch"], BACKWARD / 2).times(
                iterations_of(one)
            )
            for one, side in attacks
        )
        return sum(made, Work()).times(len(spec["epsilon"]))


class Ladder(Measure):
    """Accuracy under several attacks and under the worst of them for each image, with signs of
    masked gradients (Carlini et al., On Evaluating Adversarial Robustness, 2019).
    """

    kind: Literal["ladder"]
    attack: tuple[Name, ...] = Field(min_length=1, description="blocks of the attacks, the rungs")
    epsilon: Radii = Field(min_length=1, description="radii of the L∞ ball, in units of the attack")
    x: Side = Side()
    y: Side | None = Field(
        default=None, description="on which the first attack makes images for x, too: transfer"
    )
    index = ("epsilon", "rung", "step")
    makes = LadderRun
    file = "ladder.json"
    quantities = (
        "clean_accuracy",
        "attack_accuracy",
        "worst_case_accuracy",
        "overestimate",
        "zero_gradients",
        "attack_loss_rises",
        "attack_loss",
    )
    fine = ("attack_loss",)
    held = ("attack_accuracy", "worst_case_accuracy")

    def label(self, run: LadderRun) -> str:
        """`4 attacks on …`."""
        return f"{len(run.attack)} attacks on {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """By ε the worst case, and by rung the accuracy, how far it lies above the worst case, the
        mean loss after each pass of the attack, and the share of its steps at which that rises.
        """
        yield number("clean_accuracy", PERCENT, content["clean"], "clean")
        names = (*self.attack, *([TRANSFER] if content["transfer"] else []))
        for name, rung in zip(self.attack, content["rungs"], strict=True):
            share, at = rung["zero_gradients"], {"rung": name}
            yield number("zero_gradients", "share of the pixels", share, "zero_gradients", at)
        for place, epsilon in enumerate(content["epsilon"]):
            level = {"epsilon": text(epsilon)}
            worst = content["worst"][place]
            yield number("worst_case_accuracy", PERCENT, worst, "worst", level)
            for name, rung in zip(names, (*content["rungs"], *content["transfer"]), strict=True):
                at, accuracy = {**level, "rung": name}, rung["accuracy"][place]
                yield number("attack_accuracy", PERCENT, accuracy, "accuracy", at)
                yield number("overestimate", PERCENT, accuracy - worst, "accuracy", at)
            for name, rung in zip(self.attack, content["rungs"], strict=True):
                losses, at = rung["loss"][place], {**level, "rung": name}
                rises = [after > before for before, after in pairwise(losses)]
                share = sum(rises) / len(rises) if rises else None
                yield number("attack_loss_rises", "share of the steps", share, "loss", at)
                for step, loss in enumerate(losses):
                    yield number("attack_loss", "nats", loss, "loss", {**at, "step": str(step)})
