"""Projected gradient descent in the L∞ ball (Madry et al. 2017; paper eq. 5), and its one step, the
fast gradient sign method (Goodfellow et al. 2015).

Legend: T = time steps, B = batch, C = channels, H, W = height and width; `…` is [B] or, for frames,
[T, B].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.arguments import checked, choose, require_input, require_logits
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.errors import ExitCode, HarnessError

Units = Literal["pixel", "normalised"]

_PER_STD: Mapping[str, bool] = MappingProxyType({"pixel": True, "normalised": False})


@dataclass(frozen=True, eq=False)
class Budget:
    """The box around clean inputs that an attack must not leave, and the length of its steps.

    A pixel p is the input (p − mean)/std, an affine map that grows in p, so an attack on pixels and
    one on inputs take the same signs of the gradient; only lengths differ, by 1/std per channel.
    """

    clean: Tensor
    low: Tensor  # like `clean`
    high: Tensor
    epsilon_C11: Tensor
    step_C11: Tensor

    @classmethod
    def around(
        cls,
        clean: Tensor,
        *,
        epsilon: float,
        step: float,
        units: str,
        clip: bool,
        normalisation: Normalisation,
    ) -> Budget:
        """The L∞ ball of radius `epsilon` around inputs […, C, H, W], cut to black … white with
        `clip`.

        `epsilon` and `step` are in units of the full brightness ("pixel") or of the network's
        input, standard deviations of a channel ("normalised"). An input outside black … white
        (frames of events) is not pulled back, only never moved further out.
        """
        per_std = choose(_PER_STD, units, where="attack units")
        for name, length in (("epsilon", epsilon), ("step", step)):
            if not 0 <= length < math.inf:
                raise HarnessError(f"attack {name}", f"must be 0 or more (got {length})")
        channels = clean.shape[-3]
        if channels != len(normalisation.std):
            said = f"{channels} channels, but {len(normalisation.std)} standard deviations"
            raise HarnessError("attack input", said)
        mean_C11 = _per_channel(normalisation.mean, clean)
        std_C11 = _per_channel(normalisation.std, clean)
        scale_C11 = 1 / std_C11 if per_std else torch.ones_like(std_C11)
        low, high = clean - epsilon * scale_C11, clean + epsilon * scale_C11
        if clip:
            low = torch.maximum(low, torch.minimum((0 - mean_C11) / std_C11, clean))
            high = torch.minimum(high, torch.maximum((1 - mean_C11) / std_C11, clean))
        return cls(clean, low, high, epsilon * scale_C11, step * scale_C11)

    def inside(self, inputs: Tensor) -> Tensor:
        """The nearest inputs of the box."""
        return torch.minimum(torch.maximum(inputs, self.low), self.high)

    def random_start(self, generator: torch.Generator) -> Tensor:
        """A uniform draw from the ball, then into the box; made on the CPU, so that every device
        sees the same.
        """
        share = 2 * torch.rand(self.clean.shape, generator=generator) - 1
        return self.inside(self.clean + share.to(self.clean) * self.epsilon_C11)


def _per_channel(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None, None]


@checked
def pgd(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    step: float,
    iterations: int,
    random_start: bool = False,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    generator: torch.Generator | None = None,
    precision: str = "f32",
) -> Tensor:
    """Inputs that raise the cross-entropy at the true labels, within ε of the given ones.

    x ← Π(x + step·sign(∂L/∂x)), `iterations` times, Π the projection to the L∞ ball (and to black …
    white with `clip`). `inputs` are what the network takes, *normalised* by `normalisation`, [B, C,
    H, W] or frames [T, B, C, H, W], and so is the result: a new tensor, on the same device, without
    gradient. `epsilon` and `step` are in `units`: "pixel" counts the full brightness as 1,
    "normalised" is the scale of the inputs themselves. `mode`: see `in_mode`; the network's
    weights, gradients, modes and, but for "drifting", statistics are left alone. L is summed over the batch, since a
    mean over many confident images can underflow to a gradient of 0. `random_start` draws from
    `generator`, on the CPU. Raises HarnessError for values out of range, a random start without
    generator, and a gradient that is NaN, or 0 at every step for every image: it moves nothing,
    which would pass for robustness.
    """
    if iterations < 0:
        raise HarnessError("attack iterations", f"must be 0 or more (got {iterations})")
    clean, labels_B = require_input(network, inputs).detach(), labels_B.to(inputs.device)
    last_label = int(labels_B.max())
    if clean.shape[-4] != len(labels_B):
        said = f"{clean.shape[-4]} images, {len(labels_B)} labels"
        raise HarnessError("attack labels", said)
    budget = Budget.around(
        clean, epsilon=epsilon, step=step, units=units, clip=clip, normalisation=normalisation
    )
    if random_start and generator is None:
        raise HarnessError("attack random_start", "needs a generator to draw from")
    drawn = generator if random_start else None
    attacked = clean.clone() if drawn is None else budget.random_start(drawn)
    steps = iterations if epsilon > 0 and clean.numel() else 0
    broken, moving = torch.zeros((2,), dtype=torch.bool, device=clean.device)  # read at the end
    with in_mode(network, mode):
        for _ in range(steps):
            gradient = _input_gradient(network, attacked, labels_B, last_label, precision)
            broken |= torch.isnan(gradient).any()
            moving |= gradient.any()
            attacked = budget.inside(attacked + budget.step_C11 * gradient.sign())
    if broken:
        hint = "the network gives NaN for these images: was its training diverging?"
        code = ExitCode.RUN_FAILED
        raise HarnessError("attack", "the gradient of the loss is NaN", hint=hint, code=code)
    if steps and not moving:
        raise Unmoved(attacked)
    return attacked


class Unmoved(HarnessError):
    """No step moved any of the images; `attacked` are they after their random start, if any."""

    def __init__(self, attacked: Tensor) -> None:
        hint = "a layer without derivative, detached features, or neurons that are all silent"
        said = "the gradient of the loss is 0 everywhere"
        super().__init__("attack", said, hint=hint, code=ExitCode.RUN_FAILED)
        self.attacked = attacked


@torch.enable_grad()
def _input_gradient(
    network: nn.Module, inputs: Tensor, labels_B: Tensor, last_label: int, precision: str
) -> Tensor:
    wanted = inputs.detach().requires_grad_()
    with autocast(precision, inputs.device):
        logits = network(wanted)
    logits = require_logits(logits, len(labels_B), last_label)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    loss = functional.cross_entropy(logits, labels_B, reduction="sum")
    if not loss.requires_grad:  # nothing in the network is differentiable
        return torch.zeros_like(wanted)
    (gradient,) = torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)
    return gradient


@checked
def fgsm(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    precision: str = "f32",
) -> Tensor:
    """x + ε·sign(∂L/∂x): one step of `pgd` of length ε from the clean inputs; see there."""
    return pgd(
        network,
        inputs,
        labels_B,
        normalisation=normalisation,
        epsilon=epsilon,
        step=epsilon,
        iterations=1,
        units=units,
        clip=clip,
        mode=mode,
        precision=precision,
    )
