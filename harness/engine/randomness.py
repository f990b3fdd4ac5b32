"""Named random streams: every draw is a function of the seed and of what it is for."""

from __future__ import annotations

import hashlib

import torch

_BITS = 63  # torch seeds are signed 64-bit numbers


def stream(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator seeded with the first 63 bits of SHA-256 over "seed/purpose/…".

    `stream(seed, "order", epoch)` gives the same numbers whatever ran before, beside or on which
    device, so that a resumed run needs no generator state and two networks trained with one seed
    see the same images in the same order.
    """
    name = "/".join(str(part) for part in (seed, *purpose))
    digest = hashlib.sha256(name.encode()).digest()
    generator = torch.Generator(device="cpu")
    generator.manual_seed(int.from_bytes(digest[:8], "big") >> (64 - _BITS))
    return generator
