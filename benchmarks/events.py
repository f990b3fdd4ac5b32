"""Event recordings: from the files and from the decoded cache, to events and to frames.

Every candidate begins with paths and ends with every recording of the set in the form that its case
names; all files are in the memory of the system. The cache is opened anew each time, index
included, and every byte of it is held against its checksum before it is used. Its events lie in the
mapped file, a column for each of their numbers; "copied" copies them into memory, as the readers of
the files do. "As training reads it" begins with the listing of the folder and ends with the tensor
of frames. What a peer gives is held against ours before the clock starts. M/s are millions of
events per second.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from benchmarks.ratio import Row, interleaved
from harness.engine.data.events import read_aedat2, read_atis, write_aedat2, write_atis
from harness.engine.data.events.cache import Cache
from harness.engine.data.events.formats import FORMATS, upright
from harness.engine.data.events.frames import count, starts_by_time
from harness.engine.data.events.load import Framing, framed, recordings
from harness.engine.data.events.recording import Events, Sensor, as_events

FILES, CACHE, COPIED = "from the files", "from the cache", "from the cache, copied"
SPIKINGJELLY, TONIC = "SpikingJelly", "tonic"
RECORDINGS, EVENTS = 100, 100_000  # about the size of one of CIFAR10-DVS's
FRAMING = Framing(10, "time", 48, Sensor(128, 128))

Read = Callable[[Path], Any]


def rows(rounds: int) -> list[Row]:
    """ATIS and AEDAT 2.0: our reader, the peers that are installed, and the decoded cache."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for form, write, ours, peers in (
            ("atis", write_atis, read_atis, atis_peers()),
            ("aedat2", write_aedat2, read_aedat2, aedat2_peers()),
        ):
            place = Path(folder) / form
            for number in range(RECORDINGS):
                suffix = FORMATS[form].suffix
                write(place / f"class_{number % 10}" / f"{number}{suffix}", _recording(number))
            found += _to_events(form, place, ours, peers, rounds)
            found += _to_frames(form, place, rounds)
        return found


def _to_events(
    form: str, place: Path, ours: Read, peers: dict[str, Read], rounds: int
) -> list[Row]:
    files = sorted(place.rglob("*.*"))
    for peer, read in peers.items():
        _require_same(ours(files[0]), read(files[0]), peer)
    works = {FILES: _every(ours, files)}
    works |= {peer: _every(read, files) for peer, read in peers.items()}
    works[CACHE] = lambda: _each(_opened(form, place))
    works[COPIED] = lambda: [_copied(one) for one in _each(_opened(form, place))]
    return _with_speed(
        interleaved(f"{form}, {_size()}: to events", works, peer=FILES, rounds=rounds)
    )


def _to_frames(form: str, place: Path, rounds: int) -> list[Row]:
    files = sorted(place.rglob("*.*"))
    works = {
        FILES: lambda: _framed_from(form, files),
        CACHE: lambda: framed(_opened(form, place), range(RECORDINGS), FRAMING),
    }
    assert works[FILES]().sum() == works[CACHE]().sum() == RECORDINGS * EVENTS
    case = f"{form}, {_size()}: to 10 frames of 48x48, as training reads it"
    return _with_speed(interleaved(case, works, peer=FILES, rounds=rounds))


def _with_speed(found: list[Row]) -> list[Row]:
    """Each candidate with the events that it reads per second."""
    return [
        replace(row, candidate=f"{row.candidate}: {RECORDINGS * EVENTS / row.ms / 1000:,.0f} M/s")
        for row in found
    ]


def _opened(form: str, place: Path) -> Cache:
    """The cache of a folder, built at the first call."""
    return recordings(place, form, sensor=FRAMING.sensor, faults="refuse", place=place.parent)[1]


def _each(cache: Cache) -> list[Any]:
    return [cache[number] for number in range(len(cache))]


def _copied(events: Events) -> Events:
    return Events(*(column.copy() for column in (events.x, events.y, events.t, events.p)))


def _framed_from(form: str, files: list[Path]) -> torch.Tensor:
    """What `framed` gives, each file decoded for it by the format's reader."""
    result = np.zeros((len(files), 10, 2, FRAMING.side, FRAMING.side), np.int16)
    for row, file in enumerate(files):
        one = FORMATS[form].decode(file, FRAMING.sensor, "refuse").events
        count(one, starts_by_time(one, 10), FRAMING.sensor, result[row])
    return torch.from_numpy(result)


def _every(read: Read, files: list[Path]) -> Callable[[], object]:
    return lambda: [read(file) for file in files]


def _size() -> str:
    return f"{RECORDINGS} recordings, {RECORDINGS * EVENTS / 1e6:g} M events"


def _recording(number: int) -> Events:
    """Events at random pixels of 128x128 at 0.3 events per µs."""
    draw = np.random.default_rng(number)
    x, y = draw.integers(0, 128, (2, EVENTS))
    return as_events(x, y, np.cumsum(draw.integers(0, 7, EVENTS)), draw.integers(0, 2, EVENTS))


def _require_same(ours: Events, theirs: Any, peer: str) -> None:
    for events in (ours, upright(ours)):
        if all(np.array_equal(events[name], theirs[name]) for name in "xytp"):
            return
    raise AssertionError(f"{peer} reads other events")


def atis_peers() -> dict[str, Read]:
    """The readers of 40-bit files of those libraries that are installed."""
    found: dict[str, Read] = {}
    if module := _spikingjelly("utils"):
        found[SPIKINGJELLY] = module.load_ATIS_bin
    if find_spec("tonic"):
        from tonic.io import read_mnist_file

        layout = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
        found[TONIC] = lambda file: read_mnist_file(str(file), dtype=layout)
    return found


def aedat2_peers() -> dict[str, Read]:
    """The readers of AEDAT 2.0 of those libraries that are installed, with upright events.

    tonic 1.7 has one that fails on every file: of three values of the header it expects two.
    """
    module = _spikingjelly("cifar10_dvs")
    return {} if module is None else {SPIKINGJELLY: module._load_origin_data}


def _spikingjelly(name: str) -> ModuleType | None:
    """A module of `spikingjelly.datasets`, whose own package imports torchaudio and more for the
    sake of data sets that nobody asked for.
    """
    if find_spec("spikingjelly") is None:
        return None
    import spikingjelly

    folder = Path(spikingjelly.__file__ or "").parent / "datasets"
    package = "spikingjelly.datasets"
    if package not in sys.modules:
        bare = ModuleType(package)
        bare.__path__ = [str(folder)]
        bare.__spec__ = ModuleSpec(package, None, is_package=True)
        sys.modules[package] = bare
    spec = spec_from_file_location(f"{package}.{name}", folder / f"{name}.py")
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
