"""What a training run leaves behind: its learning curve."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from harness.engine.training.normalisation import Normalisation


@dataclass(frozen=True)
class Epoch:
    """One epoch; accuracies in percent."""

    epoch: int  # from 0
    train_loss: float  # mean over the epoch's images, while the weights were changing
    train_accuracy: float  # likewise
    test_accuracy: float  # evaluation mode, all test images, after the epoch
    lr: float  # of the epoch's first step
    seconds: float  # training and test together
    images_per_second: float  # training images, training time alone


@dataclass(frozen=True)
class History:
    """All epochs, and what is needed to feed the trained network again.

    The published code reports the best epoch *on the test set*, which flatters; both are recorded
    here.
    """

    epochs: tuple[Epoch, ...]
    normalisation: Normalisation
    resumed_from: int = 0  # epochs that an earlier, interrupted call had done
    discarded_checkpoint: str = ""  # why an existing checkpoint was not used
    not_compiled: str = ""  # why torch.compile, asked for, was not used

    @property
    def best(self) -> Epoch:
        """The epoch of highest test accuracy, the first of equals."""
        return max(self.epochs, key=lambda epoch: epoch.test_accuracy)

    @property
    def best_accuracy(self) -> float:
        """Percent."""
        return self.best.test_accuracy

    @property
    def best_epoch(self) -> int:
        """From 0."""
        return self.best.epoch

    @property
    def last_accuracy(self) -> float:
        """Percent, of the weights that the run ends with."""
        return self.epochs[-1].test_accuracy


def epochs_to_json(epochs: tuple[Epoch, ...]) -> str:
    """Exact: floats keep all their digits."""
    return json.dumps([asdict(epoch) for epoch in epochs])


def epochs_from_json(text: str) -> tuple[Epoch, ...]:
    """Inverse of `epochs_to_json`; raises TypeError or ValueError for anything else."""
    return tuple(Epoch(**fields) for fields in json.loads(text))
