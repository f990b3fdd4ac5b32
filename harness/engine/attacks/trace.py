"""What an attack does to each image, on its way and at its end, and where it has no gradient.

Legend: M = images of the split, S = passes of the attack, B = batch, C = channels, H, W = height
and width.
"""

from __future__ import annotations

from operator import add
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.arguments import checked, device_of
from harness.engine.attacks.ascent import Objective, gradients_by
from harness.engine.attacks.evaluate import attacked_batches
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.parts.attacks import Attack


class Trace(NamedTuple):
    """An attack of one strength on the images of a split."""

    right_M: Tensor  # whether the answer to the attacked image is right, on the CPU
    loss_S: tuple[float, ...]  # mean cross-entropy at each pass of the attack, in nats


@checked
def attack_trace(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    attack: Attack,
    *,
    epsilon: float,
    judge: nn.Module | None = None,
    seed: int = 0,
    batch: int = 256,
) -> Trace:
    """The attack on a network, answered in evaluation mode by it, or by `judge` (transfer).

    The passes are those of the network attacked, in the mode of the attack: one for each step, one
    restart after the other. Raises HarnessError as `pgd`.
    """
    passes, answering = list[Tensor](), judge or network
    right, sums = list[Tensor](), list[float]()
    how: dict[str, Any] = {"mode": attack.accuracy_mode, "seed": seed, "batch": batch}
    batches = attacked_batches(
        network, images_MCHW, labels_M, normalisation, attack, epsilon=epsilon, **how
    )
    hook = network.register_forward_hook(lambda *call: passes.append(call[-1].detach()))
    try:
        for _, attacked, labels_B in batches:
            losses = [_total(logits, labels_B) for logits in passes]
            sums = list(map(add, sums, losses)) if sums else losses
            with torch.no_grad(), in_mode(answering, "eval"):
                right.append((answering(attacked).argmax(1) == labels_B).cpu())
            passes.clear()
    finally:
        hook.remove()
    return Trace(torch.cat(right), tuple(one / len(labels_M) for one in sums))


def _total(logits: Tensor, labels_B: Tensor) -> float:
    return functional.cross_entropy(logits.double(), labels_B, reduction="sum").item()


@checked
def zero_gradients(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    attack: Attack,
    *,
    batch: int = 256,
) -> float:
    """Share of the numbers of the clean images by which the loss has a gradient of exactly 0, as
    the attack takes it: where it is large, steps go nowhere and a network only seems robust.
    """
    zeros, device = 0, device_of(network)
    parts = torch.split(images_MCHW, batch), torch.split(labels_M, batch)
    with in_mode(network, attack.accuracy_mode), gradients_by(network, attack.surrogate):
        for images, labels in zip(*parts, strict=True):
            inputs = normalisation(images.to(device))
            zeros += int((Objective(network, inputs, labels)(inputs).gradient == 0).sum())
    return zeros / images_MCHW.numel()
