"""Network, optimiser and loss scaling of a run: how they start, step, diverge, and go to and from a
checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.arguments import require_logits
from harness.engine.training.checkpoint import Checkpoint, Epoch, tensors_hash
from harness.engine.training.numerics import autocast
from harness.engine.training.ranks import ALONE, Ranks
from harness.errors import ExitCode, HarnessError
from harness.parts.base import identity as said_of
from harness.parts.recipe import Recipe


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
    numbers = {name: one for name, one in network.state_dict().items() if one.is_floating_point()}
    whole = torch.stack([torch.isfinite(one).all() for one in (losses, *numbers.values())])
    if whole.all():  # the one wait
        return
    bad = torch.nonzero(~torch.isfinite(losses))
    if len(bad):
        raise Diverged(epoch, int(bad[0]), "the loss")
    raise Diverged(epoch, len(losses) - 1, list(numbers)[whole[1:].tolist().index(False)])


_log = logging.getLogger(__name__)

Forward = Callable[[Tensor], Tensor]


class Compiled:
    """The forward pass of a network, compiled at its first call; `problem` says why it is not."""

    def __init__(self, network: nn.Module) -> None:
        self._plain: Forward = network
        self._compiled: Forward | None = torch.compile(network)
        self.problem = ""

    def __call__(self, images: Tensor) -> Tensor:
        """Logits; the first call that cannot be compiled is the last that is tried."""
        if self._compiled is not None:
            try:
                return self._compiled(images)
            except Exception as error:  # whatever a compiler may raise; the plain pass decides
                self._compiled = None
                first = (str(error).strip() or type(error).__name__).splitlines()[0]
                self.problem = f"torch.compile failed, trained without it: {first}"
                _log.warning("%s", self.problem)
        return self._plain(images)


_MOMENTUM = "momentum_buffer"  # torch's name for it
_KEPT = {"momentum": _MOMENTUM, **{name: name for name in ("exp_avg", "exp_avg_sq", "step")}}
"""What a checkpoint calls the numbers that an optimiser has for a parameter, and torch's names."""
_BATCH_AXIS = -4  # of images [B, C, H, W] and of frames [T, B, C, H, W]


class TrainingState:
    """A run before its first step, and what changes from step to step.

    The network is moved to the device, its channels last in memory, where convolutions are fastest
    on CPUs and on tensor cores. `last_label` is that of the images to come, train and test.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        device: torch.device,
        precision: str,
        *,
        compiled: bool = False,
        ranks: Ranks = ALONE,
        last_label: int = 0,
    ) -> None:
        network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.network, self.recipe, self.device, self.precision = network, recipe, device, precision
        self.ranks, self.last_label = ranks, last_label
        self.optimiser = optimiser_of(network, recipe, fused=device.type == "cuda")
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self.best: dict[str, Tensor] = {}  # the network's numbers of an epoch that is kept
        self.compiled, spread = compiled, ranks.spread(network)
        self.forward: Forward = Compiled(spread) if compiled else spread

    @property
    def not_compiled(self) -> str:
        """Why the network runs as it is although it was to be compiled; empty otherwise."""
        return self.forward.problem if isinstance(self.forward, Compiled) else ""

    def forget_scaling(self) -> None:
        """Drop what the loss scaling has noted of a step that was not taken to its end."""
        kept = self.scaler.state_dict()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.scaler.is_enabled())
        if kept:
            self.scaler.load_state_dict(kept)

    def step(self, inputs: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """One update on images [B, C, H, W] or frames [T, B, C, H, W]; gives mean loss and number
        of right answers as tensors on the device, without waiting for it. `lr` may lie on the
        device.

        The gradient is that of the batch's mean loss, added up over micro batches of nearly equal
        size where the recipe asks for them; tdBN statistics are each micro batch's own. Of several
        processes each is given the whole batch and takes its part; what it gives is of that part.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.zero_grad()
        batch = len(labels)
        inputs, labels = self.ranks.part(inputs, _BATCH_AXIS), self.ranks.part(labels)
        parts = -(-len(labels) // (self.recipe.micro_batch or len(labels)))
        losses, answers = [], []
        for some, their_labels in zip(
            inputs.tensor_split(parts, dim=_BATCH_AXIS), labels.tensor_split(parts), strict=True
        ):
            loss, right = self.add_gradient(some, their_labels, len(their_labels) / batch)
            losses.append(loss)
            answers.append(right)
        if self.recipe.gradient_clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(
                self.network.parameters(), self.recipe.gradient_clip, foreach=True
            )
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return torch.stack(losses).sum(), torch.stack(answers).sum()

    def add_gradient(self, inputs: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Forward and backward of a part that makes up `share` of the batch; its share of the mean
        loss, and its right answers.
        """
        with autocast(self.precision, self.device):
            logits = self.forward(channels_last(inputs))
        logits = require_logits(logits, len(labels), self.last_label)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        loss = share * functional.cross_entropy(
            logits, labels, label_smoothing=self.recipe.label_smoothing
        )
        # processes average their gradients, where the sum of their shares is wanted
        self.scaler.scale(loss * self.ranks.size).backward()  # type: ignore[no-untyped-call]
        return loss.detach(), (logits.detach().argmax(1) == labels).sum()

    def checkpoint(self, identity: str, epochs: tuple[Epoch, ...]) -> Checkpoint:
        """The run as it stands; later steps do not change it."""
        optimiser = {
            f"{kept}/{name}": self.optimiser.state[parameter][torchs].clone()
            for name, parameter in self.network.named_parameters()
            for kept, torchs in _KEPT.items()
            if torchs in self.optimiser.state[parameter]
        }
        numbers = self.numbers()
        return Checkpoint(identity, numbers, optimiser, epochs, self.scaler.state_dict(), self.best)

    def numbers(self) -> dict[str, Tensor]:
        """A copy of those of the network."""
        return {name: one.clone() for name, one in self.network.state_dict().items()}

    def keep_best(self, epochs: tuple[Epoch, ...]) -> None:
        """After an epoch, keep its numbers where the recipe wants those of the epoch of highest
        test accuracy, the first of equals, and this is it.
        """
        *before, last = (epoch.test_accuracy for epoch in epochs)
        if self.recipe.kept_epoch == "best" and all(last > one for one in before):
            self.best = self.numbers()

    def resume(self, checkpoint: Checkpoint) -> None:
        """Put a checkpoint's numbers in place."""
        self.network.load_state_dict(dict(checkpoint.network))
        for name, parameter in self.network.named_parameters():
            for kept, torchs in _KEPT.items():
                if (found := checkpoint.optimiser.get(f"{kept}/{name}")) is not None:
                    one = parameter if kept != "step" else parameter.new_empty(())
                    buffer = torch.empty_like(one, requires_grad=False)
                    self.optimiser.state[parameter][torchs] = buffer.copy_(found)
        self.best = {name: one.to(self.device) for name, one in checkpoint.best.items()}
        if checkpoint.scaler:
            self.scaler.load_state_dict(dict(checkpoint.scaler))


def optimiser_of(network: nn.Module, recipe: Recipe, *, fused: bool) -> torch.optim.Optimizer:
    """The recipe's optimiser, before its first step.

    A fused one reads no number back, not even to pass over a step whose scaled gradient overflows.
    The momentum of SGD is 0 from the start then: a first step that is passed over would leave it as
    the memory was. AdamW, fused everywhere, takes the count of such a step back on the device.
    """
    if recipe.optimizer == "adamw":
        how: dict[str, Any] = {"betas": recipe.betas, "eps": recipe.eps, "lr": recipe.lr}
        decay = recipe.weight_decay
        return torch.optim.AdamW(
            network.parameters(), weight_decay=decay, capturable=True, fused=True, **how
        )
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        foreach=not fused,
        fused=fused,
    )
    if fused and recipe.momentum:
        for parameter in network.parameters():
            zero = torch.zeros_like(parameter, requires_grad=False)
            optimiser.state[parameter][_MOMENTUM] = zero
    return optimiser


def channels_last(inputs: Tensor) -> Tensor:
    """Network input with its channels last in memory; of frames, those of every step."""
    if inputs.ndim == 4:
        return inputs.contiguous(memory_format=torch.channels_last)
    folded = inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return folded.view(inputs.shape)  # a view keeps the memory format of every step


def identity(network: nn.Module, recipe: Recipe, plain: Mapping[str, object]) -> str:
    """Hash of what a checkpoint must agree on: structure and initial numbers of the network,
    recipe, and `plain`.
    """
    said = {
        "network": repr(network),
        "initial": tensors_hash(network.state_dict()),
        "recipe": said_of(recipe),  # as it was before younger fields
        **plain,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
