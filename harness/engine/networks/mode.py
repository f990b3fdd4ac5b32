"""A network in one of its two modes for a while, put back exactly as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Literal

import torch
from torch import nn

from harness.engine.choices import choose

Mode = Literal["eval", "train"]

_IS_TRAINING: Mapping[str, bool] = MappingProxyType({"eval": False, "train": True})


@contextmanager
def in_mode(network: nn.Module, mode: str) -> Iterator[None]:
    """Inside, every layer is in `mode`; afterwards each layer's own mode and every buffer, such as
    the running statistics of batch norms, are as they were, bit for bit.

    In "train" the batch norms use the statistics of the batch they are shown, so what comes out
    depends on the batch size. Raises HarnessError for another mode.
    """
    training = choose(_IS_TRAINING, mode, where="network mode")
    modes = [(layer, layer.training) for layer in network.modules()]
    before = [(buffer, buffer.clone()) for buffer in network.buffers()] if training else []
    network.train(training)
    try:
        yield
    finally:
        for layer, was_training in modes:
            layer.training = was_training
        with torch.no_grad():
            for buffer, kept in before:
                buffer.copy_(kept)
