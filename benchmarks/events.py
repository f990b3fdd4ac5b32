"""Event recordings: decoding both formats, against the libraries that read them, and the cache.

A reader ends with all events of the recordings in memory. The cache is mapped there, so nothing is
decoded or copied; its candidate reads every byte of it once, as whoever uses the events will. What
a peer gives is held against ours before the clock starts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.ratio import Row, interleaved
from harness.engine.data.events import read_aedat2, read_atis, write_aedat2, write_atis
from harness.engine.data.events.aedat2 import upright
from harness.engine.data.events.cache import cached
from harness.engine.data.events.event import Events, as_events
from harness.engine.data.events.recording import Recording

OURS, CACHE, SPIKINGJELLY, TONIC = "from the files", "from the cache", "SpikingJelly", "tonic"
RECORDINGS, EVENTS = 20, 100_000  # about the size of one of CIFAR10-DVS's

Read = Callable[[Path], Any]


def rows(rounds: int) -> list[Row]:
    """ATIS and AEDAT 2.0: our reader, the peers that are installed, and the decoded cache."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name, write, ours, peers in (
            ("ATIS, 40 bits", write_atis, read_atis, _atis_peers()),
            ("AEDAT 2.0", write_aedat2, read_aedat2, _aedat2_peers()),
        ):
            files = [Path(folder) / f"{name[:4]}_{number}" for number in range(RECORDINGS)]
            for number, file in enumerate(files):
                write(file, _recording(number))
            found += _case(name, files, ours, peers, rounds)
        return found


def _case(
    name: str, files: Sequence[Path], ours: Read, peers: dict[str, Read], rounds: int
) -> list[Row]:
    for peer, read in peers.items():
        _require_same(ours(files[0]), read(files[0]), peer)
    works = {OURS: _every(ours, files)}
    works |= {peer: _every(read, files) for peer, read in peers.items()}
    by_name = {file.name: file for file in files}
    cache = cached(
        files[0].with_name(f"{name[:4]}.cache"),
        name,
        list(by_name),
        lambda file: Recording(ours(by_name[file])),
    )
    works[CACHE] = lambda: [cache[number].view(np.uint64).sum() for number in range(len(cache))]
    case = f"{name}, {len(files)} recordings of {EVENTS:,} events, {len(files) * EVENTS / 1e6:g} M"
    return interleaved(case, works, peer=OURS, rounds=rounds)


def _every(read: Read, files: Sequence[Path]) -> Callable[[], object]:
    return lambda: [read(file) for file in files]


def _recording(number: int) -> Events:
    """Events at random pixels of 128x128 at 0.3 events per µs."""
    draw = np.random.default_rng(number)
    x, y = draw.integers(0, 128, (2, EVENTS))
    return as_events(x, y, np.cumsum(draw.integers(0, 7, EVENTS)), draw.integers(0, 2, EVENTS))


def _require_same(ours: Events, theirs: Any, peer: str) -> None:
    turned = upright(ours)  # SpikingJelly turns AEDAT recordings upright
    for events in (ours, turned):
        if all(np.array_equal(events[name], theirs[name]) for name in "xytp"):
            return
    raise AssertionError(f"{peer} reads other events")


def _atis_peers() -> dict[str, Read]:
    found: dict[str, Read] = {}
    if module := _spikingjelly("utils"):
        found[SPIKINGJELLY] = module.load_ATIS_bin
    if find_spec("tonic"):
        from tonic.io import read_mnist_file

        layout = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
        found[TONIC] = lambda file: read_mnist_file(str(file), dtype=layout)
    return found


def _aedat2_peers() -> dict[str, Read]:
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
