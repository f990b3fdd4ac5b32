"""Weights that a user brings, or that were fetched, as tensors; the file is not trusted."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from harness.engine.data.weight_header import JSON_AT, LARGEST, PREFIX, WANTED, ZIP, is_safetensors
from harness.errors import ExitCode, HarnessError


def read_convolutions(path: Path) -> dict[str, Tensor]:
    """The weights `features.…` of a safetensors file, or of a torch file read with weights_only,
    float32.

    A torch file is a pickle: `weights_only` admits tensors and plain containers and runs nothing
    else of it. Raises HarnessError for a file that is missing, larger than 1 GiB packed or
    unpacked, no such file, cut short, or that holds no such weights or numbers that are not finite.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise _fault(path, "is no file")  # a pipe or a device may never end
        if path.stat().st_size > LARGEST:
            raise _fault(path, f"has more than {LARGEST:,} bytes")
        with path.open("rb") as file:
            start = file.read(JSON_AT + 1)
        state = _from_safetensors(path) if is_safetensors(start) else _from_torch(path, start)
    except HarnessError:
        raise
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the readers of foreign bytes raise nearly anything
        said = str(error).strip().partition("\n")[0][:200]
        raise _fault(path, f"is no file of weights: {type(error).__name__}: {said}") from error
    found = {name: tensor for name, tensor in state.items() if name.startswith(PREFIX)}
    if not found:
        names = ", ".join(sorted(state)[:4])
        raise _fault(path, f"holds no convolutions of AlexNet (it begins {names or 'empty'})")
    return {name: _checked(path, name, tensor) for name, tensor in found.items()}


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt", device="cpu") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def _from_torch(path: Path, start: bytes) -> dict[str, Tensor]:
    if start.startswith(ZIP):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise _fault(path, f"unpacks to more than {LARGEST:,} bytes")
    state: Any = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise _fault(path, f"holds a {type(state).__name__}, no weights by name")
    named = ((str(name).removeprefix("module."), one) for name, one in state.items())
    return {name: tensor for name, tensor in named if isinstance(tensor, Tensor)}


def _checked(path: Path, name: str, tensor: Tensor) -> Tensor:
    """Before a copy is made: a view may claim any shape over a few bytes."""
    if tensor.is_sparse or tensor.is_quantized or not tensor.is_floating_point():
        raise _fault(path, f"{name} holds no plain floating-point numbers ({tensor.dtype})")
    if tensor.numel() * 4 > LARGEST:
        raise _fault(path, f"{name} is {list(tensor.shape)}, which is no kernel")
    wide = tensor.detach().to(torch.float32).contiguous()
    if not torch.isfinite(wide).all():
        raise _fault(path, f"{name} holds NaN or infinite numbers")
    return wide


def _fault(path: Path, problem: str) -> HarnessError:
    return HarnessError(f"weights {path}", problem, hint=WANTED, code=ExitCode.RUN_FAILED)
