"""From a folder of recordings to a set that a network can be trained on.

Legend: M = recordings, T = frames, S = pixels per side.
"""

from __future__ import annotations

import hashlib
import json
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
from harness.engine.data.listing import Listing, list_files
from harness.errors import HarnessError

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
    folder: Path,
    form: str,
    *,
    sensor: Sensor,
    faults: Faults,
    place: Path,
    listing: Listing | None = None,
    fingerprint: str = "",
) -> tuple[Listing, Cache]:
    """Every recording of a folder (`list_files`), or of a `listing` of it, decoded by way of a
    cache in `place`.

    `form` is "atis" or "aedat2". Another cache is built when names, sizes, times of change, format,
    sensor, `faults` or the `fingerprint` of the contents, where it is known, are others than those
    that it was made from, so copied files are decoded again where the copy has times of its own.
    Raises HarnessError as the readers do.
    """
    format_ = choose(FORMATS, form, where="event format")
    listing = listing or list_files(folder, (format_.suffix,))
    states = [(folder / file).stat() for file in listing.files]
    said = {
        "revision": REVISION,
        "format": form,
        "sensor": str(sensor),
        "faults": faults,
        "files": [(state.st_size, state.st_mtime_ns) for state in states],
        "names": listing.files,
        **({"fingerprint": fingerprint} if fingerprint else {}),
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
