"""What the CKA of networks goes through: minibatches, one after the other.

Legend: M = images of the minibatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from harness.engine.arguments import device_of, named, require_input, tensor
from harness.errors import HarnessError

Batches = Iterable[Tensor]
"""Normalised images [M, C, H, W] or frames [T, M, C, H, W], a minibatch at a time, or with
their labels [M] as a `DataLoader` gives them; they are moved to the network's device.
"""

Pairs = Iterable[tuple[Tensor, Tensor]]
"""Two minibatches of the same M images in the same order: for the first and the second network, or
clean and attacked.
"""


def minibatches(batches: Any, networks: Sequence[nn.Module]) -> Iterator[tuple[Tensor, ...]]:
    """For each minibatch what each of the networks is shown, on its device.

    A minibatch is images for all of them, images and labels as data loaders give them, or images
    for each. HarnessError for anything else.
    """
    where, devices = "CKA batches", [device_of(network) for network in networks]
    if isinstance(batches, Tensor | Mapping | str) or not isinstance(batches, Iterable):
        said = f"expected minibatches one after the other (got {named(batches)})"
        raise HarnessError(where, said, hint="a list of one minibatch is [images]")
    for batch in batches:
        several = batch if isinstance(batch, list | tuple) else [batch]
        parts = [tensor(where, part) for part in several]
        if len(parts) == 2 and parts[1].ndim < 3:
            del parts[1]  # labels
        if len(parts) not in (1, len(networks)):
            said = f"a minibatch of {len(parts)} parts for {len(networks)} networks"
            hint = "expected images, or (images, labels), or (images of a, images of b)"
            raise HarnessError(where, said, hint=hint)
        shared = parts[0].to(devices[0])
        given = [shared, *parts[1:]] if len(parts) == len(networks) else [shared] * len(networks)
        shown = [
            require_input(network, part.to(device))
            for network, part, device in zip(networks, given, devices, strict=True)
        ]
        first, last = shown[0].shape[-4], shown[-1].shape[-4]
        if first != last:
            hint = "both are of the same images"
            raise HarnessError(where, f"{first} images beside {last}", hint=hint)
        yield tuple(shown)
