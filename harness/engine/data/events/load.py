"""From a folder of recordings to a set that a network can be trained on.

Legend: M = recordings, T = frames, S = pixels per side.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.engine.arguments import choose
from harness.engine.cpu.threads import in_threads
from harness.engine.data.events.cache import Cache, cached
from harness.engine.data.events.formats import FORMATS
from harness.engine.data.events.frames import POLARITIES, SLICINGS, count
from harness.engine.data.events.recording import Faults, Sensor
from harness.engine.data.labelled import FrameSet, Origin
from harness.engine.randomness import stream
from harness.errors import HarnessError

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """Files relative to a folder, each with the number of its class."""

    class_names: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]


def list_recordings(folder: Path, suffix: str) -> Listing:
    """Every file `class/name.suffix` under `folder`: classes by name, files in the order of their
    numbers.

    `cifar10_cat_10.aedat` comes after `cifar10_cat_9.aedat`, whatever the file system says. Other
    files are passed over, hidden ones too. Raises HarnessError for a folder without such files and
    for a class without any.
    """
    try:
        classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        found = {
            name: sorted(
                (file.name for file in (folder / name).glob(f"[!.]*{suffix}")), key=_by_number
            )
            for name in classes
            if not name.startswith(".")
        }
    except OSError as error:
        raise HarnessError(str(folder), f"cannot be listed: {error.strerror or error}") from error
    empty = [name for name, files in found.items() if not files]
    if empty or not found:
        raise HarnessError(
            str(folder / empty[0]) if empty else str(folder),
            f"holds no *{suffix}",
            hint="the data directory needs a folder per class, as the archives unpack",
        )
    files = tuple(f"{name}/{file}" for name, those in found.items() for file in those)
    labels = tuple(label for label, those in enumerate(found.values()) for _ in those)
    return Listing(tuple(found), files, labels)


def _by_number(name: str) -> tuple[tuple[int, str], ...]:
    """Digits compare as numbers, the rest as text."""
    parts = _NUMBER.split(name)
    keys = ((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
    return (*keys, (-1, name))


How = Literal["last", "random"]


def held_out(labels: Sequence[int], *, share: float, how: How, seed: int = 0) -> NDArray[np.bool_]:
    """For each recording whether it is for testing, bool [R].

    Of every class with n recordings round(share·n) are, at least one, at most n − 1: the "last" of
    the class, as SpikingJelly splits, or a "random" choice that `seed` and the class decide alone.
    The choice changes the accuracy: recordings with neighbouring numbers were made under the same
    conditions. Raises HarnessError for a share outside 0 … 1 and a class of a single recording.
    """
    if not 0 < share < 1:
        raise HarnessError("event split", f"the share must lie between 0 and 1 (got {share})")
    if how not in ("last", "random"):
        raise HarnessError("event split", f"'last' or 'random' (got {how!r})")
    wanted = np.zeros(len(labels), np.bool_)
    all_labels = np.asarray(labels)
    for label in np.unique(all_labels):
        members = np.flatnonzero(all_labels == label)
        if len(members) < 2:
            raise HarnessError("event split", f"class {label} has a single recording")
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        if how == "random":
            draw = stream(seed, "event split", int(label))
            members = members[torch.randperm(len(members), generator=draw).numpy()]
        wanted[members[-count:]] = True
    return wanted


REVISION = 1  # of what a decoded event is; a cache of another one is built anew


@dataclass(frozen=True, slots=True)
class Framing:
    """How a recording becomes frames: how many, by "count" or "time", of how many pixels a side.

    `sensor` is the part of the camera that the frames cover, such as 240x180 for N-Caltech101.
    Raises HarnessError for numbers that make no frame.
    """

    frames: int
    by: Literal["count", "time"]
    side: int
    sensor: Sensor

    def __post_init__(self) -> None:
        choose(SLICINGS, self.by, where="event frames by")
        if self.frames < 1 or self.side < 1:
            raise HarnessError("event frames", f"at least 1 frame and 1 pixel (got {self})")
        if self.side % 4:
            raise HarnessError(
                "event frames side",
                f"{self.side} pixels do not halve twice",
                hint="use a multiple of 4, such as 48",
            )


def recordings(
    folder: Path, form: str, *, sensor: Sensor, faults: Faults, place: Path
) -> tuple[Listing, Cache]:
    """Every recording of a folder (`list_recordings`), decoded by way of a cache in `place`.

    `form` is "atis" or "aedat2". Another cache is built when names, sizes, times of change, format,
    sensor or `faults` are others than those that it was made from, so copied files are decoded
    again where the copy has times of its own. Raises HarnessError as the readers do.
    """
    format_ = choose(FORMATS, form, where="event format")
    listing = list_recordings(folder, format_.suffix)
    states = [(folder / file).stat() for file in listing.files]
    said = {
        "revision": REVISION,
        "format": form,
        "sensor": str(sensor),
        "faults": faults,
        "files": [(state.st_size, state.st_mtime_ns) for state in states],
        "names": listing.files,
    }
    identity = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return listing, cached(
        place / f"{folder.name}-{identity[:16]}.events",
        identity,
        listing.files,
        lambda name: format_.decode(folder / name, sensor, faults),
    )


def framed(events: Cache, chosen: Sequence[int] | NDArray[np.intp], framing: Framing) -> Tensor:
    """Frames of the chosen recordings, counts as int16 [M, T, 2, S, S].

    Raises HarnessError, with the recording, for more than 32,767 events in one pixel of a frame.
    """
    shape = (len(chosen), framing.frames, POLARITIES, framing.side, framing.side)
    result = np.zeros(shape, np.int16)

    def some(begin: int, end: int) -> None:
        for row in range(begin, end):
            one = events[int(chosen[row])]
            try:
                starts = SLICINGS[framing.by](one, framing.frames)
                count(one, starts, framing.sensor, result[row])
            except HarnessError as error:
                name = events.names[int(chosen[row])]
                raise HarnessError(name, f"{error.where}: {error.problem}") from error

    in_threads(some, len(chosen), elements=sum(events.counts[number] for number in chosen))
    return torch.from_numpy(result)


def frame_set(
    name: str,
    listing: Listing,
    events: Cache,
    framing: Framing,
    *,
    testing: NDArray[np.bool_],
    origin: Origin,
) -> FrameSet:
    """The recordings as one set; `testing` says which are for testing, bool [M]
    (`held_out`).
    """
    labels = torch.tensor(listing.labels, dtype=torch.int64)
    train, test = (
        (framed(events, chosen, framing), labels[torch.from_numpy(chosen)])
        for chosen in map(np.flatnonzero, (~testing, testing))
    )
    return FrameSet(name, *train, *test, listing.class_names, origin, events.skipped)
