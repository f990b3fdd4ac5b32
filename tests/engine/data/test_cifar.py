"""CIFAR from its batches: small ones made here, the real ones where HARNESS_DATA_DIR names them."""

from __future__ import annotations

import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.engine.data.checksums import file_checksums, layout
from harness.engine.data.cifar import load
from harness.errors import HarnessError
from tests.engine.data.small_cifar import NAMES, SmallCifar, batch, md5

# As published; specs name the same ones.
PUBLISHED = {
    "cifar10": {
        "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
        "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
        "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "md5:40351d587109b95175f43aff81a1287e",
        "batches.meta": "md5:5ff9c542aee3614f3951f8cda6e48888",
    },
    "cifar100": {
        "train": "md5:16019d7e3df5f24257cddd939b257f8d",
        "test": "md5:f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "md5:7973b15100ade9c7d40fb424638fde48",
    },
}
MEANS = {"cifar10": (0.4914, 0.4822, 0.4465), "cifar100": (0.5071, 0.4866, 0.4409)}


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_batches_follow_one_another_with_their_labels(small_cifar: SmallCifar) -> None:
    images = load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)
    assert images.origin == "published"
    assert images.name == "cifar10"
    assert images.class_names == tuple(NAMES)
    assert images.train_labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert images.test_labels.tolist() == [5, 9]
    assert images.train_images.shape == (10, 3, 32, 32)
    assert images.train_images[:, :2].flatten(1).unique(dim=1).flatten().tolist() == [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4
    ]  # fmt: skip
    rows = torch.arange(1024).remainder(256).view(32, 32)  # the third channel, row by row
    assert torch.equal(images.test_images[0, 2].long(), rows)


def test_cifar100_has_its_fine_labels(tmp_path: Path) -> None:
    files = layout("cifar100")
    folder = tmp_path / files.folder
    folder.mkdir()
    data = np.zeros((2, 3072), dtype=np.uint8)
    entry = {"data": data, "fine_labels": [1, 0], "coarse_labels": [0, 0]}
    contents = {
        "train": entry,
        "test": entry,
        "meta": {"fine_label_names": ["apple", "bee"], "coarse_label_names": ["x"]},
    }
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    checksums = file_checksums("cifar100", tmp_path)
    images = load("cifar100", tmp_path, checksums=checksums)
    assert images.class_names == ("apple", "bee")
    assert images.train_labels.tolist() == [1, 0]
    assert images.origin == "published"


def test_other_bytes_are_refused_with_both_sums_and_the_way_out(small_cifar: SmallCifar) -> None:
    other = batch(3, protocol=4)
    small_cifar.put("data_batch_4", other, note=False)
    with pytest.raises(HarnessError) as caught:
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)
    for part in ("data_batch_4", md5(other), md5(batch(3)), "accept_repacked"):
        assert part in str(caught.value)


def test_a_repacked_set_is_read_on_request_and_marked(small_cifar: SmallCifar) -> None:
    published = load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)
    small_cifar.put("data_batch_4", batch(3, protocol=4), note=False)
    repacked = load(
        "cifar10", small_cifar.data_dir, checksums=small_cifar.checksums, accept_repacked=True
    )
    assert repacked.origin == "repacked"
    assert repacked.sha256 == published.sha256  # the same pixels in the same order


def test_accepting_a_repacked_set_does_not_mark_a_published_one(small_cifar: SmallCifar) -> None:
    images = load(
        "cifar10", small_cifar.data_dir, checksums=small_cifar.checksums, accept_repacked=True
    )
    assert images.origin == "published"


@pytest.mark.parametrize("noted", [True, False])
def test_a_bomb_does_not_go_off_with_the_right_or_the_wrong_checksum(
    small_cifar: SmallCifar, noted: bool, tmp_path: Path
) -> None:
    mark = tmp_path / "gone off"
    small_cifar.put("test_batch", pickle.dumps({"data": Bomb(mark)}, protocol=2), note=noted)
    for accept in (False, True):
        with pytest.raises(HarnessError, match=r"not a CIFAR batch: near byte|checksum is"):
            load(
                "cifar10",
                small_cifar.data_dir,
                checksums=small_cifar.checksums,
                accept_repacked=accept,
            )
    assert not mark.exists()


@pytest.mark.parametrize("noted", [True, False])
def test_a_truncated_batch_is_refused(small_cifar: SmallCifar, noted: bool) -> None:
    small_cifar.put("data_batch_1", batch(0)[:-500], note=noted)
    with pytest.raises(HarnessError, match="data_batch_1: not a CIFAR batch: near byte"):
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums, accept_repacked=True)


def pickled(**entry: object) -> bytes:
    whole = {"data": np.zeros((2, 3072), dtype=np.uint8), "labels": [0, 1], **entry}
    return pickle.dumps(whole, protocol=2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("test_batch", pickled(labels=[0]), "no list 'labels' with a label for each image"),
        ("test_batch", pickled(labels=None), "no list 'labels'"),
        ("test_batch", pickled(labels=[0, True]), "'labels' holds more than class numbers"),
        ("test_batch", pickled(labels=[0, 10**30]), "'labels' holds more than class numbers"),
        ("test_batch", pickled(labels=[0, 10]), "test: labels lie in 0 … 10"),
        ("test_batch", pickled(data=[1]), "holds no array 'data'"),
        ("test_batch", pickled(data=np.zeros((2, 5), np.uint8)), r"\[2, 5\], not \[M, 3072\]"),
        ("test_batch", pickled(data=np.zeros((2, 3072), np.int16)), "not a CIFAR batch"),
        ("test_batch", pickle.dumps([1], protocol=2), "holds a list, not a dictionary"),
        ("batches.meta", pickle.dumps({}, protocol=2), "holds no list of names 'label_names'"),
        ("batches.meta", pickle.dumps({"label_names": [1]}, protocol=2), "no list of names"),
    ],
)
def test_what_is_no_batch_is_refused_by_name(
    small_cifar: SmallCifar, name: str, content: bytes, message: str
) -> None:
    small_cifar.put(name, content)
    with pytest.raises(HarnessError, match=message):
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)


def test_a_file_without_a_checksum_is_refused(small_cifar: SmallCifar) -> None:
    del small_cifar.checksums["batches.meta"]
    with pytest.raises(HarnessError, match=r"batches.meta: no checksum given"):
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums, accept_repacked=True)


def test_a_missing_file_is_named(small_cifar: SmallCifar) -> None:
    (small_cifar.folder / "data_batch_5").unlink()
    with pytest.raises(HarnessError, match=r"data_batch_5: no such file"):
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)


def test_an_empty_data_directory_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"cifar-100-python/ nor cifar-100-python.tar.gz"):
        load("cifar100", tmp_path, checksums={})


def test_too_large_a_file_is_not_read(
    small_cifar: SmallCifar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.engine.data.cifar.LARGEST_FILE", 1000)
    with pytest.raises(HarnessError, match="bytes are too many for a batch"):
        load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)


def test_the_archive_is_checked_and_unpacked_where_it_lies(small_cifar: SmallCifar) -> None:
    archive = small_cifar.data_dir / layout("cifar10").archive
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(small_cifar.folder, small_cifar.folder.name)
    unpacked = load("cifar10", small_cifar.data_dir, checksums=small_cifar.checksums)
    small_cifar.folder.rename(small_cifar.data_dir / "moved away")
    wrong = {**small_cifar.checksums, archive.name: "md5:" + "0" * 32}
    with pytest.raises(HarnessError, match=r"cifar-10-python.tar.gz: checksum is md5:"):
        load("cifar10", small_cifar.data_dir, checksums=wrong)
    assert not small_cifar.folder.exists()
    right = {**small_cifar.checksums, archive.name: md5(archive.read_bytes())}
    images = load("cifar10", small_cifar.data_dir, checksums=right)
    assert images.sha256 == unpacked.sha256


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_real_data(name: str) -> None:
    where = os.environ.get("HARNESS_DATA_DIR")
    if not where or not (Path(where) / layout(name).folder).is_dir():
        pytest.skip(f"real {name}: set HARNESS_DATA_DIR to the folder with {layout(name).folder}/")
    images = load(name, Path(where), checksums=PUBLISHED[name], accept_repacked=True)
    assert images.train_images.shape == (50_000, 3, 32, 32)
    assert images.test_images.shape == (10_000, 3, 32, 32)
    classes = len(images.class_names)
    assert classes == {"cifar10": 10, "cifar100": 100}[name]
    assert images.train_labels.bincount().tolist() == [50_000 // classes] * classes
    assert images.test_labels.bincount().tolist() == [10_000 // classes] * classes
    mean = images.train_images.double().mean((0, 2, 3)) / 255
    assert mean.numpy() == pytest.approx(np.array(MEANS[name]), abs=1e-4)
