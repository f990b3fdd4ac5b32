"""Gram matrices of spikes in integers: exact, and several times faster where the CPU has VNNI.

Legend: M = images of the minibatch, d = columns of a block.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.engine.cka.features import Steps, column_blocks, rows

_EXACT_IN_F32 = 2**24


def spike_gram(steps: Steps, columns: int, block_rows: int) -> Tensor | None:
    """K [M, M] = X·Xᵀ on and above the diagonal, in float32 (float64 from 2²⁴ features on, so that
    each count is exact); None where features are neither 0 nor 1 or where integers are not faster.
    """
    if not _integers_are_faster(steps[0].device) or _as_integers([rows(steps[0][:1])]) is None:
        return None
    images = len(steps[0])
    counts = torch.zeros(images, images, dtype=torch.int32)
    for group in column_blocks(steps, columns):
        spikes = _as_integers(group)
        if spikes is None:
            return None
        for start in range(0, images, block_rows):
            block = spikes[start : start + block_rows]
            counts[start : start + block_rows, start:] += torch._int_mm(block, spikes[start:].T)
    few = sum(step[0].numel() for step in steps) < _EXACT_IN_F32
    return counts.to(torch.float32 if few else torch.float64)


def _as_integers(group: list[Tensor]) -> Tensor | None:
    """The pieces side by side in int8, [M, d]; None unless each number is 0 or 1."""
    ones = [piece == 1 for piece in group]
    if not all(torch.equal(one, piece != 0) for one, piece in zip(ones, group, strict=True)):
        return None
    return (ones[0] if len(ones) == 1 else torch.cat(ones, dim=1)).view(torch.int8)


def _integers_are_faster(device: torch.device) -> bool:
    asked = getattr(torch.cpu, "_is_vnni_supported", None)  # private: where it is gone, float32
    return device.type == "cpu" and asked is not None and bool(asked())
