"""Accuracy of a network on a split.

Legend: M = images of the split.
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, device_of, require_input, require_logits
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.engine.training.ranks import ALONE, Ranks

_BATCH = 256  # images; part of the numbers' last bits, so not left to the caller's taste


@checked
@torch.no_grad()
def accuracy(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    *,
    precision: str = "f32",
    ranks: Ranks = ALONE,
) -> float:
    """Percent of uint8 images whose largest logit is at the label, in evaluation mode; the
    network's mode is restored. The batches are dealt out to the processes in `ranks`.
    """
    was_training = network.training
    network.eval()
    device, last = device_of(network), int(labels_M.max())
    right = torch.zeros((), dtype=torch.int64, device=device)
    batches = zip(torch.split(images_MCHW, _BATCH), torch.split(labels_M, _BATCH), strict=True)
    try:
        for images, labels in islice(batches, ranks.rank, None, ranks.size):
            with autocast(precision, device):
                logits = network(require_input(network, normalisation(images.to(device))))
            answers = require_logits(logits, len(labels), last).argmax(1)
            right += (answers == labels.to(device)).sum()
    finally:
        network.train(was_training)
    return 100.0 * ranks.add_up(right).item() / len(labels_M)
