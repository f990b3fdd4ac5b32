"""The part of the image that a neuron sees, and how flat an image is outside of it.

Legend: C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.networks import Network
from harness.engine.visualise.activations import Target
from harness.errors import HarnessError

_Windowed = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class Box:
    """Rows `top` … `bottom` − 1 and columns `left` … `right` − 1 of an image."""

    top: int
    left: int
    bottom: int
    right: int

    def mask(self, height: int, width: int) -> Tensor:
        """True inside, bool [H, W]."""
        inside = torch.zeros(height, width, dtype=torch.bool)
        inside[self.top : self.bottom, self.left : self.right] = True
        return inside


@checked
def receptive_field(network: Network, target: Target, height: int, width: int) -> Box:
    """The pixels of an H x W image that a neuron's activation depends on, from the kernels, strides
    and paddings of the layers before it.

    Going back through a layer of kernel k, stride s, padding p and dilation d, outputs a … b are
    made of inputs a·s − p … b·s − p + d·(k − 1) that exist (Araujo, Norris and Sim, Distill 2019).
    In a residual network the path through the convolutions is the widest, so the shortcuts add
    nothing. A target without position, or behind a global pool, sees the whole image.
    """
    whole = Box(0, 0, height, width)
    layers = _layers_before(network, target.layer)
    if target.position is None or any(isinstance(one, nn.AdaptiveAvgPool2d) for one in layers):
        return whole
    windows = [_window(layer) for layer in layers if isinstance(layer, _Windowed)]
    (top, bottom), (left, right) = (
        _seen(place, size, [window[axis] for window in windows])
        for axis, (place, size) in enumerate(zip(target.position, (height, width), strict=True))
    )
    return Box(top, left, bottom + 1, right + 1)


@checked
def within(network: Network, layer: str, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a layer's output whose windows hold pixels of an H x W image alone, and
    no padding anywhere on the way.

    Raises:
        HarnessError: there is no such place.
    """
    layers = _layers_before(network, layer)
    windows = [_window(one) for one in layers if isinstance(one, _Windowed)]
    if any(isinstance(one, nn.AdaptiveAvgPool2d) for one in layers):
        raise HarnessError(f"layer {layer}", "has no places: a pool before it has seen everything")
    rows, columns = (
        _free(size, [window[axis] for window in windows])
        for axis, size in enumerate((height, width))
    )
    if not (rows and columns):
        problem = f"every place of it sees the padding around {height} x {width} pixels"
        raise HarnessError(f"layer {layer}", problem, hint="show it larger images")
    return slice(rows.start, rows.stop), slice(columns.start, columns.stop)


def _free(size: int, windows: Sequence[Window]) -> range:
    """Outputs of the last window that see only pixels 0 … size − 1."""
    before, step, reach = 0, 1, 0  # output n sees n·step − before … n·step − before + reach
    places = size
    for kernel, stride, padding, dilation, ceil in windows:
        span = places + 2 * padding - dilation * (kernel - 1) - 1
        places = (-(-span // stride) if ceil else span // stride) + 1
        before, reach = before + padding * step, reach + dilation * (kernel - 1) * step
        step *= stride
    first = -(-before // step)
    return range(first, min(places, (size - 1 - reach + before) // step + 1))


def _layers_before(network: Network, target: str) -> list[nn.Module]:
    """The modules on the widest path to the target, it and what it contains included."""
    modules = dict(network.named_modules())
    if target not in modules or not target:
        raise HarnessError("target layer", f"the network has no layer {target!r}")
    names = [name for name in modules if name]
    last = max(at for at, name in enumerate(names) if f"{name}.".startswith(f"{target}."))
    block = _block_of_shortcut(target)
    found = []
    for name in names[: last + 1]:
        of = _block_of_shortcut(name)
        beside = block is not None and name.startswith(f"{block}.") and of != block
        if (of is None or of == block) and not beside:  # what is beside is not before
            found.append(modules[name])
    return found


def _block_of_shortcut(name: str) -> str | None:
    """The residual block whose shortcut `ds` a layer belongs to, if it belongs to one."""
    parts = name.split(".")
    return ".".join(parts[: parts.index("ds")]) if "ds" in parts else None


Window = tuple[int, int, int, int, bool]  # kernel, stride, padding, dilation, ceil mode


def _window(layer: nn.Module) -> tuple[Window, Window]:
    """Along the rows and along the columns."""
    numbers = []
    for name in ("kernel_size", "stride", "padding", "dilation"):
        value: int | tuple[int, int] | str = getattr(layer, name, 1)
        if isinstance(value, str):
            raise HarnessError("receptive field", f"padding {value!r} is not a number of pixels")
        numbers.append(value if isinstance(value, tuple) else (value, value))
    ceil = bool(getattr(layer, "ceil_mode", False))
    rows, columns = zip(*numbers, strict=True)
    return (*rows, ceil), (*columns, ceil)


def _seen(place: int, size: int, windows: Sequence[Window]) -> tuple[int, int]:
    """First and last pixel that output `place` of the last window sees, of `size` pixels."""
    sizes = [size]
    for kernel, stride, padding, dilation, ceil in windows:
        span = sizes[-1] + 2 * padding - dilation * (kernel - 1) - 1
        sizes.append((-(-span // stride) if ceil else span // stride) + 1)
    if not 0 <= place < sizes[-1]:
        raise HarnessError("target position", f"must be 0 … {sizes[-1] - 1} (got {place})")
    first = last = place
    for (kernel, stride, padding, dilation, _), before in zip(
        reversed(windows), reversed(sizes[:-1]), strict=True
    ):
        first = max(0, first * stride - padding)
        last = min(before - 1, last * stride - padding + dilation * (kernel - 1))
    return first, last


class Contrast(NamedTuple):
    """Standard deviation of the pixels about the mean of their colour channel, 0 … 1."""

    inside: float
    outside: float  # NaN where the box is the whole image


def contrast(image_CHW: Tensor, box: Box, *, margin: int = 0) -> Contrast:
    """Inside a box and outside it; with `margin` the box grown by that many pixels each way, which
    is what `margin` pixels of jitter do to the part that is changed.
    """
    height, width = image_CHW.shape[-2:]
    grown = Box(
        max(0, box.top - margin),
        max(0, box.left - margin),
        min(height, box.bottom + margin),
        min(width, box.right + margin),
    )
    inside = grown.mask(height, width)
    pixels = image_CHW.detach().double().cpu()
    parts = (pixels[:, inside], pixels[:, ~inside])
    return Contrast(
        *(float(one.var(1, correction=0).mean().sqrt()) if one.numel() else nan for one in parts)
    )
