"""The course of a training that is known: between which accuracies it was, after which epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.canonical import digest

SHARES = (1 / 30, 1 / 6, 1 / 3, 2 / 3)  # of a schedule: epochs 10, 50, 100 and 200 of 300
WORDS = {
    "test_accuracy": "accuracy on the test set",
    "train_accuracy": "accuracy on the training set",
}
"""What is held of an epoch, in percent, and what it is called."""
SETTINGS = 16  # digits of a digest


class Band(NamedTuple):
    """The prediction interval for one further seed, in percent; `value`, `std` and `n` are of the
    seeds that it was made from.
    """

    epoch: int  # from 1
    quantity: str
    low: float
    high: float
    value: float
    std: float
    n: int

    def said(self, measured: float) -> str:
        """`accuracy on the test set 10.2 % after epoch 10, outside of 61.2 … 74.9 % (5 seeds)`."""
        band = f"{max(self.low, 0.0):.1f} … {min(self.high, 100.0):.1f} % ({self.n} seeds)"
        found = "is no number" if math.isnan(measured) else f"{measured:.1f} %"
        return f"{WORDS[self.quantity]} {found} after epoch {self.epoch}, outside of {band}"

    def holds(self, measured: float) -> bool:
        """Whether a number is inside; one that is none is not."""
        return self.low <= measured <= self.high


Course = Sequence[Band]
"""Those of one training."""


def epochs_of(epochs: int) -> list[int]:
    """The epochs after which a schedule of so many is held: the last one is what tables hold."""
    return sorted({math.ceil(epochs * share) for share in SHARES} - {epochs})


def outside(course: Course, epoch: int, numbers: Mapping[str, float]) -> Iterator[str]:
    """What is to be said of an epoch that is not where it was known to be."""
    for band in course:
        if band.epoch == epoch and band.quantity in numbers:
            measured = numbers[band.quantity]
            if not band.holds(measured):
                yield band.said(measured)


def settings_of(spec: Mapping[str, Any]) -> str:
    """A digest of all that a training is told, but for its seeds, and where and with how many
    threads it computes: those make further samples of the same.
    """
    return digest(_seedless({**spec, "numerics": {}}))[:SETTINGS]


def _seedless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _seedless(one) for name, one in value.items() if name != "seed"}
    return [_seedless(one) for one in value] if isinstance(value, list | tuple) else value
