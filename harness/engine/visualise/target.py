"""What is to be maximised or ranked: a layer, one of its channels, or one of its neurons.

Legend: T = time steps, M = images, C = channels, H, W = height and width.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from harness.errors import HarnessError


@dataclass(frozen=True)
class Target:
    """A layer by its name in `named_modules`; with `channel` a channel of it; with `position` (row,
    column) a single neuron.
    """

    layer: str
    channel: int | None = None
    position: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.position is not None and self.channel is None:
            raise HarnessError("target position", "a neuron needs its channel too")

    @property
    def kind(self) -> str:
        """`layer`, `channel` or `neuron`."""
        if self.channel is None:
            return "layer"
        return "channel" if self.position is None else "neuron"

    def activation(self, feature_TM: Tensor) -> Tensor:
        """The activation of each image [M]: the mean over time and over what the target leaves
        open, of a layer's output [T, M, C, H, W] (or [T, M, C]).

        Raises HarnessError for a channel or position that the layer does not have.
        """
        per_channel = feature_TM.mean(0)
        if self.channel is None:
            return per_channel.flatten(1).mean(1)
        channel = per_channel[:, _inside("channel", self.channel, per_channel.shape[1])]
        if self.position is None:
            return channel.reshape(len(channel), -1).mean(1)
        if channel.ndim != 3:
            raise HarnessError("target position", f"layer {self.layer} has no rows and columns")
        row, column = (
            _inside(name, place, size)
            for name, place, size in zip(
                ("row", "column"), self.position, channel.shape[1:], strict=True
            )
        )
        return channel[:, row, column]


def _inside(name: str, place: int, size: int) -> int:
    if not 0 <= place < size:
        raise HarnessError(f"target {name}", f"must be 0 … {size - 1} (got {place})")
    return place
