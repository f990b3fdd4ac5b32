"""What lies unpacked is known by its content, and what is unpacked here by its archive."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.parts.base import identity
from harness.parts.recordings import Recordings, RecordingsArchive
from tests.engine.data.events.made import atis_bytes
from tests.synthetic import library

CLASSES = ("cat", "dog")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def recording(number: int) -> bytes:
    return atis_bytes([(number, 3, 10, 1), (9, 9, 90, 0)])


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as out:
        for place, name in enumerate(CLASSES):
            for number in range(4):
                out.writestr(f"Caltech101/{name}/{number}.bin", recording(50 * place + number))
    return path.read_bytes()


@pytest.fixture
def block(archive: bytes) -> Recordings:
    """N-Caltech101 with an archive of two classes, which no mirror has."""
    found = library().blocks.dataset.blocks["n-caltech101"]
    assert isinstance(found, Recordings)
    checksum = f"sha256:{hashlib.sha256(archive).hexdigest()}"
    pin = RecordingsArchive(
        name="C.zip", folder="Caltech101", target="Caltech101", checksum=checksum
    )
    return found.model_copy(update={"archives": (pin,), "classes": 2, "test_share": 0.5})


def by_hand(data: Path, *, offset: int = 0) -> None:
    for place, name in enumerate(CLASSES):
        (data / "Caltech101" / name).mkdir(parents=True)
        for number in range(4):
            path = data / "Caltech101" / name / f"{number}.bin"
            path.write_bytes(recording(50 * place + number + offset))


def test_a_run_from_the_archive_is_of_the_published_files(
    tmp_path: Path, block: Recordings, archive: bytes
) -> None:
    (tmp_path / "C.zip").write_bytes(archive)
    pinned = block.pinned(tmp_path, tmp_path)
    assert pinned == block and "unpacked" not in identity(block)
    assert "published files: C.zip sha256:" in pinned.provenance and not pinned.is_repacked
    assert pinned.load(1, tmp_path, tmp_path / "cache").origin == "published"


def test_recordings_of_one_class_in_the_place_of_another_are_another_run(
    tmp_path: Path, block: Recordings
) -> None:
    by_hand(tmp_path)
    pinned = block.pinned(tmp_path, tmp_path)
    assert identity(pinned) != identity(block)
    assert pinned.is_repacked and "not held against the published archives" in pinned.provenance
    found = pinned.load(1, tmp_path, tmp_path / "cache")
    assert found.origin == "repacked"
    for a, b in (("cat", "x"), ("dog", "cat"), ("x", "dog")):
        (tmp_path / "Caltech101" / a).rename(tmp_path / "Caltech101" / b)
    assert identity(block.pinned(tmp_path, tmp_path)) != identity(pinned)
    with pytest.raises(HarnessError, match="not those of the plan"):
        pinned.load(1, tmp_path, tmp_path / "cache")
    other = block.pinned(tmp_path, tmp_path).load(1, tmp_path, tmp_path / "cache")
    assert other.sha256 != found.sha256


def test_an_archive_counts_more_than_what_lies_beside_it(
    tmp_path: Path, block: Recordings, archive: bytes
) -> None:
    by_hand(tmp_path, offset=7)
    other = block.pinned(tmp_path, tmp_path).load(1, tmp_path, tmp_path / "cache")
    (tmp_path / "C.zip").write_bytes(archive)
    found = block.pinned(tmp_path, tmp_path)
    assert found == block
    loaded = found.load(1, tmp_path, tmp_path / "cache")
    assert loaded.origin == "published" and loaded.sha256 != other.sha256


@pytest.mark.parametrize("unpacked", [False, True])
def test_n_mnist_is_split_as_published(tmp_path: Path, unpacked: bool) -> None:
    """Thirty recordings in its two archives, or in the folders that these unpack to."""
    block = library().blocks.dataset.blocks["n-mnist"]
    assert isinstance(block, Recordings)
    assert [one.target for one in block.archives] == ["NMNIST/Train", "NMNIST/Test"]
    pins = []
    for pin, count in zip(block.archives, (20, 10), strict=True):
        with zipfile.ZipFile(tmp_path / pin.name, "w") as out:
            for number in range(count):
                out.writestr(f"{pin.folder}/{number % 10}/{number:05}.bin", recording(number))
        content = (tmp_path / pin.name).read_bytes()
        checksum = f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
        pins.append(pin.model_copy(update={"checksum": checksum, "mirrors": ()}))
        if unpacked:
            with zipfile.ZipFile(tmp_path / pin.name) as archive:
                archive.extractall(tmp_path / "NMNIST")
            (tmp_path / pin.name).unlink()
    planned = block.model_copy(update={"archives": tuple(pins)}).pinned(tmp_path, tmp_path)
    found = planned.load(2, tmp_path, tmp_path / "cache")
    assert found.class_names == tuple("0123456789")
    assert found.train_images.shape == (20, 2, 2, 32, 32)
    assert found.test_labels.tolist() == list(range(10))
    assert (found.origin, planned.is_repacked) == (("published", "repacked")[unpacked], unpacked)
