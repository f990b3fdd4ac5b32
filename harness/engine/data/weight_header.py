"""What a file of AlexNet's weights says of itself, read without torch, so that a plan may ask.

Nothing in the file is run and no tensor is read: a safetensors file begins with names and shapes as
JSON; a file of torch holds a pickle, whose opcodes are listed here, not executed.
"""

from __future__ import annotations

import io
import json
import math
import pickletools  # lists opcodes; nothing in it loads a pickle
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from harness.errors import HarnessError
from harness.files import os_errors

LARGEST: Final = 1 << 30  # bytes, packed and unpacked; AlexNet's published file has 244 million
PREFIX: Final = "features."  # its convolutions; the linear layers behind them are not looked at
WANTED: Final = (
    "give a safetensors file, or a state dict that torch.save wrote, with torchvision's names, "
    "as features.0.weight"
)
ZIP, JSON_AT = b"PK\x03\x04", 8

CONVOLUTIONS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {  # of torchvision's AlexNet: [out channels, in channels, height, width] and [out channels]
        "features.0.weight": (64, 3, 11, 11),
        "features.0.bias": (64,),
        "features.3.weight": (192, 64, 5, 5),
        "features.3.bias": (192,),
        "features.6.weight": (384, 192, 3, 3),
        "features.6.bias": (384,),
        "features.8.weight": (256, 384, 3, 3),
        "features.8.bias": (256,),
        "features.10.weight": (256, 256, 3, 3),
        "features.10.bias": (256,),
    }
)
_WIDTHS: Mapping[str, int] = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of a number
_LONGEST = 10_000_000  # bytes of a JSON header, or of a pickle without its tensors
_PICKLE = b"\x80"
_PICKLES = 4  # of a file that torch wrote before 1.6: magic, version, system, the dict
_UNREADABLE = (  # what the readers of a damaged or foreign archive or pickle raise
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,  # encrypted, or packed in a way that nobody knows
)
_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # such a file's first one


def refuse_no_weights(path: Path) -> None:
    """Raise HarnessError for a file that cannot hold AlexNet's convolutions: too large, no such
    file, cut short, without their names, or where the header says them with other shapes.

    What only the tensors themselves can tell, as NaN, is found when the file is read. IO.
    """
    where = f"--weights {path}"
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise HarnessError(where, "cannot be read: it is no file", hint=WANTED)
        if size > LARGEST:
            raise HarnessError(where, f"has more than {LARGEST:,} bytes", hint=WANTED)
        with path.open("rb") as file:
            start = file.read(max(JSON_AT + 1, len(_MAGIC)))
            file.seek(0)
            if is_safetensors(start):
                _refuse_shapes(where, _header(where, file, size))
            else:
                _refuse_names(where, set(_words(where, start, file)))
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise HarnessError(where, problem, hint=WANTED) from error


def refuse_foreign(path: Path) -> None:
    """Raise HarnessError for a file that is neither safetensors, as long as its header says, nor a
    zip or a pickle as torch writes. IO.
    """
    where, hint = f"weights {path}", "give a safetensors file, or one that torch.save wrote"
    with os_errors(path), path.open("rb") as file:
        start = file.read(JSON_AT + 1)
        file.seek(0)
        if is_safetensors(start):
            _header(where, file, path.stat().st_size)
        elif not start.startswith((ZIP, _PICKLE)):
            raise HarnessError(where, "is no file of weights", hint=hint)


def is_safetensors(start: bytes) -> bool:
    """The length of a JSON header, then that header."""
    return len(start) > JSON_AT and start[JSON_AT : JSON_AT + 1] == b"{" and start[4:8] == bytes(4)


def _header(where: str, file: BinaryIO, size: int) -> Mapping[str, Any]:
    """Name → dtype, shape and place of each tensor, those being as long as they say."""
    length = int.from_bytes(file.read(JSON_AT), "little")
    try:
        said = json.loads(file.read(min(length, _LONGEST)))
        tensors = {name: said[name] for name in said if name != "__metadata__"}
        end = max((int(one["data_offsets"][1]) for one in tensors.values()), default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        problem = "is no file of weights: its header is no header of safetensors"
        raise HarnessError(where, problem, hint=WANTED) from error
    if JSON_AT + length + end != size:
        problem = f"has {size:,} bytes where its header says {JSON_AT + length + end:,}"
        raise HarnessError(where, problem, hint="copy or download it again")
    return tensors


def _refuse_shapes(where: str, tensors: Mapping[str, Any]) -> None:
    _refuse_names(where, set(tensors))
    for name, shape in CONVOLUTIONS.items():
        dtype, found = tensors[name].get("dtype"), tensors[name].get("shape")
        if dtype not in _WIDTHS:
            problem = f"{name} holds no plain floating-point numbers ({dtype})"
            raise HarnessError(where, problem, hint=WANTED)
        start, end = tensors[name]["data_offsets"]
        if found != list(shape) or end - start != math.prod(shape) * _WIDTHS[dtype]:
            raise HarnessError(where, f"{name} is {found}, AlexNet's is {list(shape)}", hint=WANTED)


def _refuse_names(where: str, names: set[str]) -> None:
    """`names` may hold more than names of weights; those of a wrapped network begin `module.`."""
    missing = [name for name in CONVOLUTIONS if name not in names and f"module.{name}" not in names]
    if len(missing) == len(CONVOLUTIONS):
        raise HarnessError(where, "holds no convolutions of AlexNet", hint=WANTED)
    if missing:
        raise HarnessError(where, f"lacks {', '.join(missing)} of AlexNet", hint=WANTED)


def _words(where: str, start: bytes, file: BinaryIO) -> Iterator[str]:
    """Every string in the pickle of a file of torch, names of weights among them."""
    try:
        if start.startswith(ZIP):
            pickles, stream = 1, io.BytesIO(_member(where, file))
        elif start.startswith(_MAGIC):
            pickles, stream = _PICKLES, io.BytesIO(file.read(_LONGEST))
        else:
            raise HarnessError(where, "is no file of weights", hint=WANTED)
        for _ in range(pickles):
            for _, said, _ in pickletools.genops(stream):
                if isinstance(said, str):
                    yield said
    except _UNREADABLE as error:
        problem = f"is no file of weights: {str(error)[:120] or type(error).__name__}"
        raise HarnessError(where, problem, hint=WANTED) from error


def _member(where: str, file: BinaryIO) -> bytes:
    """The pickle in the zip; its tensors lie beside it and stay there."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > LARGEST:
            raise HarnessError(where, f"unpacks to more than {LARGEST:,} bytes", hint=WANTED)
        for member in members:
            if member.filename.endswith("/data.pkl") and member.file_size <= _LONGEST:
                return archive.read(member)
    raise HarnessError(where, "is a zip, but none that torch.save wrote", hint=WANTED)
