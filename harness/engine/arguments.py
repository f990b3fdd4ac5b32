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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache, wraps
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import torch
from torch import Tensor, nn

from harness.engine.data.labelled import described
from harness.errors import HarnessError

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


@cache
def _hints(annotated: Any) -> Mapping[str, Any]:
    return get_type_hints(annotated)


_WRAPPERS = ("_orig_mod", "module")  # torch.compile's and DataParallel's name of what is inside


def checked(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """The function with its arguments looked at: HarnessError for what it cannot take.

    It runs outside of `torch.inference_mode`, which forbids gradients and in-place changes, and
    tensors that were made inside are copied.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Given.args, **named: Given.kwargs) -> Returned:
        where = function.__name__
        try:
            bound = signature.bind(*args, **named)
        except TypeError as error:
            raise HarnessError(where, str(error)) from error
        with torch.inference_mode(False) if torch.is_inference_mode_enabled() else _Nothing():
            given = bound.arguments
            for name, value in given.items():
                hint = _hints(function).get(name, Any)
                given[name] = _looked_at(f"{where} {name}", name, value, hint)
            _require_same_images(where, given)
            return function(*bound.args, **bound.kwargs)

    return call


def check_fields(value: Any) -> None:
    """Raise HarnessError for a field of a dataclass that is not of its type."""
    made_of: Any = type(value)
    hints = _hints(made_of)
    for field in fields(value):
        where, here = f"{type(value).__name__.lower()} {field.name}", getattr(value, field.name)
        _looked_at(where, field.name, here, hints[field.name])
        if isinstance(here, float) and not math.isfinite(here):
            raise HarnessError(where, f"must be finite (got {here})")


def require_input(network: nn.Module, images: Any) -> Tensor:
    """What a network is shown: floats [B, C, H, W] or [T, B, C, H, W] of its own dtype, on its
    device, of as many channels as its first convolution takes. HarnessError for anything else.
    """
    where = "network input"
    shown = tensor(where, images)
    got = described(shown)
    if shown.ndim not in (4, 5):
        hint = "a list of one minibatch is [images]" if shown.ndim == 3 else ""
        said = f"expected [B, C, H, W] or [T, B, C, H, W] (got {got})"
        raise HarnessError(where, said, hint=hint)
    if not shown.numel():
        raise HarnessError(where, f"an empty batch has no features (got {got})")
    if not shown.is_floating_point():
        hint = "stored pixels become input by a `Normalisation`: normalisation(images)"
        raise HarnessError(where, f"expected floats (got {got})", hint=hint)
    weight = next(network.parameters(), None)
    if weight is None:
        return shown
    if shown.device != weight.device:
        said = f"the images are on {shown.device}, the network is on {weight.device}"
        raise HarnessError(where, said, hint=f"images.to({str(weight.device)!r})")
    if shown.dtype != weight.dtype and not torch.is_autocast_enabled(shown.device.type):
        name = str(weight.dtype).removeprefix("torch.")
        raise HarnessError(
            where, f"the network is {name} (got {got})", hint=f"images.to(torch.{name})"
        )
    first = next((one for one in network.modules() if isinstance(one, nn.Conv2d)), None)
    if first is not None and shown.shape[-3] != first.in_channels:
        raise HarnessError(where, f"the network takes {first.in_channels} channels (got {got})")
    return shown


def require_labels(labels_B: Tensor, logits: Tensor) -> None:
    """Raise HarnessError for a label that the network has no logit for."""
    last = int(labels_B.max())
    if logits.ndim != 2 or len(logits) != len(labels_B):
        said = f"expected logits [{len(labels_B)}, classes] (got {described(logits)})"
        raise HarnessError("network output", said)
    if last >= logits.shape[1]:
        said = f"there is a label {last}, the network has {logits.shape[1]} classes, 0 first"
        raise HarnessError("labels", said)


def minibatches(batches: Any, networks: Sequence[nn.Module]) -> Iterator[tuple[Tensor, ...]]:
    """For each minibatch what each of the networks is shown, on its device.

    A minibatch is images for all of them, images and labels as data loaders give them, or images
    for each. HarnessError for anything else.
    """
    where = "CKA batches"
    if isinstance(batches, Tensor | Mapping | str) or not isinstance(batches, Iterable):
        said = f"expected minibatches one after the other (got {_named(batches)})"
        raise HarnessError(where, said, hint="a list of one minibatch is [images]")
    for batch in batches:
        several = list(batch) if isinstance(batch, list | tuple) else [batch]
        parts = [tensor(where, part) for part in several]
        if len(parts) == 2 and parts[1].ndim < 3:
            del parts[1]  # labels
        if len(parts) not in (1, len(networks)):
            said = f"a minibatch of {len(parts)} parts for {len(networks)} networks"
            hint = "expected images, or (images, labels), or (images of a, images of b)"
            raise HarnessError(where, said, hint=hint)
        shown = [part.to(_device(one)) for part, one in zip(parts * 2, networks, strict=False)]
        for network, images in zip(networks, shown, strict=True):
            require_input(network, images)
        if len(parts) == 1 and len({_device(one) for one in networks}) == 1:
            shown = [shown[0]] * len(networks)
        first, *others = (images.shape[-4] for images in shown)
        if any(first != other for other in others):
            said = f"{first} images beside {others[0]}"
            raise HarnessError(where, said, hint="both are of the same images")
        yield tuple(shown)


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *raised: object) -> None: ...


def _looked_at(where: str, name: str, value: Any, hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, nn.Module):
        return _network(where, value, inside=hint is not nn.Module)
    if hint is Tensor:
        return _checked_tensor(where, name, value)
    if not _fits(value, hint):
        wanted = getattr(hint, "__name__", str(hint).replace("typing.", ""))
        raise HarnessError(where, f"expected {wanted} (got {_named(value)})")
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as far as the type can be asked about."""
    if hint is Any:
        return True
    kind, inside = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inside)
    if kind is Literal:
        return type(value) in {type(one) for one in inside}
    if kind is tuple or (kind is Sequence and inside and inside[0] is str):
        if not isinstance(value, Sequence) or isinstance(value, str):
            return False
        each = inside[:1] if kind is tuple and inside[-1] is ... else ()
        return all(_fits(one, wanted) for one in value for wanted in each)
    if hint is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else True


def _network(where: str, value: Any, *, inside: bool) -> nn.Module:
    """A network; with `inside` what a wrapper holds, whose layers have their own names again."""
    if not isinstance(value, nn.Module):
        raise HarnessError(where, f"expected a network (got {_named(value)})")
    wrapped = type(value).__name__ in ("OptimizedModule", "DataParallel", "DistributedDataParallel")
    if inside and wrapped:
        held = next(one for name in _WRAPPERS if (one := getattr(value, name, None)) is not None)
        return _network(where, held, inside=inside)
    return value


def tensor(where: str, value: Any) -> Tensor:
    """A plain tensor that gradients can pass."""
    if isinstance(value, np.ndarray):
        raise HarnessError(
            where, "expected a tensor (got an array)", hint="torch.from_numpy(array)"
        )
    if not isinstance(value, Tensor):
        raise HarnessError(where, f"expected a tensor (got {_named(value)})")
    if value.layout is not torch.strided or value.is_quantized or value.is_complex():
        said = f"expected plain real numbers (got {value.layout}, {described(value)})"
        raise HarnessError(where, said)
    return value.clone() if value.is_inference() else value


def _checked_tensor(where: str, name: str, value: Any) -> Tensor:
    found = tensor(where, value)
    letters, got = name.rpartition("_")[2], described(found)
    if name.startswith("labels"):
        if found.dtype != torch.int64 or found.ndim != 1 or not len(found):
            hint = "labels.long()" if found.ndim == 1 and len(found) else ""
            raise HarnessError(where, f"expected int64 [{letters}] (got {got})", hint=hint)
        if int(found.min()) < 0:
            raise HarnessError(where, f"classes count from 0 (got {int(found.min())})")
    elif letters in ("MD", "MK"):
        if found.ndim != 2 or not found.numel() or not found.is_floating_point():
            raise HarnessError(where, f"expected floats [M, {letters[1]}], not empty (got {got})")
        if not found.isfinite().all():
            raise HarnessError(where, "some features are NaN or infinite")
    elif letters in ("MCHW", "BCHW") and (found.ndim not in (4, 5) or not found.numel()):
        raise HarnessError(where, f"expected [M, C, H, W], or frames, not empty (got {got})")
    return found


def _require_same_images(where: str, given: Mapping[str, Any]) -> None:
    counts: dict[str, tuple[str, int]] = {}
    features: dict[str, tuple[str, int]] = {}
    for name, tensor in given.items():
        letters = name.rpartition("_")[2]
        if not isinstance(tensor, Tensor) or not tensor.ndim:
            continue
        if letters == "MD":
            first, size = features.setdefault("D", (name, tensor.shape[1]))
            if size != tensor.shape[1]:
                raise HarnessError(
                    where, f"{size} features in {first}, {tensor.shape[1]} in {name}"
                )
        if letters[0] in "MB" and letters.isupper():
            split = next((one for one in ("train", "test") if f"_{one}_" in name), "")
            first, count = counts.setdefault(split, (name, len(tensor)))
            if count != len(tensor):
                raise HarnessError(where, f"{count} images in {first}, {len(tensor)} in {name}")


def _device(network: nn.Module) -> torch.device:
    weight = next(network.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def _named(value: object) -> str:
    text = repr(value)
    return text if isinstance(value, str | int | float) and len(text) < 40 else type(value).__name__
