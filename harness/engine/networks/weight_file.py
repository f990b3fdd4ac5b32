"""Weights that a user brings, or that were fetched, as tensors; the file is not trusted."""

from __future__ import annotations

import pickle  # for its exception: nothing here loads a pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from harness.engine.data.weight_header import JSON_AT, LARGEST, PREFIX, WANTED, ZIP, is_safetensors
from harness.errors import ExitCode, HarnessError

_LARGEST = 1 << 36  # bytes of a file of weights; no network for images comes near
_HINT = "give a safetensors file, or a state dict: torch.save(network.state_dict(), path)"
_NO, _NEITHER = "is no file of weights:", "it is neither safetensors nor a state dict of torch"
_PARALLEL = "module."  # in front of every name that nn.DataParallel saved
_COUNTED = ".num_batches_tracked"  # by batch norms, in no use once trained
_SHOWN = 3  # names of an error


def read_convolutions(path: Path) -> dict[str, Tensor]:
    """The weights `features.…` of a safetensors file, or of a torch file read with weights_only,
    float32.

    Raises HarnessError as `read_weights`, and for a file that is larger than 1 GiB packed or
    unpacked, or that holds no such weights or numbers that are not finite.
    """
    state = read_weights(path, largest=LARGEST, hint=WANTED)
    bare = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
    found = {name: tensor for name, tensor in bare.items() if name.startswith(PREFIX)}
    if not found:
        names = ", ".join(sorted(state)[:4])
        said = f"holds no convolutions of AlexNet (it begins {names or 'empty'})"
        raise _fault(path, said, WANTED)
    return {name: _checked(path, name, tensor) for name, tensor in found.items()}


def read_weights(path: Path, *, largest: int = _LARGEST, hint: str = _HINT) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a torch file read with weights_only, by name; those
    under "state_dict" where the file has that.

    A torch file is a pickle: `weights_only` admits tensors and plain containers and runs nothing
    else of it. Raises HarnessError for a file that is missing, too large, no such file, cut short,
    or that holds no tensors by name.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise _fault(path, "is no file", hint)  # a pipe or a device may never end
        if path.stat().st_size > largest:
            raise _fault(path, f"has more than {largest:,} bytes", hint)
        with path.open("rb") as file:
            start = file.read(JSON_AT + 1)
        if is_safetensors(start):
            return _from_safetensors(path)
        return _from_torch(path, start, largest, hint)
    except HarnessError:
        raise
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror or error}", hint) from error
    except Exception as error:  # the readers of foreign bytes raise nearly anything
        said = str(error).strip().partition("\n")[0][:200]
        problem = f"is no file of weights: {type(error).__name__}: {said}"
        raise _fault(path, problem, hint) from error


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Put all weights into their places, in the dtype of the network; names as nn.DataParallel has
    them are taken, too.

    Raises HarnessError unless they are just those of the network, in their shapes.
    """
    own = network.state_dict()
    wrapped = all(name.startswith(_PARALLEL) for name in weights)
    if wrapped and not any(name.startswith(_PARALLEL) for name in own):
        weights = {name.removeprefix(_PARALLEL): one for name, one in weights.items()}
    lacking = [one for one in own if one not in weights and not one.endswith(_COUNTED)]
    beyond = [name for name in weights if name not in own]
    shapes = [
        f"{name} is {list(weights[name].shape)}, not {list(tensor.shape)}"
        for name, tensor in own.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    wrong = [
        f"{said} {', '.join(names[:_SHOWN])}" + (f" … ({len(names)})" if names[_SHOWN:] else "")
        for said, names in (("it lacks", lacking), ("it has besides", beyond), ("its", shapes))
        if names
    ]
    if wrong:
        problem = f"is of another network: {'; '.join(wrong)}"
        hint = "the factory and its arguments make the network that the file was saved from"
        raise HarnessError(where, problem, hint=hint, code=ExitCode.RUN_FAILED)
    network.load_state_dict(own | dict(weights))


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt", device="cpu") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def _from_torch(path: Path, start: bytes, largest: int, hint: str) -> dict[str, Tensor]:
    if start.startswith(ZIP):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > largest:
                raise _fault(path, f"unpacks to more than {largest:,} bytes", hint)
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose advice is to run whatever the file holds
        other = re.search(r"GLOBAL ([\w.]+)", str(error))
        problem = f"{_NO} it holds {other[1]}, no tensors alone" if other else f"{_NO} {_NEITHER}"
        raise _fault(path, problem, hint) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise _fault(path, f"holds a {type(state).__name__}, no weights by name", hint)
    found = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    if not found:
        names = ", ".join(map(str, [*state][:4]))
        raise _fault(path, f"holds no weights by name (it has {names or 'nothing'})", hint)
    return found


def _checked(path: Path, name: str, tensor: Tensor) -> Tensor:
    """Before a copy is made: a view may claim any shape over a few bytes."""
    if tensor.is_sparse or tensor.is_quantized or not tensor.is_floating_point():
        raise _fault(path, f"{name} holds no plain floating-point numbers ({tensor.dtype})", WANTED)
    if tensor.numel() * 4 > LARGEST:
        raise _fault(path, f"{name} is {list(tensor.shape)}, which is no kernel", WANTED)
    wide = tensor.detach().to(torch.float32).contiguous()
    if not torch.isfinite(wide).all():
        raise _fault(path, f"{name} holds NaN or infinite numbers", WANTED)
    return wide


def _fault(path: Path, problem: str, hint: str) -> HarnessError:
    return HarnessError(f"weights {path}", problem, hint=hint, code=ExitCode.RUN_FAILED)
