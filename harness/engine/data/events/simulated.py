"""The embedded images as genuine event files, so that the real readers run without a download."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from harness.engine.data.events.atis import write_atis
from harness.engine.data.events.saccades import Saccades, record
from harness.engine.data.images import ImageSet
from harness.errors import HarnessError

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
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / f".{target.name}.lock"):
            if target.is_dir():
                return target
            scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=place))
            try:
                for split in ("train", "test"):
                    _write_split(images, split, scratch, how)
                scratch.chmod(0o755)
                scratch.replace(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
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
