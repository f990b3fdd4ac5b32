"""A simulated event camera that looks at still images in three saccades, as N-MNIST was recorded,
and the embedded images as such recordings, so that the real readers run without a download.

Orchard et al. 2015 moved the camera along a triangle before each image, 100 ms a side. Here the
image moves in small steps over a pixel grid; a pixel keeps a log intensity and answers a change of
±`threshold` with an ON or OFF event, several for a larger change (Lichtsteiner et al. 2008).
Integers alone are computed with, so the same images give the same bytes on every machine.

Legend: M = images, S = pixels per side, K = steps of a saccade, E = events of all images.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.engine.data.events.formats import write_atis
from harness.engine.data.events.recording import Events
from harness.engine.data.labelled import ImageSet
from harness.errors import HarnessError
from harness.files import appear

Ints = NDArray[np.int32]

SACCADE_US: Final = 100_000
LOG_UNIT: Final = 1024  # of the natural logarithm
_DARK: Final = 8  # grey levels that a dark pixel sees all the same; keeps the logarithm finite
_PIXEL: Final = 256  # positions are in 1/256 pixel
# Corners of the triangle in half amplitudes (right, down), from Orchard et al. 2015, section 2.2.
_CORNERS: Final = ((-1, -1), (0, 1), (1, -1), (-1, -1))


@dataclass(frozen=True, slots=True)
class Saccades:
    """How the camera looks.

    amplitude: width and height of the triangle, pixels. threshold: change of the natural log
    intensity per event. steps: positions along a side of the triangle. Raises HarnessError for a
    number out of range.
    """

    amplitude: float = 2.0
    threshold: float = 0.25
    steps: int = 32

    def __post_init__(self) -> None:
        for name, low, high in (("amplitude", 0.25, 16), ("threshold", 0.02, 4), ("steps", 1, 500)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise HarnessError("saccades", f"{name} must lie in {low} … {high}, got {value}")


def record(images_M3SS: NDArray[np.uint8], how: Saccades) -> list[Events]:
    """The recordings of M RGB images, events in order of time, then row, then column.

    The last saccade ends at 300,000 µs, as N-MNIST's do. An image without any contrast gives no
    events. Raises HarnessError for anything but uint8 [M, 3, S, S].
    """
    if images_M3SS.dtype != np.uint8 or images_M3SS.ndim != 4 or images_M3SS.shape[1] != 3:
        raise HarnessError(
            "saccades",
            f"images must be uint8 [M, 3, H, W], got {images_M3SS.dtype} {list(images_M3SS.shape)}",
        )
    parts = list(_changes(_log_intensity(images_M3SS), how))
    image_E, time_E, y_E, x_E, on_E = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order_E = np.lexsort((x_E, y_E, time_E, image_E))
    ends = np.cumsum(np.bincount(image_E, minlength=len(images_M3SS)))[:-1]
    columns = (np.split(one[order_E], ends) for one in (x_E, y_E, time_E, on_E.astype(np.uint8)))
    return [Events(*one) for one in zip(*columns, strict=True)]


def _log_intensity(images_M3SS: NDArray[np.uint8]) -> Ints:
    """1024·ln(8 + luminance) of each pixel, int32 [M, S, S]; luminance 0 … 255 by Rec. 601."""
    red, green, blue = (images_M3SS[:, channel].astype(np.int32) for channel in range(3))
    table = [round(LOG_UNIT * math.log(_DARK + level)) for level in range(256)]
    result: Ints = np.array(table, np.int32)[(77 * red + 150 * green + 29 * blue) >> 8]
    return result


def _path(how: Saccades) -> list[tuple[int, int]]:
    """Positions of the image, (right, down) in 1/256 pixel, [3K + 1]."""
    half = round(how.amplitude * _PIXEL / 2)
    places = [(_CORNERS[0][0] * half, _CORNERS[0][1] * half)]
    for start, end in pairwise(_CORNERS):
        for step in range(1, how.steps + 1):
            right, down = (
                half * (a * (how.steps - step) + b * step) // how.steps
                for a, b in zip(start, end, strict=True)
            )
            places.append((right, down))
    return places


def _changes(log_MSS: Ints, how: Saccades) -> Iterator[tuple[NDArray[Any], ...]]:
    """Image, time, row, column and polarity of the events of each step, in no order."""
    threshold = round(how.threshold * LOG_UNIT)
    first, *others = _path(how)
    kept_MSS = _moved(log_MSS, *first)
    for number, place in enumerate(others):
        change_MSS = _moved(log_MSS, *place) - kept_MSS
        count_MSS = np.abs(change_MSS) // threshold
        kept_MSS += np.sign(change_MSS) * count_MSS * threshold
        at = np.nonzero(count_MSS)
        count = count_MSS[at]
        image, y, x = (np.repeat(index, count) for index in at)
        total = np.repeat(count, count)
        which = np.arange(len(total)) - np.repeat(np.cumsum(count) - count, count)
        start, end = (SACCADE_US * (number + ahead) // how.steps for ahead in (0, 1))
        time = start + (end - start) * (which + 1) // (total + 1)
        yield image, time, y, x, np.repeat(change_MSS[at] > 0, count)


def _moved(log_MSS: Ints, right: int, down: int) -> Ints:
    """The images shifted, bilinear between pixels; beyond an edge its last pixels go on."""
    rows = _between(log_MSS, down, axis=1)
    return _between(rows, right, axis=2)


def _between(values: Ints, shift: int, axis: int) -> Ints:
    side = values.shape[axis]
    whole, part = divmod(-shift, _PIXEL)
    near = np.clip(np.arange(side) + whole, 0, side - 1)
    far = np.clip(np.arange(side) + whole + 1, 0, side - 1)
    mixed: Ints = values.take(near, axis) * (_PIXEL - part) + values.take(far, axis) * part
    return mixed // _PIXEL


REVISION: Final = 1  # of what the camera makes of an image
_AT_A_TIME: Final = 256  # images
_TESTING: Final = "test_"


def simulated(images: ImageSet, place: Path, how: Saccades) -> Path:
    """A folder of 40-bit recordings of every image of both splits, in a folder per class.

    It lies in `place`, carries the hash of images and settings in its name, and appears by one
    rename; where it is there it is taken as it is. Files are `class/train_00012.bin` and
    `class/test_00012.bin` with the image's number in its split. Raises HarnessError where the disk
    fails and for an image in which the camera sees no change.
    """
    said = {"revision": REVISION, "images": images.sha256, **asdict(how)}
    key = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    target = place / f"{images.name}-saccades-{key}"

    def write(scratch: Path) -> None:
        for split in ("train", "test"):
            _write_split(images, split, scratch, how)

    try:
        appear(target, write)
    except OSError as error:
        raise HarnessError(str(target), f"cannot be written: {error}") from error
    return target


def for_testing(files: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which recordings of such a folder belong to the test split, bool [M]."""
    return np.array([file.split("/")[-1].startswith(_TESTING) for file in files], np.bool_)


def _write_split(images: ImageSet, split: str, folder: Path, how: Saccades) -> None:
    pixels, labels = images.split(split)
    for start in range(0, len(pixels), _AT_A_TIME):
        some = pixels[start : start + _AT_A_TIME].numpy()
        for number, events in enumerate(record(some, how), start):
            name = images.class_names[int(labels[number])]
            write_atis(folder / name / f"{split}_{number:05}.bin", events)
