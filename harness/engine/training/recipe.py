"""How a network is trained, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.engine.arguments import check_fields
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError

Schedule = Literal["cosine", "one-cycle"]


@dataclass(frozen=True)
class Recipe:
    """SGD with momentum on cross-entropy; the defaults are the paper's (p. 5: 300 epochs, batch
    256, cosine to 0).

    The learning rate is the one for this very batch: nothing rescales it. Weight decay acts on
    every parameter, batch norms included, as in the published code. `gradient_clip` bounds the norm
    of the whole gradient, 0 leaves it alone (the paper does). `micro_batch` splits a batch that
    does not fit into equal parts of at most so many images, whose gradients are added up to that of
    the batch's mean loss; each part is normalised with its own tdBN statistics, so the numbers are
    those of the whole batch only without batch norm, and the running statistics move once per part.
    `checkpoint_activations` keeps of each block its input alone and computes the rest again in the
    backward pass: the same bits for more time and less memory. `normalisation` None measures mean
    and standard deviation on the training images. Raises HarnessError for a number out of range,
    naming the field.
    """

    epochs: int = 300
    batch: int = 256
    lr: float = 0.1
    momentum: float = 0.9  # published code: 0.9 spiking, 0.8 artificial
    nesterov: bool = False
    weight_decay: float = 1e-4
    schedule: Schedule = "cosine"
    warmup_epochs: float = 0.0  # linear from lr/25, step by step
    label_smoothing: float = 0.0
    gradient_clip: float = 0.0  # largest norm of the gradient, 0 for none
    micro_batch: int = 0  # images at a time, 0 for the whole batch
    checkpoint_activations: bool = False
    crop_padding: int = 4  # pixels
    flip: bool = True
    normalisation: Normalisation | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        for name, least in {"epochs": 1, "batch": 1, "crop_padding": 0, "micro_batch": 0}.items():
            if getattr(self, name) < least:
                raise _wrong(name, f"must be at least {least}", getattr(self, name))
        for name in ("weight_decay", "gradient_clip"):
            if getattr(self, name) < 0:
                raise _wrong(name, "must not be negative", getattr(self, name))
        for name in ("momentum", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise _wrong(name, "must lie in 0 … 1, 1 excluded", getattr(self, name))
        if self.lr <= 0:
            raise _wrong("lr", "must be above 0", self.lr)
        if not 0 <= self.warmup_epochs < self.epochs:
            raise _wrong("warmup_epochs", f"must lie in 0 … {self.epochs}", self.warmup_epochs)
        if self.schedule not in ("cosine", "one-cycle"):
            raise _wrong("schedule", "must be 'cosine' or 'one-cycle'", repr(self.schedule))
        if self.nesterov and not self.momentum:
            raise _wrong("nesterov", "needs a momentum above 0", self.momentum)


def _wrong(field: str, problem: str, value: object) -> HarnessError:
    return HarnessError(f"recipe {field}", f"{problem} (got {value})")
