"""Training recipes; a named block of the specs holds one for ANNs and one for SNNs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.parts.base import LATER, Part

Beta = Annotated[float, Field(ge=0, lt=1)]


class Recipe(Part, family="recipe"):
    """SGD with momentum and a schedule on cross-entropy (paper App. B, p. 22; p. 5: 300 epochs,
    batch 256, cosine to 0). Defaults are the plain choices of He et al.

    The learning rate is the one for this very batch: nothing rescales it. Weight decay acts on
    every parameter, batch norms included, as in the published code; that of AdamW is decoupled from
    the gradient (Loshchilov & Hutter 2019). What is of the other optimiser plays no part and is put
    to its default: `momentum` to 0, `nesterov` to false, or `betas` and `eps`.

    With `epochs` 0 the network stays untrained. Its batch norms then get mean and variance of the
    training images, which a network as initialised has not seen: a pass without augmentation, each
    layer on what the layers below give it while they normalise each batch by itself. With
    `untrained_norm` "initial" they stay at mean 0 and variance 1. `micro_batch` splits a batch
    that does not fit into equal parts of at most so many images, whose gradients are added up to
    that of the batch's mean loss; each part is normalised with its own tdBN statistics, so the
    numbers are those of the whole batch only without batch norm, and the running statistics move
    once per part. `checkpoint_activations` keeps of each block its input alone and computes the
    rest again in the backward pass: the same bits for more time and less memory.
    """

    epochs: int = Field(ge=0, le=100_000, description="0: the network stays untrained")
    batch: int = Field(ge=1, le=65_536, description="images per optimiser step")
    lr: float = Field(gt=0, le=100, description="peak learning rate, for this batch")
    optimizer: Annotated[Literal["sgd", "adamw"], LATER] = "sgd"
    momentum: float = Field(default=0.0, ge=0, lt=1, description="of SGD, which must name one")
    nesterov: bool = Field(default=False, description="of SGD")
    betas: Annotated[tuple[Beta, Beta], LATER] = Field(
        default=(0.9, 0.999), description="of AdamW, decay of the mean gradient and its square"
    )
    eps: Annotated[float, LATER] = Field(
        default=1e-8, gt=0, le=1, description="of AdamW, added to the root of that square"
    )
    weight_decay: float = Field(ge=0, le=1)
    schedule: Literal["cosine", "one-cycle"] = "cosine"
    untrained_norm: Annotated[Literal["measured", "initial"], LATER] = Field(
        default="measured", description="of epochs 0: batch norms on the training images, or as new"
    )
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
    kept_epoch: Annotated[Literal["last", "best"], LATER] = Field(
        default="last", description="whose weights are left: the best is so *on the test set*"
    )
    usual: ClassVar = {
        "epochs": 300,
        "batch": 256,
        "lr": 0.1,
        "momentum": 0.9,  # published code: 0.9 spiking, 0.8 artificial
        "weight_decay": 1e-4,
    }

    @model_validator(mode="after")
    def _has_no_idle_numbers(self) -> Recipe:
        """Numbers that play no part must not tell two runs apart."""
        idle = {"betas", "eps"} if self.optimizer == "sgd" else {"momentum", "nesterov"}
        idle |= {"untrained_norm" if self.epochs else "kept_epoch"}
        for name in idle:
            self.__dict__[name] = type(self).model_fields[name].default  # frozen for all others
        return self

    @model_validator(mode="after")
    def _can_train(self) -> Recipe:
        if self.optimizer == "sgd" and "momentum" not in self.model_fields_set:
            raise ValueError("momentum is missing, 0 for none")
        if self.epochs and self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs {self.warmup_epochs} does not end before epochs {self.epochs}"
            )
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self
