"""Images and labels from .npy and .npz files. Nothing here needs torch.

Legend: M = images, C = channels, 1 for gray and 3 for RGB; S = pixels per side.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.files import NotPlainError, open_plain

LARGEST: Final = 16_000_000_000  # bytes of an array in memory
_CHANNELS: Final = (1, 3)
_AXES: Final = "images are [M, H, W], [M, H, W, C] or [M, C, H, W], C = 1 for gray or 3 for RGB"
_LEVELS: Final = 255
_NEAR: Final = 0.01  # of a level: what float32 makes of k/255, and no other value
_READERS: Final = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


@dataclass(frozen=True, slots=True)
class Source:
    """An array: a .npy file, or one of the arrays of an .npz, by its `name`."""

    path: Path
    name: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.name}" if self.name else str(self.path)


def shape_of(source: Source) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype, as the header says. Raises HarnessError as `read`."""
    with _opened(source) as (_, shape, dtype):
        return shape, dtype


def read(source: Source) -> NDArray[Any]:
    """The array.

    Raises HarnessError for what cannot be read, is cut or no .npy or .npz, has no such array, or
    holds Python objects, which only pickle could load and which are not loaded.
    """
    with _opened(source) as (stream, _, _):
        stream.seek(0)
        return npy.read_array(stream, allow_pickle=False)


def sides_of(source: Source) -> tuple[int, int, int]:
    """How many images of how many pixels a side and channels.

    Which axis has the channels is never guessed: where it could be either, neither has the sides of
    a picture. Raises HarnessError where it holds no square images.
    """
    shape, dtype = shape_of(source)
    where = str(source)
    if len(shape) == 3:
        shape = (*shape, 1)
    elif len(shape) == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS:
        shape = (shape[0], shape[2], shape[3], shape[1])
    if len(shape) != 4 or shape[3] not in _CHANNELS or shape[2] in _CHANNELS:
        raise HarnessError(where, f"holds {dtype} {list(shape)}", hint=_AXES)
    if not shape[0]:
        raise HarnessError(where, "holds no images")
    if shape[1] != shape[2]:
        problem = f"holds images of {shape[1]}x{shape[2]} pixels, and networks take squares"
        raise HarnessError(where, problem, hint="cut or fill them, with numpy")
    if dtype != np.uint8 and dtype.kind != "f":
        problem = f"holds {dtype}, and an image is uint8, or float in 0..1"
        raise HarnessError(where, problem, hint="scale it to 0..255: array.astype('uint8')")
    return shape[0], shape[1], shape[3]


def images(source: Source) -> NDArray[np.uint8]:
    """The images, uint8 [M, C, S, S].

    Floats are taken where they are levels k/255 of 8 bits, as `ToTensor` makes of them, so that
    nothing is rounded away. Raises HarnessError as `read` and `sides_of`, and for other floats.
    """
    count, side, channels = sides_of(source)
    array = read(source)
    if array.dtype != np.uint8:
        low, high = float(array.min()), float(array.max())
        is_scaled = low >= 0 and high <= 1  # not so of NaN
        levels = np.rint(_LEVELS * array) if is_scaled else array
        if not is_scaled or np.abs(_LEVELS * array - levels).max() > _NEAR:
            problem = f"holds floats in {low:g} … {high:g}, not the levels k/255 of 8 bits"
            hint = "say how they become such: (255 * array).round().astype('uint8') of 0..1"
            raise HarnessError(str(source), problem, hint=hint)
        array = levels.astype(np.uint8)
    if array.ndim == 4 and array.shape[-1] == channels:
        array = np.moveaxis(array, -1, 1)
    return np.ascontiguousarray(array).reshape(count, channels, side, side)


def labels(source: Source, count: int) -> NDArray[np.int64]:
    """The labels of so many images, int64 [M]; HarnessError as `read`, and for anything else."""
    shape, dtype = shape_of(source)
    if dtype.kind not in "iu" or shape != (count,):
        problem = f"holds {dtype} {list(shape)}, and {count:,} images need integers [{count}]"
        raise HarnessError(str(source), problem, hint="labels = labels.reshape(-1).astype('int64')")
    return read(source).astype(np.int64)


@contextmanager
def _opened(source: Source) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype[Any]]]:
    """An array's stream, which can be read from its start, with shape and dtype; checked, before
    memory is taken, against what there is to read.
    """
    where, again = str(source), "it is cut or damaged: save it anew, with numpy.save or savez"
    try:
        with open_plain(source.path, links=True) as file:
            if not source.name:
                size = file.seek(0, 2)
                file.seek(0)
                yield file, *_header(file, size, where)
                return
            with zipfile.ZipFile(file) as archive:
                member = _member(archive, source)
                with archive.open(member) as stream:
                    yield stream, *_header(stream, member.file_size, where)
    except HarnessError:
        raise
    except NotPlainError:
        raise HarnessError(where, "is no file") from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise HarnessError(where, problem, hint="paths are relative to the study") from error
    except Exception as error:  # the readers of numpy and of zip raise what they like
        raise HarnessError(where, f"cannot be read: {error}", hint=again) from error


def _header(stream: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in _READERS:
        raise ValueError(f"its format {version} is not one of plain arrays")
    shape, _, dtype = _READERS[version](stream)
    if dtype.hasobject:
        problem = "holds Python objects, which are not loaded: they could run code"
        raise HarnessError(where, problem, hint="save an array of numbers")
    wanted = prod(shape) * dtype.itemsize
    if wanted > LARGEST:
        raise HarnessError(where, f"holds {wanted:,} bytes, and {LARGEST:,} are the most")
    if wanted != size - stream.tell():
        raise ValueError(f"{size - stream.tell():,} bytes follow its header, not {wanted:,}")
    return shape, dtype


def _member(archive: zipfile.ZipFile, source: Source) -> zipfile.ZipInfo:
    known = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
    if source.name not in known:
        have = ", ".join(sorted(known)[:12]) or "none"
        file = source.path.name
        hint = f'name images and labels: train = ["{file}:IMAGES", "{file}:LABELS"]'
        raise HarnessError(str(source), f"no such array; the file has {have}", hint=hint)
    return known[source.name]
