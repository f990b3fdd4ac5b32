"""The error of a training run whose numbers are no longer finite."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.errors import ExitCode, HarnessError


class Diverged(HarnessError):
    """NaN or infinity in training; `epoch` and `step` count from 0."""

    def __init__(self, epoch: int, step: int, what: str) -> None:
        self.epoch = epoch
        self.step = step
        self.what = what
        super().__init__(
            f"training, epoch {epoch}, step {step}",
            f"{what} is NaN or infinite",
            hint="lower recipe.lr, lengthen recipe.warmup_epochs or set recipe.gradient_clip",
            code=ExitCode.RUN_FAILED,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (Diverged, (self.epoch, self.step, self.what))


def check_finite(losses: Tensor, network: nn.Module, epoch: int) -> None:
    """Raise Diverged for the epoch's first bad loss, or for weights gone bad under a good one.

    Asked once per epoch, so that no step waits for the device. A spiking layer hands on what is not
    finite as NaN spikes, so a broken current shows in the loss of its own step; the weights are
    looked at too because the last update is followed by no loss.
    """
    bad = torch.nonzero(~torch.isfinite(losses))
    if len(bad):
        raise Diverged(epoch, int(bad[0]), "the loss")
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise Diverged(epoch, len(losses) - 1, name)
