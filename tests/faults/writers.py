"""Everything that writes, each as: make ready, write, and what must then be there.

`write` raises HarnessError or gives what went wrong as text; an empty text is success.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from harness.engine.data.archive import unpack, unzip
from harness.engine.data.checksums import LAYOUTS
from harness.engine.data.events.cache import cached
from harness.engine.data.events.recording import Recording
from harness.engine.data.events.saccades import Saccades, simulated
from harness.engine.training.checkpoint import Checkpoint, load, save
from harness.execute.events import Event, Failed
from harness.execute.job import Job, run_job
from harness.files import os_errors
from harness.plan.node import Node
from harness.report.publish import publish
from harness.store.gc import collect
from harness.store.locks import lease
from harness.store.manifest import Manifest, Provenance
from harness.store.store import Store
from harness.store.verify import repair, verify
from tests.engine.data.events.made import events_of
from tests.engine.data.events.test_unzip import pack
from tests.engine.training.cases import images
from tests.faults.tiny import jobs, planned

NODE = Node.of("train", 1, {"epochs": 3}, {})
ROWS = [(1, 2, 3, 1), (4, 5, 60, 0)]


@dataclass(frozen=True)
class Writer:
    """All three are given the same folder; `says_remedy`: the hint is that of the store."""

    write: Callable[[Path], str]
    whole: Callable[[Path], bool]
    ready: Callable[[Path], object] = lambda folder: None
    says_remedy: bool = True


def put(store: Store, identity: Node = NODE) -> None:
    with store.lease(identity.key):
        found = store.claim(identity)
        if isinstance(found, Manifest):
            return
        with os_errors(found.files):
            (found.files / "numbers.json").write_bytes(b"[1]")
        store.publish(identity, found, Provenance(datetime(2026, 1, 1, tzinfo=UTC), 1.0))


def run(job: Job) -> str:
    """What a worker does; the problem of a run that failed."""
    told: list[Event] = []
    run_job(job, told.append)
    return told[-1].problem if isinstance(told[-1], Failed) else ""


def _architecture(folder: Path) -> Job:
    (node,) = (n for n in planned("tableD1").nodes.values())
    some = jobs(folder, "table1", "neuron=relu")[0]
    return replace(some, node=node)


def is_stored(folder: Path) -> bool:
    store = Store(folder / "store")
    return len(store.manifests()) == 1 and verify(store) == []


def _mess(folder: Path) -> None:
    """A store with something of everything that gc removes and verify repairs."""
    store = Store(folder / "store")
    put(store)
    put(store, other := Node.of("train", 1, {"epochs": 4}, {}))
    (store.folder(other.key) / "numbers.json").write_bytes(b"[2]")
    store.claim(Node.of("train", 1, {"epochs": 5}, {}))
    store.log_path(other.key).write_text("a line\n")
    for room in ("quarantine", "trash"):
        (store.root / room / "old").mkdir()
        (store.root / room / "old" / "file").touch()


def _collect(folder: Path) -> str:
    collect(Store(folder / "store"), [NODE.key])
    return ""


def _collected(folder: Path) -> bool:
    rooms = [
        p for room in ("partial", "quarantine", "logs") for p in (folder / "store" / room).iterdir()
    ]
    return rooms == [] and is_stored(folder)


def _repair(folder: Path) -> str:
    store = Store(folder / "store")
    repair(store, verify(store))
    return ""


def _repaired(folder: Path) -> bool:
    return all(fault.is_information for fault in verify(Store(folder / "store")))


def _store_only(folder: Path) -> str:
    put(Store(folder / "store"))
    return ""


PAGE = {"report.html": b"<p>new", "table1/frame.csv": b"a\n1\n", "table1/frame.json": b"{}"}


def _old_page(folder: Path) -> None:
    publish(folder / "out", dict.fromkeys(PAGE, b"old"))


def _publish(folder: Path) -> str:
    publish(folder / "out", PAGE)
    return ""


def _page(folder: Path) -> bool:
    out = folder / "out"
    there = [path for path in out.rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in there} == PAGE


KEPT = Checkpoint("me", {"w": torch.arange(6.0)}, {"w": torch.ones(6)}, (), {})


def _save(folder: Path) -> str:
    with os_errors(folder):  # as the worker does around a run
        save(folder / "checkpoints" / "training.safetensors", KEPT)
    return ""


def _saved(folder: Path) -> bool:
    place = folder / "checkpoints"
    there = [path.name for path in place.iterdir()]
    return there == ["training.safetensors"] and isinstance(
        load(place / there[0], "me"), Checkpoint
    )


def _lease(folder: Path) -> str:
    with lease(folder / "node.lock"):
        return ""


CIFAR = LAYOUTS["cifar10"]


def _tar(folder: Path) -> None:
    (folder / "source").mkdir()
    with tarfile.open(folder / CIFAR.archive, "w:gz") as tar:
        for name in CIFAR.files:
            (folder / "source" / name).write_text(name)
            tar.add(folder / "source" / name, f"{CIFAR.folder}/{name}")


def _untar(folder: Path) -> str:
    unpack(folder / CIFAR.archive, CIFAR)
    return ""


def _untarred(folder: Path) -> bool:
    return {path.name for path in (folder / CIFAR.folder).iterdir()} == set(CIFAR.files)


def _unzip(folder: Path) -> str:
    unzip(folder / "c.zip", folder / "set" / "cat", folder="cat", suffix=".aedat", max_bytes=100)
    return ""


def _unzipped(folder: Path) -> bool:
    return {path.name for path in (folder / "set" / "cat").iterdir()} == {"0.aedat", "1.aedat"}


def _decode(folder: Path) -> str:
    with_two = lambda name: Recording(events_of(ROWS), {})  # noqa: E731
    cached(folder / "cache" / "events", "me", ["a", "b"], with_two)
    return ""


def _decoded(folder: Path) -> bool:
    names = [path.name for path in (folder / "cache").iterdir() if path.name[0] != "."]
    return names == ["events"]


def _film(folder: Path) -> str:
    simulated(images(train=2, test=1), folder / "data", Saccades())
    return ""


def _filmed(folder: Path) -> bool:
    return len(list((folder / "data").glob("bars-saccades-*/*/*.bin"))) == 3


WRITERS = {
    "a run": Writer(lambda folder: run(_architecture(folder)), is_stored),
    "publishing": Writer(_store_only, is_stored),
    "gc": Writer(_collect, _collected, _mess),
    "repair": Writer(_repair, _repaired, _mess),
    "the report": Writer(_publish, _page, _old_page),
    "a checkpoint": Writer(_save, _saved, _save),
    "a lease": Writer(_lease, lambda folder: not list(folder.glob("*.lease"))),
    "an archive of images": Writer(_untar, _untarred, _tar, says_remedy=False),
    "an archive of recordings": Writer(
        _unzip,
        _unzipped,
        lambda folder: pack(folder / "c.zip", {"cat/0.aedat": b"0", "cat/1.aedat": b"1"}),
        says_remedy=False,
    ),
    "decoded recordings": Writer(_decode, _decoded, says_remedy=False),
    "simulated recordings": Writer(_film, _filmed, says_remedy=False),
}
