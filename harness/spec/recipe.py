"""Training recipes; a named block holds one for ANNs and one for SNNs, see `blocks.Recipes`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness.spec.base import Spec


class Recipe(Spec):
    """SGD with a schedule (paper App. B, p. 22). Defaults are the plain choices of He et al."""

    epochs: int = Field(ge=1, le=100_000)
    batch: int = Field(ge=1, le=65_536, description="images per optimiser step")
    lr: float = Field(gt=0, le=100, description="peak learning rate, for this batch")
    momentum: float = Field(ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(ge=0, le=1)
    schedule: Literal["cosine", "one-cycle"] = "cosine"
    warmup_epochs: float = Field(default=0, ge=0, description="linear from 0 to lr")
    label_smoothing: float = Field(default=0, ge=0, lt=1)
    gradient_clip: float = Field(default=0, ge=0, description="bound of its norm; 0: none")
    micro_batch: int = Field(
        default=0, ge=0, le=65_536, description="images at a time, own tdBN each; 0: whole batch"
    )
    checkpoint_activations: bool = Field(
        default=False, description="recompute blocks in backward: same numbers, less memory"
    )
    crop_padding: int = Field(default=4, ge=0, le=64, description="pixels, zeros, then random crop")
    flip: bool = Field(default=True, description="random horizontal flip")
    precision: Literal["f32", "bf16", "fp16"] = "f32"

    @model_validator(mode="after")
    def _warm_up_ends_before_training(self) -> Recipe:
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs {self.warmup_epochs} does not end before epochs {self.epochs}"
            )
        return self
