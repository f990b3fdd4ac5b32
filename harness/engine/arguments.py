"""What is handed to the engine's public functions, looked at in one place before any work.

Types come from the annotations. Of a tensor the name says more, as everywhere in this package:
`labels…` are classes, `…_MD` and `…_MK` features in rows, `images_MCHW` pixels as stored; what
shares the first letter belongs to the same images, `train` and `test` apart.

Legend: M = images, B = batch, T = time steps, C = channels, H, W = height and width, D, K =
features.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from difflib import get_close_matches
from functools import cache, wraps
from numbers import Integral, Real
from types import MappingProxyType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn

from harness.engine.data.labelled import described
from harness.errors import HarnessError

Choice = TypeVar("Choice")


def choose(known: Mapping[str, Choice], name: str, *, where: str) -> Choice:
    """The entry called `name`; raises HarnessError that lists all names and the nearest one."""
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    listed = ", ".join(sorted(known))
    hint = f"did you mean {near[0]!r}? Known: {listed}" if near else f"known: {listed}"
    raise HarnessError(where, f"unknown name {name!r}", hint=hint)


Given = ParamSpec("Given")
Returned = TypeVar("Returned")

_hints: Callable[[Any], Mapping[str, Any]] = cache(get_type_hints)
_WRAPPERS: Mapping[str, str] = MappingProxyType(
    {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
)
"""Where torch.compile and its kin keep the network, whose layers have their own names again."""


def checked(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """The function with its arguments looked at: HarnessError for what it cannot take.

    It runs outside of `torch.inference_mode`, which forbids gradients and in-place changes, and
    tensors that were made inside are copied.
    """
    signature, where = inspect.signature(function), function.__name__

    @wraps(function)
    def call(*args: Given.args, **named: Given.kwargs) -> Returned:
        try:
            bound = signature.bind(*args, **named)
        except TypeError as error:
            raise HarnessError(where, str(error)) from error
        hints, given = _hints(function), bound.arguments
        with torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext():
            for name, value in given.items():
                given[name] = _looked_at(where, name, value, hints.get(name, Any))
            _require_same_images(where, given)
            return function(*bound.args, **bound.kwargs)

    return call


def check_fields(value: Any) -> None:
    """Raise HarnessError for a field of a dataclass that is not of its type, or not finite."""
    where, hints = type(value).__name__.lower(), _hints(type(value))
    for field in fields(value):
        here = getattr(value, field.name)
        _looked_at(where, field.name, here, hints[field.name])
        if isinstance(here, float) and not math.isfinite(here):
            raise HarnessError(f"{where} {field.name}", f"must be finite (got {here})")


def device_of(network: nn.Module) -> torch.device:
    """Where the network's first weight lies; the CPU for one without weights."""
    weight = next(network.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def tensor(where: str, value: Any) -> Tensor:
    """A plain tensor that gradients can pass; HarnessError for anything else."""
    if not isinstance(value, Tensor):
        hint = "torch.from_numpy(array)" if hasattr(value, "__array__") else ""
        raise HarnessError(where, f"expected a tensor (got {named(value)})", hint=hint)
    odd = value.layout is not torch.strided or value.is_quantized or value.is_complex()
    if odd or value.is_meta:
        got = f"{value.layout}, {described(value)} on {value.device}"
        raise HarnessError(where, f"expected plain real numbers (got {got})")
    return value.clone() if value.is_inference() else value


def require_features(where: str, value: Any) -> Tensor:
    """Features, one row per image; HarnessError for anything else, NaN and infinite ones too."""
    found = tensor(where, value)
    if found.ndim != 2 or not found.numel() or not found.is_floating_point():
        said = f"expected floats [images, features], not empty (got {described(found)})"
        raise HarnessError(where, said)
    if not found.isfinite().all():
        raise HarnessError(where, "some features are NaN or infinite")
    return found


def require_input(network: nn.Module, images: Any) -> Tensor:
    """What a network is shown: floats [B, C, H, W] or [T, B, C, H, W] of its own dtype, on its
    device, of as many channels as a `Network` takes. HarnessError for anything else.
    """
    where = "network input"
    shown = tensor(where, images)
    got, device = described(shown), device_of(network)
    if shown.ndim not in (4, 5):
        said = f"expected [B, C, H, W] or [T, B, C, H, W] (got {got})"
        raise HarnessError(where, said, hint="one image is a batch of one: image[None]")
    if not shown.numel():
        raise HarnessError(where, f"an empty batch has no features (got {got})")
    if not shown.is_floating_point():
        hint = "stored pixels become input by a `Normalisation`: normalisation(images)"
        raise HarnessError(where, f"expected floats (got {got})", hint=hint)
    if shown.device != device:
        said = f"the images are on {shown.device}, the network is on {device}"
        raise HarnessError(where, said, hint=f"images.to({str(device)!r})")
    dtype = next((one.dtype for one in network.parameters()), shown.dtype)
    if shown.dtype != dtype and not torch.is_autocast_enabled(device.type):
        said = f"the network is {str(dtype).removeprefix('torch.')} (got {got})"
        raise HarnessError(where, said, hint=f"images.to({dtype})")
    channels = getattr(network, "input_channels", None)  # what is no `Network` may prepare them
    if isinstance(channels, int) and shown.shape[-3] != channels:
        raise HarnessError(where, f"the network takes {channels} channels (got {got})")
    return shown


def require_logits(logits: Any, images: int, last_label: int) -> Tensor:
    """The logits [B, classes] of so many images, with one for each label up to the last; without
    waiting for the device. HarnessError for anything else.
    """
    found = tensor("network output", logits)
    if found.ndim != 2 or len(found) != images:
        said = f"expected logits [{images}, classes] (got {described(found)})"
        raise HarnessError("network output", said)
    if last_label >= found.shape[1]:
        said = f"there is a label {last_label}, the network has {found.shape[1]} classes, 0 first"
        raise HarnessError("labels", said)
    return found


def _looked_at(where: str, name: str, value: Any, hint: Any) -> Any:
    where = f"{where} {name}"
    if hint is Tensor:
        return _checked_tensor(where, name, value)
    if isinstance(hint, type) and issubclass(hint, nn.Module) and hint is not nn.Module:
        while type(value).__name__ in _WRAPPERS:
            value = getattr(value, _WRAPPERS[type(value).__name__])
    if not _fits(value, hint):
        plain = isinstance(hint, type) and not get_args(hint)
        wanted = hint.__name__ if plain else re.sub(r"[\w.]+\.", "", str(hint))
        hint = "`given(module)` makes one of it" if isinstance(value, nn.Module) else ""
        raise HarnessError(where, f"expected {wanted} (got {named(value)})", hint=hint)
    if hasattr(hint, "_fields"):  # of a NamedTuple, which looks at nothing when it is made
        inside = zip(hint._fields, value, strict=True)
        return hint(*(_looked_at(where, one, held, _hints(hint)[one]) for one, held in inside))
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as far as the type can be asked about."""
    kind, inside = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inside)
    if kind is Literal:
        return type(value) in map(type, inside)
    if kind in (tuple, Sequence):
        several = isinstance(value, Sequence if kind is tuple else Collection)
        if not several or isinstance(value, str):
            return False
        long = kind is Sequence or inside[-1] is ... or len(value) == len(inside)
        return long and all(_fits(one, inside[0]) for one in value)
    if kind in (int, float):
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    return kind is Any or not isinstance(kind, type) or isinstance(value, kind)


def _checked_tensor(where: str, name: str, value: Any) -> Tensor:
    letters = name.rpartition("_")[2]
    if letters in ("MD", "MK"):
        return require_features(where, value)
    found = tensor(where, value)
    got = described(found)
    if name.startswith("labels"):
        if found.dtype != torch.int64 or found.ndim != 1 or not len(found):
            hint = "labels.long()" if found.ndim == 1 and len(found) else ""
            raise HarnessError(where, f"expected int64 [{letters}] (got {got})", hint=hint)
        if int(found.min()) < 0:
            raise HarnessError(where, f"classes count from 0 (got {int(found.min())})")
    elif letters == "MCHW" and (found.ndim not in (4, 5) or not found.numel()):
        raise HarnessError(where, f"expected [M, C, H, W], or frames, not empty (got {got})")
    return found


def _require_same_images(where: str, given: Mapping[str, Any]) -> None:
    seen: dict[tuple[str, bool], tuple[str, int]] = {}
    for name, value in given.items():
        letters = name.rpartition("_")[2]
        if not isinstance(value, Tensor) or not letters.isupper():
            continue
        sizes = {("images", "_test_" in name): len(value)}
        if letters == "MD":
            sizes["features", False] = value.shape[1]
        for what, size in sizes.items():
            first, expected = seen.setdefault(what, (name, size))
            if size != expected:
                said = f"{expected} {what[0]} in {first}, {size} in {name}"
                raise HarnessError(where, said)


def named(value: object) -> str:
    """A value as an error calls it: itself where it is short, else its type."""
    text = repr(value)
    return text if isinstance(value, str | int | float) and len(text) < 40 else type(value).__name__
