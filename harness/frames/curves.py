"""The course of each training, epoch by epoch, as it was stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.frames.recorded import Recorded
from harness.plan.expand import PlannedExhibit


@dataclass(frozen=True)
class LearningCurve:
    """One run; accuracies in percent by epoch from 1, NaN where the file has no number."""

    axes: Mapping[str, Any]
    seed: int
    key: str
    train: tuple[float, ...]
    test: tuple[float, ...]
    best_epoch: int | None


def learning_curves(planned: PlannedExhibit, found: Recorded) -> tuple[LearningCurve, ...]:
    """The curves of all stored trainings of an exhibit; none for measures that train nothing."""
    curves = []
    for point in planned.points:
        content = found.contents.get(point.key, {})
        history = content.get("history") or ()
        if history:
            best = content.get("best_epoch")
            curves.append(
                LearningCurve(
                    axes=point.axes,
                    seed=point.seed,
                    key=point.key,
                    train=tuple(_number(epoch.get("train_accuracy")) for epoch in history),
                    test=tuple(_number(epoch.get("test_accuracy")) for epoch in history),
                    best_epoch=best if isinstance(best, int) else None,
                )
            )
    return tuple(curves)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
