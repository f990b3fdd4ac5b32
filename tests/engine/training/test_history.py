"""Learning curves."""

from __future__ import annotations

from harness.engine.training import Epoch, History, Normalisation

EPOCHS = tuple(
    Epoch(number, 1.0 / 3, 50.0, accuracy, 0.1, 0.123456789, 1e3)
    for number, accuracy in enumerate([80.0, 91.06, 91.06, 90.5])
)


def test_best_is_the_first_of_equals_and_last_is_the_last() -> None:
    history = History(EPOCHS, Normalisation((0.5,), (0.2,)))
    assert (history.best_accuracy, history.best_epoch, history.last_accuracy) == (91.06, 1, 90.5)
