"""What every network of this folder offers: time, the names of its layers, and its table row by
row.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from harness.engine.arguments import tensor
from harness.engine.data.labelled import described
from harness.engine.networks.outline import Part
from harness.errors import HarnessError


class Network(nn.Module, ABC):
    """Images [B, C, H, W] or frames [T, B, C, H, W] to logits [B, classes], their mean over time.

    Activations between the layers are folded, [T·B, C, H, W]; `given` makes a network of a module
    in which they are not.
    """

    time_steps: int  # shown of a static image; frames bring their own number
    in_place: ClassVar[bool] = True  # a layer may write into what another gave
    step_by_step: bool = False  # each layer is called once a time step
    looked_at_trained: ClassVar[bool] = False  # in evaluation mode, whatever mode it is in

    @abstractmethod
    def layer_names(self) -> tuple[str, ...]:
        """Names of the layers to hook, in execution order: each is a module's name in
        `named_modules`. The classifier is not among them.
        """

    @abstractmethod
    def outline(self) -> tuple[Part, ...]:
        """The rows of its architecture table, in execution order; each parameter belongs to one."""

    @property
    def called(self) -> str:
        """What a drawing calls it: its class."""
        return type(self).__name__

    @property
    def input_channels(self) -> int | None:
        """Channels of the images that it takes; None where its layers do not tell."""
        first = next((one for one in self.modules() if isinstance(one, nn.Conv2d)), None)
        return None if first is None else first.in_channels

    def steps_of(self, images: Tensor) -> int:
        """T, of images or frames that it is shown."""
        return len(images) if images.ndim == 5 else self.time_steps

    def in_time(self, layer: str, output: Any, steps: int, images: int) -> Tensor:
        """What a layer gave for so many steps and images as [T, B, …], a view; T of a layer may be
        1. HarnessError for an output of another shape.
        """
        where = f"network layer {layer}"
        folded = tensor(where, output)
        if not folded.ndim or len(folded) % images:
            said = f"expected [T·{images}, …] (got {described(folded)})"
            raise HarnessError(where, said)
        return folded.view(-1, images, *folded.shape[1:])


def at_least_1(**counts: int) -> None:
    """Raise HarnessError for a count below 1, by its name."""
    for name, count in counts.items():
        if count < 1:
            raise HarnessError(f"network {name}", f"must be at least 1 (got {count})")


def require_halving(images: Tensor, times: int) -> None:
    """Raise HarnessError unless height and width halve so often without remainder."""
    height, width = images.shape[-2:]
    if height % 2**times or width % 2**times or not height * width:
        said = {1: "once", 2: "twice"}.get(times, f"{times} times")
        raise HarnessError(
            "network input",
            f"an image of {height}x{width} pixels does not halve {said}",
            hint=f"use sides that are multiples of {2**times}",
        )


def mean_over_time(logits: Tensor, time_steps: int) -> Tensor:
    """Logits [T·B, classes] to [B, classes]."""
    return logits if time_steps == 1 else logits.view(time_steps, -1, logits.shape[1]).mean(0)
