"""A data folder is read, and written by a download alone; caches lie in the store."""

from __future__ import annotations

import logging
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.engine.data.checksums import LAYOUTS
from harness.engine.data.labelled import ImageSet
from harness.layout import layout
from harness.parts.base import PinnedFile
from harness.parts.cifar import Cifar
from harness.parts.datasets import Dataset
from harness.parts.recordings import Recordings, RecordingsArchive
from harness.runs.pretrained import seen
from harness.spec.library import load
from tests.engine.data.events.made import aedat2_bytes
from tests.engine.data.mirror import Mirror
from tests.engine.data.small_cifar import NAMES, batch, md5
from tests.runs.test_pretrained import mirror, spec  # noqa: F401 - a fixture
from tests.runs.test_revisions import place

CIFAR = LAYOUTS["cifar10"]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    for one in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        one.chmod(0o755)


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Each entry with its size and time of change: a lock that came and went has changed one."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


def read(dataset: Dataset, data: Path, cache: Path) -> ImageSet:
    """The set, read twice from a folder that takes nothing, by processes that remember nothing."""
    for folder in (data, *(path for path in data.rglob("*") if path.is_dir())):
        folder.chmod(0o555)  # root may write all the same, so the state is held against it, too
    before = state(data)
    first, again = (dataset.load(1, data, cache) for _ in range(2))
    assert first.sha256 == again.sha256
    assert state(data) == before
    return first  # type: ignore[return-value]


def cifar_files() -> dict[str, bytes]:
    names = (*CIFAR.train, *CIFAR.test)
    found = {name: batch(number) for number, name in enumerate(names)}
    return found | {CIFAR.names: pickle.dumps({"label_names": NAMES}, protocol=2)}


def cifar_spec(archive: bytes) -> Cifar:
    block = load(layout()).blocks.dataset.blocks["cifar10"]
    assert isinstance(block, Cifar)
    files = tuple(PinnedFile(name=n, checksum=md5(c)) for n, c in cifar_files().items())
    pin = PinnedFile(name=CIFAR.archive, checksum=md5(archive))
    return block.model_copy(update={"files": files, "archive": pin, "mirrors": ()})


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_cifar(data: Path, tmp_path: Path, form: str) -> None:
    folder = (data if form == "folder" else tmp_path) / CIFAR.folder
    folder.mkdir()
    for name, content in cifar_files().items():
        (folder / name).write_bytes(content)
    archive = b""
    if form == "archive":
        with tarfile.open(data / CIFAR.archive, "w:gz") as tar:
            tar.add(folder, CIFAR.folder)
        archive = (data / CIFAR.archive).read_bytes()
    found = read(cifar_spec(archive), data, tmp_path / "store/cache")
    assert found.train_labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]


def events_spec(archives: dict[str, bytes]) -> Recordings:
    block = load(layout()).blocks.dataset.blocks["cifar10-dvs"]
    assert isinstance(block, Recordings)
    pins = tuple(
        RecordingsArchive(
            name=f"{name}.zip", folder=name, target=f"CIFAR10DVS/{name}", checksum=md5(content)
        )
        for name, content in archives.items()
    )
    return block.model_copy(update={"archives": pins, "test_share": 0.5, "classes": len(pins)})


@pytest.mark.parametrize("unpacked", [(), ("cat",), ("cat", "dog")])
def test_event_recordings(data: Path, tmp_path: Path, unpacked: tuple[str, ...]) -> None:
    """Archives, recordings unpacked by hand, or some of each."""
    archives = {}
    for start, name in enumerate(("cat", "dog")):
        files = {
            f"{name}/{name}_{number}.aedat": aedat2_bytes([(start, number, 5, 1), (9, 9, 7, 0)])
            for number in range(2)
        }
        made = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(made, "w") as out:
            for file, content in files.items():
                out.writestr(file, content)
        archives[name] = made.read_bytes()
        if name not in unpacked:
            (data / made.name).write_bytes(archives[name])
            continue
        for file, content in files.items():
            (data / "CIFAR10DVS" / file).parent.mkdir(parents=True, exist_ok=True)
            (data / "CIFAR10DVS" / file).write_bytes(content)
            (data / "CIFAR10DVS" / name / f"._{Path(file).name}").write_bytes(b"of a Mac")
    found = read(events_spec(archives).pinned(data, data), data, tmp_path / "store/cache")
    assert found.class_names == ("cat", "dog")
    assert found.train_labels.tolist() == found.test_labels.tolist() == [0, 1]


def test_the_simulated_camera_writes_no_data(data: Path, tmp_path: Path) -> None:
    block = load(layout()).blocks.dataset.blocks["digit-events"]
    read(block, data, tmp_path / "store/cache")
    assert list(data.iterdir()) == []


def test_published_weights_and_that_a_download_says_so(
    mirror: Mirror,  # noqa: F811 - the fixture
    data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = replace(place(tmp_path / "run"), data=data)
    with caplog.at_level(logging.INFO):
        seen(spec(mirror), here, torch.device("cpu"))
    assert f"fetching w.pth into {data}" in caplog.text
    for left in data.glob(".*"):
        left.unlink()  # the lock of the download
    data.chmod(0o555)
    before = state(data)
    seen(spec(mirror), here, torch.device("cpu"))
    assert state(data) == before
    assert mirror.requests == [None]
