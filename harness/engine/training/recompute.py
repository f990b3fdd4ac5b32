"""Activation checkpointing: a block keeps its input alone, and the backward pass computes the rest
of it again.

What a training step keeps grows with T; with this only the blocks' inputs do, and one block's
inside at a time. It costs one more forward pass of the blocks, and no bit of any number: the inside
is computed by the same operations on the same numbers. (The idea: Chen et al., "Training deep nets
with sublinear memory cost", arXiv:1604.06174.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from harness.errors import HarnessError

_RUNNING = ("running_mean", "running_var")  # what batch norm writes while it is computed


@contextmanager
def recomputed_blocks(network: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside, with `wanted`, every block of `network` in training mode keeps its input alone.

    The blocks are those that `network.blocks()` gives. Their names, weights and hooks stay what
    they are; a hook inside a block sees its layer twice, forward and again in the backward pass.
    Both passes must happen inside. Raises HarnessError for a network that has no blocks.
    """
    if not wanted:
        yield
        return
    blocks: Callable[[], list[nn.Module]] | None = getattr(network, "blocks", None)
    if not callable(blocks):
        raise HarnessError(
            "recipe checkpoint_activations",
            f"a {type(network).__name__} has no blocks to compute again",
            hint="leave it off; recipe.micro_batch saves memory too",
        )
    chosen = blocks()
    for block in chosen:
        block.forward = partial(_keep_input, block, block.forward)
    try:
        yield
    finally:
        for block in chosen:
            del block.forward  # the class's own shows again


def _keep_input(block: nn.Module, plain: Callable[..., Any], *inputs: Any) -> Any:
    if not (block.training and torch.is_grad_enabled()):
        return plain(*inputs)
    return checkpoint(
        plain,
        *inputs,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _scratch_statistics(block)),  # first, second pass
    )


@contextmanager
def _scratch_statistics(block: nn.Module) -> Iterator[None]:
    """Inside, batch norms write their running statistics into copies: the first pass has updated
    them already, and a second update would move them on.

    A momentum of 0 would not do, since 0·∞ is NaN.
    """
    kept = [
        (layer, name, layer.get_buffer(name))
        for layer in block.modules()
        for name in _RUNNING
        if getattr(layer, name, None) is not None
    ]
    try:
        for layer, name, statistics in kept:
            setattr(layer, name, statistics.clone())
        yield
    finally:
        for layer, name, statistics in kept:
            setattr(layer, name, statistics)
