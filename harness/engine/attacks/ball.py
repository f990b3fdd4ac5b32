"""The L∞ ball around clean inputs, which an attack must not leave.

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
from torch import Tensor

from harness.engine.arguments import choose
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError

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
