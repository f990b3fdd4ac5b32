"""Embedded images as event files, read by the real reader and trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.data.embedded import digits_on_photos
from harness.engine.data.events.formats import read_atis
from harness.engine.data.events.load import Framing, frame_set, recordings
from harness.engine.data.events.recording import Sensor
from harness.engine.data.events.saccades import Saccades, for_testing, record, simulated
from harness.engine.data.labelled import FrameSet, ImageSet
from tests.engine.data.events.made import rows_of


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return digits_on_photos(train_images=40, test_images=20)


def as_frames(images: ImageSet, data_dir: Path) -> FrameSet:
    folder = simulated(images, data_dir, Saccades())
    sensor = Sensor(8, 8)
    listing, events = recordings(folder, "atis", sensor=sensor, faults="refuse", place=data_dir)
    testing = for_testing(listing.files)
    framing = Framing(10, "time", 8, sensor)
    return frame_set("digits", listing, events, framing, testing=testing, origin="embedded")


def test_each_image_is_a_genuine_file(images: ImageSet, tmp_path: Path) -> None:
    folder = simulated(images, tmp_path, Saccades())
    expected = record(images.test_images.numpy(), Saccades())
    for number, label in enumerate(images.test_labels.tolist()):
        file = folder / images.class_names[label] / f"test_{number:05}.bin"
        assert rows_of(read_atis(file)) == rows_of(expected[number])
    assert len(list(folder.glob("*/train_*.bin"))) == 40


def test_files_are_written_once_and_other_settings_lie_beside_them(
    images: ImageSet, tmp_path: Path
) -> None:
    folder = simulated(images, tmp_path, Saccades())
    mark = folder / "0" / "mark"
    mark.touch()
    assert simulated(images, tmp_path, Saccades()) == folder
    assert mark.exists()
    assert simulated(images, tmp_path, Saccades(threshold=0.5)) != folder


def test_splits_and_labels_are_those_of_the_images(images: ImageSet, tmp_path: Path) -> None:
    found = as_frames(images, tmp_path)
    assert found.class_names == images.class_names
    assert sorted(found.train_labels.tolist()) == sorted(images.train_labels.tolist())
    assert sorted(found.test_labels.tolist()) == sorted(images.test_labels.tolist())
    assert found.train_images.shape == (40, 10, 2, 8, 8)
