"""Cases that every backend is held against the reference with."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from harness.engine.lif.dynamics import Dynamics
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Triangle

SHAPES = [(1, 2, 3), (4, 1, 1), (2, 3, 5, 7, 1), (4, 8, 4, 8, 8), (16, 1030), (7,), (3, 0, 4)]
DYNAMICS = [
    Dynamics(decay, threshold, surrogate, detached, at_threshold)
    for (decay, threshold), surrogate, detached, at_threshold in itertools.product(
        [(0.5, 1.0), (0.9, 0.3)], [Rectangle(1.0), Dspike()], [False, True], [False, True]
    )
]
DYNAMICS += [
    Dynamics(0.7, 0.6, surrogate, detached, at_threshold, reset="soft")
    for surrogate, detached, at_threshold in [
        (Rectangle(1.0), False, False),
        (Rectangle(1.0), True, True),
        (Dspike(), False, True),
        (Dspike(), True, False),
    ]
]
DYNAMICS += [
    Dynamics(decay, 1.0, surrogate, reset=reset)
    for surrogate in (Triangle(0.8), Sigmoid(), Sigmoid(1.5), Arctan())
    for decay, reset in ((0.5, "hard"), (1.0, "soft"))
]


def currents(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Random currents, some of which land exactly on thresholds."""
    generator = torch.Generator().manual_seed(sum(shape))
    current_TBN = torch.randn(shape, generator=generator, dtype=dtype) * 1.5
    return torch.where(torch.rand(shape, generator=generator) < 0.1, 1.0, current_TBN)


def gradient(spikes_TBN: Tensor, current_TBN: Tensor) -> Tensor:
    """∂/∂current of a random linear function of the spikes."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(spikes_TBN.shape, generator=generator, dtype=spikes_TBN.dtype)
    (grad_TBN,) = torch.autograd.grad(spikes_TBN, current_TBN, weights)
    return grad_TBN
