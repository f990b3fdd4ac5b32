"""Data of a study's own: what is found in the files, what enters the key, what is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.errors import HarnessError
from harness.parts.base import identity
from harness.parts.networks import Resnet, Small, Vgg
from harness.parts.neurons import Relu
from harness.parts.own import Own
from harness.parts.pictures import Arrays, ImageFolder
from harness.parts.recordings import EventFolder
from harness.runs.trained import skipped_in
from tests.engine.data.events.made import atis_bytes


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def a_png(path: Path, seed: int, shape: tuple[int, ...] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def images_in(study: Path, *folders: str, count: int = 5, **how: Any) -> None:
    for place, folder in enumerate(folders):
        for number in range(count):
            a_png(study / folder / f"{number}.png", 100 * place + number, **how)


def recordings_in(study: Path, *folders: str, count: int = 5) -> None:
    for place, folder in enumerate(folders):
        for number in range(count):
            path = study / folder / f"{number}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(atis_bytes([(9 * place, 6 * number, 10, 1), (33, 33, 90, 0)]))


def arrays_in(study: Path, labels: Any = (0, 1, 0, 1, 1), shape: tuple[int, ...] = (8, 8)) -> None:
    images = np.arange(len(labels), dtype=np.uint8)[(slice(None), *[None] * len(shape))]
    images = np.broadcast_to(images, (len(labels), *shape))
    np.savez(study / "x.npz", images=images, labels=np.array(labels))


RANDOM = {"split": "random", "test_share": 0.4}
EVENTS = {"format": "atis", "sensor": (34, 34), "size": 8}
MADE = {
    "image-folder": (ImageFolder, {"folder": "own"}, images_in),
    "event-folder": (EventFolder, {"folder": "own", **EVENTS}, recordings_in),
}


def loaded(data: Own, study: Path) -> Any:
    return data.pinned(study, study).load(2, study, study / "cache")


@pytest.mark.parametrize("kind", MADE)
def test_a_split_is_given_drawn_taken_from_the_end_or_listed(tmp_path: Path, kind: str) -> None:
    model, said, put = MADE[kind]
    put(tmp_path, "own/cat", "own/dog")
    suffix = next((tmp_path / "own/cat").iterdir()).suffix
    drawn = model(name="own", **said, **RANDOM).pinned(tmp_path, tmp_path)
    assert (drawn.classes, drawn.train_images, drawn.test_images) == (2, 6, 4)
    last = loaded(model(name="own", **said, split="last", test_share=0.4), tmp_path)
    (tmp_path / "test.txt").write_text(
        "".join(f"{a}/{n}{suffix}\n" for a in ("cat", "dog") for n in (3, 4))
    )
    listed = loaded(model(name="own", **said, split="list", test_list="test.txt"), tmp_path)
    assert last.sha256 == listed.sha256 != loaded(drawn, tmp_path).sha256
    for name in ("cat", "dog"):
        for split, chosen in (("Train", (0, 1, 2)), ("Test", (3, 4))):
            for one in chosen:
                place = tmp_path / "own" / split / name / f"{one}{suffix}"
                place.parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "own" / name / place.name).rename(place)
    given = model(name="own", **said).pinned(tmp_path, tmp_path)
    assert (given.train_images, given.test_images) == (6, 4)
    assert loaded(given, tmp_path).sha256 == last.sha256
    assert given.provenance.endswith("split as given")


@pytest.mark.parametrize("kind", MADE)
def test_the_key_has_the_content_and_not_the_place_or_the_time(tmp_path: Path, kind: str) -> None:
    model, said, put = MADE[kind]
    put(tmp_path, "own/cat", "own/dog")
    one = model(name="own", **said, **RANDOM)
    before = identity(one.pinned(tmp_path, tmp_path))
    assert one.pinned(tmp_path, tmp_path).pinned(tmp_path, tmp_path).pinned(tmp_path, tmp_path)
    (tmp_path / "own").rename(tmp_path / "moved")
    moved = one.model_copy(update={"folder": "moved"})
    for path in (tmp_path / "moved").rglob("*.*"):
        os.utime(path, (1, 1))
    assert identity(moved.pinned(tmp_path, tmp_path)) == before
    for a, b in (("cat", "x"), ("dog", "cat"), ("x", "dog")):  # each class is the other's
        (tmp_path / "moved" / a).rename(tmp_path / "moved" / b)
    planned = moved.pinned(tmp_path, tmp_path)
    assert identity(planned) != before
    file = next((tmp_path / "moved/cat").iterdir())
    file.write_bytes(file.read_bytes() + b"")
    file.unlink()
    with pytest.raises(HarnessError, match="not those of the plan"):
        planned.load(2, tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("kind", MADE)
def test_faults_of_a_folder(tmp_path: Path, kind: str) -> None:
    model, said, put = MADE[kind]

    def refused(problem: str, **how: Any) -> None:
        with pytest.raises(HarnessError, match=problem):
            model(name="own", **said, **how).pinned(tmp_path, tmp_path)

    refused("is no folder")
    put(tmp_path, "own/cat")
    refused("has one class, 'cat'", **RANDOM)
    refused("needs one folder train/")
    (tmp_path / "own/dog").mkdir()
    refused(r"dog: holds no \*\.", **RANDOM)
    put(tmp_path, "own/dog", count=1)
    refused(r"own: class 'dog' has a single item, .* – give it another one", **RANDOM)
    (tmp_path / "list").write_text("dog/0.txt\n")
    refused("names 'dog/0.txt', which", split="list", test_list="list")
    (tmp_path / "list").write_text("dog/0" + next((tmp_path / "own/dog").iterdir()).suffix)
    refused("leaves nothing of 'dog'", split="list", test_list="list")
    (tmp_path / "list").write_text("\n")
    refused("is empty", split="list", test_list="list")
    refused("test_list cannot be read", split="list", test_list="absent")
    put(tmp_path, "own/train/cat", "own/train/dog", "own/test/cat", "own/test/cow")
    refused("cow: is a class that train/ has not")
    (tmp_path / "own/dog/notes.txt").write_text("")
    refused("notes.txt: is no file", **RANDOM)


@pytest.mark.parametrize(
    "how", [{"split": "random"}, {"test_share": 0.2}, {"split": "list"}, {"test_list": "x"}]
)
def test_what_a_split_needs_is_said(how: Mapping[str, Any]) -> None:
    with pytest.raises(HarnessError, match="no other split does"):
        ImageFolder(name="own", folder="own", **how)


def test_images_of_several_sizes_and_colours(tmp_path: Path) -> None:
    images_in(tmp_path, "own/cat", "own/dog")
    a_png(tmp_path / "own/dog/5.png", 5, (8, 8, 3))
    with pytest.raises(HarnessError, match=r"5.png: has 3 channels, 0.png has 1"):
        loaded(ImageFolder(name="own", folder="own", **RANDOM), tmp_path)
    a_png(tmp_path / "own/cat/0.png", 0, (8, 8, 3))  # the odd one is named, though it is the first
    (tmp_path / "own/dog/5.png").unlink()
    with pytest.raises(HarnessError, match=r"cat/0.png: has 3 channels, 1.png has 1"):
        loaded(ImageFolder(name="own", folder="own", **RANDOM), tmp_path)
    a_png(tmp_path / "own/cat/0.png", 0)
    a_png(tmp_path / "own/dog/5.png", 5, (8, 8, 3))
    gray = ImageFolder(name="own", folder="own", channels=1, **RANDOM)
    assert loaded(gray, tmp_path).train_images.shape == (7, 1, 8, 8)
    a_png(tmp_path / "own/dog/5.png", 5, (10, 12))
    with pytest.raises(HarnessError, match=r"5.png: has 12x10 pixels, 0.png 8x8 – size = 32"):
        loaded(gray, tmp_path)
    scaled = ImageFolder(name="own", folder="own", size=4, channels=3, **RANDOM)
    assert loaded(scaled, tmp_path).test_images.shape == (4, 3, 4, 4)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no events"),
        (atis_bytes([(1, 2, 3, 1)])[:-1], "ends in 4 of the 5 bytes"),
        (atis_bytes([(60, 2, 3, 1)]), "outside the sensor of 34x34"),
        (atis_bytes([(1, 2, 9, 1), (1, 2, 3, 1)]), "time goes back by 6"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    recordings_in(tmp_path, "own/cat", "own/dog")
    (tmp_path / "own/dog/3.bin").write_bytes(content)
    with pytest.raises(
        HarnessError, match=rf"dog/3\.bin: byte 0.*: {said}|3\.bin.*{said}"
    ) as caught:
        loaded(EventFolder(name="own", folder="own", **EVENTS, **RANDOM), tmp_path)
    assert 'faults = "skip"' in caught.value.hint or said == "holds no events"


def test_skipped_records_are_counted(tmp_path: Path) -> None:
    recordings_in(tmp_path, "own/cat", "own/dog")
    events = [(1, 2, time, 1) for time in range(200)]
    own = EventFolder(name="own", folder="own", faults="skip", **EVENTS, **RANDOM)
    (tmp_path / "own/dog/3.bin").write_bytes(atis_bytes([*events, (40, 2, 200, 1)]))
    assert skipped_in(loaded(own, tmp_path)) == {"skipped_events": "1 outside the sensor"}
    (tmp_path / "own/dog/3.bin").write_bytes(atis_bytes(events))
    assert skipped_in(loaded(own, tmp_path)) == {}


def test_arrays_in_one_file_or_in_several(tmp_path: Path) -> None:
    arrays_in(tmp_path)
    drawn = Arrays(name="own", train="x.npz", split="last", test_share=0.4)
    found = drawn.pinned(tmp_path, tmp_path)
    assert (found.classes, found.size, found.channels) == (2, 8, 1)
    assert (found.train_images, found.test_images) == (3, 2)
    assert loaded(drawn, tmp_path).test_images[:, 0, 0, 0].tolist() == [2, 4]
    with np.load(tmp_path / "x.npz") as file:
        np.save(tmp_path / "images.npy", file["images"])
        np.save(tmp_path / "labels.npy", file["labels"])
    given = Arrays(name="own", train=("images.npy", "labels.npy"), test="x.npz")
    assert given.pinned(tmp_path, tmp_path).test_images == 5
    assert loaded(given, tmp_path).train_labels.tolist() == [0, 1, 0, 1, 1]


def test_which_array_of_a_file_is_meant_enters_the_key(tmp_path: Path) -> None:
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    np.savez(tmp_path / "x.npz", a=images, b=255 - images, labels=[0, 1, 0, 1])
    one, other = (
        Arrays(name="own", train=(f"x.npz:{name}", "x.npz:labels"), **RANDOM).pinned(
            tmp_path, tmp_path
        )
        for name in "ab"
    )
    assert identity(one) != identity(other)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ((1, 2, 1, 2), r"labels are \[1, 2\] – they must be 0, 1"),
        ((0, 2, 0, 2), r"labels are \[0, 2\]"),
        ((0, -1, 0, -1), r"labels are \[-1, 0\]"),
        ((0, 0, 0), r"labels are \[0\]"),
        ((0.0, 1.0), r"integers \[2\]"),
        ((0, 1, 0), "class 1 has a single item"),
    ],
)
def test_labels_are_counted_from_0_without_a_gap(tmp_path: Path, labels: Any, said: str) -> None:
    arrays_in(tmp_path, labels)
    with pytest.raises(HarnessError, match=said):
        Arrays(name="own", train="x.npz", **RANDOM).pinned(tmp_path, tmp_path)


def test_a_test_file_may_have_no_more_than_train(tmp_path: Path) -> None:
    arrays_in(tmp_path)
    (tmp_path / "x.npz").rename(tmp_path / "train.npz")
    own = Arrays(name="own", train="train.npz", test="x.npz")
    arrays_in(tmp_path, (0, 2))
    with pytest.raises(HarnessError, match=r"has the labels \[2\], which train has not"):
        own.pinned(tmp_path, tmp_path)
    arrays_in(tmp_path, (0, 1), (8, 8, 3))
    with pytest.raises(HarnessError, match="of 8 pixels a side and 3 channels"):
        own.pinned(tmp_path, tmp_path)
    with pytest.raises(HarnessError, match="name test files"):
        Arrays(name="own", train="train.npz")
    with pytest.raises(HarnessError, match=r"x\.npy is one array: name two"):
        Arrays(name="own", train="x.npy", **RANDOM)
    with pytest.raises(HarnessError, match=r'which array of an \.npz: "x\.npz:NAME"'):
        Arrays(name="own", train=("x.npz", "y.npy"), **RANDOM)


def test_what_is_said_is_held_against_what_is_found(tmp_path: Path) -> None:
    arrays_in(tmp_path)
    right = {"classes": 2, "size": 8, "channels": 1, "test_images": 2}
    own = Arrays(name="own", train="x.npz", **RANDOM, **right)
    assert own.pinned(tmp_path, tmp_path).classes == 2
    for name in right:
        wrong = own.model_copy(update={name: 3})
        with pytest.raises(HarnessError, match=f"{name} is 3 in the spec and"):
            wrong.pinned(tmp_path, tmp_path)


@pytest.mark.parametrize("network", [Resnet(depth=8, base_width=1), Vgg(base_width=1), Small()])
def test_a_plan_refuses_just_the_sizes_that_the_network_refuses(network: Any) -> None:
    import torch

    built = network.build(Relu(), classes=2, channels=1, seed=0)
    for size in range(1, 19):

        def fits(call: Any) -> bool:
            try:
                call()
            except (HarnessError, RuntimeError):
                return False
            return True

        runs = fits(lambda: built(torch.zeros(2, 1, size, size)))  # noqa: B023 - called at once
        assert fits(lambda: network.refuse_images(size, 1)) == runs, size  # noqa: B023
