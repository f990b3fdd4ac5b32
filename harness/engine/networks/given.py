"""Any module as a network whose layers can be looked at: torchvision's, SpikingJelly's, your own.

A tensor does not say which of its dimensions is time: [4, 8, …] are 4 steps of 8 images or 8 steps
of 4. So it is said, and what contradicts it is refused.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, choose, tensor
from harness.engine.data.labelled import described
from harness.engine.networks.network import Network, at_least_1
from harness.engine.networks.outline import Part
from harness.errors import HarnessError

Time = Literal["none", "time first", "batch first", "folded", "step by step"]
Encoding = Literal["direct", "own"]

_BEGINS: Mapping[str, str] = MappingProxyType(
    {
        "none": "[B, …]",
        "time first": "[T, B, …]",
        "batch first": "[B, T, …]",
        "folded": "[T·B, …]",
        "step by step": "[B, …]",
    }
)
"""How the output of a layer begins, and what the network is shown."""


@checked
def given(
    module: nn.Module,
    *,
    time: Time = "none",
    time_steps: int | None = None,
    encoding: Encoding = "direct",
    layers: Sequence[str] | None = None,
) -> Given:
    """The module as a network that CKA, probes and attacks take; its layers keep their names.

    `time` is the order in which the module is shown its images and in which its layers give their
    features: "none" [B, …], "time first" [T, B, …], "batch first" [B, T, …], "folded" [T·B, …], a
    step after the other; "step by step" [B, …] of one step, each layer being called T times.
    `time_steps` is T for static images; frames [T, B, C, H, W] bring their own. A static image is
    shown at each step (`encoding` "direct"), or once to a module that makes the steps itself
    ("own"). Logits that have time become their mean over it. Modules with a `reset()`, as
    SpikingJelly's neurons, are reset before each batch. `layers` are those that are looked at by
    default; without it all that hold no other layer or have a `reset()`. CKA and `record` show it
    their images in evaluation mode, and leave each layer's mode as it was.

    Raises HarnessError for names that are none; later, for features that contradict `time`.
    """
    choose(_BEGINS, time, where="given time")
    choose({"direct": 0, "own": 0}, encoding, where="given encoding")
    if time_steps is not None:
        at_least_1(time_steps=time_steps)
    if time == "none" and time_steps not in (None, 1):
        problem = f"{time_steps} time steps, but `time` is 'none'"
        raise HarnessError("given time", problem, hint=f"one of {', '.join(map(repr, _BEGINS))}")
    modules = {name: None for name, _ in module.named_modules() if name}  # each once
    for name in layers or ():
        choose(modules, name, where="given layers")
    names = [name for name in _leaves(module) if name in modules] if layers is None else layers
    return Given(module, time, time_steps, encoding, tuple(names))


class Given(Network):
    """A module that stays as it is, and what was said of it; build it with `given`."""

    looked_at_trained: ClassVar[bool] = True

    def __init__(
        self,
        module: nn.Module,
        time: Time,
        time_steps: int | None,
        encoding: Encoding,
        layers: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.time_steps = time_steps or (1 if time == "none" else 0)
        self.step_by_step = time == "step by step"
        self._time, self._encoding, self._names = time, encoding, layers
        self._module = (module,)  # no child: the children of it are the children here, so named
        for held in ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set"):
            self.__dict__[held] = getattr(module, held)
        self.training = module.training

    def forward(self, images: Tensor) -> Any:
        """Images [B, C, H, W] or frames [T, B, C, H, W] to logits [B, classes], or to whatever the
        module gives that is no logits over time.
        """
        (module,) = self._module
        steps, was = self.steps_of(images), module.training
        for layer in module.modules():
            if callable(reset := getattr(layer, "reset", None)):
                reset()
        module.training = self.training
        try:
            if self.step_by_step and (images.ndim == 5 or self._encoding == "direct"):
                frames = images if images.ndim == 5 else [images] * steps
                return torch.stack([module(frame) for frame in frames]).mean(0)
            return self._logits(module(self._shown(images, steps)), steps, images.shape[-4])
        finally:
            module.training = was

    def steps_of(self, images: Tensor) -> int:
        """T; HarnessError where it is not said, or where there is none."""
        steps = super().steps_of(images)
        if not steps:
            problem = "nothing says how many time steps a static image is shown for"
            raise HarnessError("given time_steps", problem, hint="given(…, time_steps=4)")
        if self._time == "none" and steps > 1:
            problem = f"{steps} frames for a network without time"
            hint = "say in which order it has them: given(…, time='time first')"
            raise HarnessError("network input", problem, hint=hint)
        return steps

    def in_time(self, layer: str, output: Any, steps: int, images: int) -> Tensor:
        """See `Network.in_time`."""
        where = f"network layer {layer}"
        features = tensor(where, output)
        if not _begins(features, self._time, steps, images):
            others = [one for one in _BEGINS if _begins(features, one, steps, images)]
            wanted = f"{_BEGINS[self._time]} with T = {steps}, B = {images}, as time is"
            said = f"expected {wanted} {self._time!r} (got {described(features)})"
            fits = f"it is as {' or '.join(map(repr, others))} has it; " if others else ""
            hint = f"{fits}name the layers to be looked at: given(…, layers=[…])"
            raise HarnessError(where, said, hint=hint)
        if self._time == "time first":
            return features
        if self._time == "batch first":
            return features.transpose(0, 1)
        if self._time == "folded":
            return features.view(steps, images, *features.shape[1:])
        return features[None]

    def layer_names(self) -> tuple[str, ...]:
        """Those that were named, or found; what runs decides on the order of their calls."""
        return self._names

    def outline(self) -> tuple[Part, ...]:
        """A row for each child of the module, and one for parameters of its own."""
        rows = [
            Part(name, type(child).__name__, 1, _channels(child), (name,), self.time_steps)
            for name, child in self.named_children()
        ]
        if own := tuple(name for name, _ in self.named_parameters(recurse=False)):
            rows.append(Part("parameters", ", ".join(own), 1, 0, own, self.time_steps))
        return tuple(rows)

    @property
    def called(self) -> str:
        """The class of the module."""
        return type(self._module[0]).__name__

    @property
    def input_channels(self) -> None:
        """Nobody knows in which order its layers run."""
        return None

    def _shown(self, images: Tensor, steps: int) -> Tensor:
        """What the module is handed."""
        if images.ndim == 4:
            if self._time == "none" or self._encoding == "own":
                return images
            images = images.expand(steps, *images.shape)
        if self._time == "none":
            return images[0]
        if self._time == "batch first":
            return images.transpose(0, 1)
        return images.flatten(0, 1) if self._time == "folded" else images

    def _logits(self, output: Any, steps: int, images: int) -> Any:
        """[B, classes] of logits over time; another output as it is."""
        over_time = self._time not in ("none", "step by step")
        wide = 2 if self._time == "folded" else 3
        if not over_time or not isinstance(output, Tensor) or output.ndim != wide:
            return output
        if not _begins(output, self._time, steps, images):
            return output  # a network may have taken the mean itself
        return self.in_time("", output, steps, images).mean(0)


def _begins(output: Tensor, time: str, steps: int, images: int) -> bool:
    """Whether an output begins as `time` says."""
    sizes = {
        "time first": (steps, images),
        "batch first": (images, steps),
        "folded": (steps * images,),
    }.get(time, (images,))
    return output.shape[: len(sizes)] == sizes


def _leaves(module: nn.Module, above: str = "") -> Iterator[str]:
    """The names of layers inside that hold no other, or a state of their own."""
    for name, child in module.named_children():
        whole = not list(child.children()) or callable(getattr(child, "reset", None))
        yield from [above + name] if whole else _leaves(child, f"{above}{name}.")


def _channels(layer: nn.Module) -> int:
    """Of the last convolution or linear layer inside; 0 where there is none."""
    weights = [one.weight for one in layer.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    return len(weights[-1]) if weights else 0
