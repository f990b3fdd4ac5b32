"""Accuracy of a network under attacks of growing strength.

Legend: M = images of the split, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, device_of, require_logits
from harness.engine.attacks.ascent import Unmoved, gradients_by
from harness.engine.networks.hooks import Mode, in_mode
from harness.engine.randomness import stream
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.errors import HarnessError
from harness.parts.attacks import Attack

_BATCH = 256  # images; that of `accuracy`, so that ε = 0 gives its number


class AttackedBatch(NamedTuple):
    """The same images twice, as network input [B, C, H, W] on the network's device."""

    clean: Tensor
    attacked: Tensor
    labels_B: Tensor


@checked
def attacked_batches(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    attack: Attack,
    *,
    epsilon: float,
    mode: Mode = "eval",
    seed: int = 0,
    batch: int = _BATCH,
    precision: str = "f32",
) -> Iterator[AttackedBatch]:
    """uint8 images in batches, clean and attacked, in their order.

    A random start draws from stream(seed, "attack", index of the batch), the same at every ε. The
    network is run between two batches, so a hook that stays open over the loop sees the attack's
    own passes too. Raises HarnessError as `pgd`; that nothing moves is told after the last batch.
    """
    if batch < 1:
        raise HarnessError("attack batch", f"must be at least 1 (got {batch})")
    device = device_of(network)
    parts = zip(torch.split(images_MCHW, batch), torch.split(labels_M, batch), strict=True)
    moved, why = False, None  # a last batch of one image may well have no gradient
    for index, (images, labels) in enumerate(parts):
        clean, here = normalisation(images.to(device)), labels.to(device)
        try:
            with gradients_by(network, attack.surrogate):
                attacked = attack.perturb(
                    network,
                    clean,
                    here,
                    epsilon=epsilon,
                    normalisation=normalisation,
                    mode=mode,
                    generator=stream(seed, "attack", index),
                    precision=precision,
                )
            moved = True
        except Unmoved as error:
            attacked, why = error.attacked, error
        yield AttackedBatch(clean, attacked, here)
    if why and not moved:
        raise why


@checked
def accuracy_under_attack(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    attack: Attack,
    *,
    epsilons: Sequence[float],
    seed: int = 0,
    batch: int = _BATCH,
    precision: str = "f32",
) -> tuple[float, ...]:
    """Percent of attacked uint8 images whose largest logit is at the label, one number per ε.

    The answers are taken in evaluation mode, whatever mode the attack was made in
    (`attack.accuracy_mode`);
    ε = 0 gives `accuracy`. The same call gives the same numbers: images in order, batches of
    `batch`, random starts from `seed`.
    """
    found, last = [], int(labels_M.max())
    for epsilon in epsilons:
        batches = attacked_batches(
            network,
            images_MCHW,
            labels_M,
            normalisation,
            attack,
            epsilon=epsilon,
            mode=attack.accuracy_mode,
            seed=seed,
            batch=batch,
            precision=precision,
        )
        right = torch.zeros((), dtype=torch.int64, device=device_of(network))
        for _, attacked, labels_B in batches:
            how = autocast(precision, attacked.device)
            with torch.no_grad(), in_mode(network, "eval"), how:
                logits = network(attacked)
            answers = require_logits(logits, len(labels_B), last).argmax(1)
            right += (answers == labels_B).sum()
        found.append(100.0 * right.item() / len(labels_M))
    return tuple(found)
