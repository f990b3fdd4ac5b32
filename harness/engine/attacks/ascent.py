"""What gradient attacks on a batch share: the loss that they raise, with its gradient, and the
worst inputs found.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; `…` is [B] or, for frames,
[T, B].
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.arguments import require_input, require_logits
from harness.engine.networks.neurons import Lif
from harness.engine.networks.neurons.stepwise import Stepwise
from harness.engine.training.numerics import autocast
from harness.errors import ExitCode, HarnessError
from harness.parts.surrogates import Surrogate


class Seen(NamedTuple):
    """What a network says to inputs: the loss of each image, whether its answer is wrong, and the
    gradient of the loss by the inputs.
    """

    loss_B: Tensor
    wrong_B: Tensor
    gradient: Tensor


class Objective:
    """The cross-entropy of a network at the true labels of a batch, and what was seen of its
    gradient: attacks raise it.

    It is summed over the batch, since a mean over many confident images can underflow to a gradient
    of 0.
    """

    def __init__(
        self, network: nn.Module, inputs: Tensor, labels_B: Tensor, precision: str = "f32"
    ) -> None:
        """HarnessError for labels that are not those of the `inputs` […, C, H, W]."""
        self.network, self.precision = network, precision
        self.clean = require_input(network, inputs).detach()
        self.labels_B = labels_B.to(inputs.device)
        self._last_label = int(self.labels_B.max())
        if self.clean.shape[-4] != len(self.labels_B):
            said = f"{self.clean.shape[-4]} images, {len(self.labels_B)} labels"
            raise HarnessError("attack labels", said)
        flags = torch.zeros((2,), dtype=torch.bool, device=inputs.device)
        self._broken, self._moving = flags  # read at the end

    @torch.enable_grad()
    def __call__(self, inputs: Tensor) -> Seen:
        """Loss, answers and gradient for inputs like those that it was made for."""
        wanted = inputs.detach().requires_grad_()
        with autocast(self.precision, inputs.device):
            logits = self.network(wanted)
        logits = require_logits(logits, len(self.labels_B), self._last_label)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        loss_B = functional.cross_entropy(logits, self.labels_B, reduction="none")
        gradient = torch.zeros_like(wanted)
        if loss_B.requires_grad:  # something in the network is differentiable
            (gradient,) = torch.autograd.grad(
                loss_B.sum(), wanted, allow_unused=True, materialize_grads=True
            )
        self._broken |= torch.isnan(gradient).any()
        self._moving |= gradient.any()
        return Seen(loss_B.detach(), logits.argmax(1) != self.labels_B, gradient)

    def checked(self, attacked: Tensor) -> Tensor:
        """The result of an attack that has taken steps.

        Raises HarnessError for a gradient that was NaN, and `Unmoved` for one that was 0 at every
        step.
        """
        if self._broken:
            hint = "the network gives NaN for these images: was its training diverging?"
            code = ExitCode.RUN_FAILED
            raise HarnessError("attack", "the gradient of the loss is NaN", hint=hint, code=code)
        if not self._moving:
            raise Unmoved(attacked)
        return attacked


class Unmoved(HarnessError):
    """No step moved any of the images; `attacked` are they after their random start, if any."""

    def __init__(self, attacked: Tensor) -> None:
        hint = "a layer without derivative, detached features, or neurons that are all silent"
        said = "the gradient of the loss is 0 everywhere"
        super().__init__("attack", said, hint=hint, code=ExitCode.RUN_FAILED)
        self.attacked = attacked


class Worst:
    """Of each image the worst inputs so far: answered wrongly, and among those of larger loss."""

    def __init__(self) -> None:
        self.inputs: Tensor | None = None
        self.loss_B = self.wrong_B = torch.empty(0)

    def take(self, inputs: Tensor, seen: Seen) -> Tensor:
        """The worst of these and those before, […, C, H, W]."""
        if self.inputs is None:
            self.inputs, self.loss_B, self.wrong_B = inputs, seen.loss_B, seen.wrong_B
            return inputs
        worse_B = seen.wrong_B & ~self.wrong_B
        worse_B |= (seen.wrong_B == self.wrong_B) & (seen.loss_B > self.loss_B)
        self.inputs = torch.where(per_image(worse_B), inputs, self.inputs)
        self.loss_B = torch.where(worse_B, seen.loss_B, self.loss_B)
        self.wrong_B = self.wrong_B | seen.wrong_B
        return self.inputs


def per_image(values_B: Tensor) -> Tensor:
    """[B, 1, 1, 1], beside inputs […, C, H, W]."""
    return values_B[:, None, None, None]


@contextmanager
def gradients_by(network: nn.Module, surrogate: Surrogate | None) -> Iterator[None]:
    """Inside, gradients pass all spiking neurons by this surrogate, and spikes are what they were;
    afterwards by their own. Nothing changes for None, and in a network that has no time.

    Raises HarnessError for a network over time whose neurons keep their own.
    """
    layers = [one for one in network.modules() if isinstance(one, Lif | Stepwise)]
    if surrogate is not None and not layers and getattr(network, "time_steps", 1) > 1:
        problem = "the neurons of this network keep their own surrogate"
        raise HarnessError("attack surrogate", problem, hint="leave it out of the attack")
    kept = [(layer, layer.surrogate) for layer in layers]
    try:
        for layer in layers:
            layer.surrogate = surrogate or layer.surrogate
        yield
    finally:
        for layer, own in kept:
            layer.surrogate = own
