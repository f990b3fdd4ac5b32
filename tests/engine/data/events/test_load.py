"""From files in folders to a set of frames, and back to the files it was made from."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.engine.data.events import load
from harness.engine.data.events.formats import Format
from harness.engine.data.events.frames import by_count, by_time
from harness.engine.data.events.load import Framing, frame_set, framed, recordings
from harness.engine.data.events.recording import Sensor
from harness.engine.data.labelled import FrameSet
from harness.engine.data.listing import held_out
from harness.errors import HarnessError
from tests.engine.data.events.made import Rows, atis_bytes, events_of

SENSOR = Sensor(12, 10)
FRAMING = Framing(4, "time", 8, SENSOR)


def rows(number: int) -> Rows:
    return [((n * 7 + number) % 12, n % 10, 100 * number + n * n, n % 2) for n in range(1, 40)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("cat/1", "cat/2", "cat/10", "dog/1", "dog/2")):
        file = tmp_path / "set" / f"{name}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(atis_bytes(rows(number)))
    return tmp_path / "set"


def loaded(folder: Path, framing: Framing = FRAMING) -> FrameSet:
    place = folder.parent
    listing, events = recordings(folder, "atis", sensor=SENSOR, faults="refuse", place=place)
    testing = held_out(listing.labels, share=0.4, how="last")
    return frame_set("pets", listing, events, framing, testing=testing, origin="published")


@pytest.mark.parametrize("by", ["count", "time"])
def test_a_set_holds_the_frames_of_its_files(folder: Path, by: str) -> None:
    found = loaded(folder, replace(FRAMING, by=by))  # type: ignore[arg-type]
    build = {"count": by_count, "time": by_time}[by]
    expected = [build(events_of(rows(n)), 4, sensor=SENSOR, side=8) for n in range(5)]
    assert found.class_names == ("cat", "dog")
    assert np.array_equal(found.train_images.numpy(), np.stack([expected[n] for n in (0, 1, 3)]))
    assert np.array_equal(found.test_images.numpy(), np.stack([expected[n] for n in (2, 4)]))
    assert found.train_labels.tolist() == [0, 0, 1]
    assert found.test_labels.tolist() == [0, 1]
    assert found.train_images.dtype == torch.int16


def test_a_second_reading_takes_the_cache_and_another_file_a_new_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, file = loaded(folder), folder / "cat" / "1.bin"
    with monkeypatch.context() as without_reader:
        refuse = Format(".bin", lambda *_: pytest.fail("was decoded again"))
        without_reader.setattr(load, "FORMATS", {"atis": refuse})
        assert loaded(folder).sha256 == first.sha256
    same_size = atis_bytes(rows(7))
    assert len(same_size) == file.stat().st_size
    written = file.stat().st_mtime_ns
    file.write_bytes(same_size)
    os.utime(file, ns=(written + 1, written + 1))  # the clock of some disks stands for a while
    second = loaded(folder)
    assert second.sha256 != first.sha256
    file.write_bytes(atis_bytes(rows(7)[:-1]))
    os.utime(file, ns=(written + 1, written + 1))
    assert loaded(folder).sha256 != second.sha256


def test_a_faulty_file_stops_the_set_or_is_counted(folder: Path) -> None:
    bad = folder / "dog" / "2.bin"
    bad.write_bytes(atis_bytes([(1, 1, n, 0) for n in range(300)]) + b"\0")
    with pytest.raises(HarnessError, match="byte 1500"):
        loaded(folder)
    listing, events = recordings(folder, "atis", sensor=SENSOR, faults="skip", place=folder.parent)
    testing = held_out(listing.labels, share=0.4, how="last")
    found = frame_set("pets", listing, events, FRAMING, testing=testing, origin="published")
    assert found.skipped == {"cut short": 1}


def test_a_pixel_beyond_int16_is_an_error(folder: Path) -> None:
    (folder / "cat" / "1.bin").write_bytes(atis_bytes([(1, 1, 5, 0)]) * 32_768)
    with pytest.raises(HarnessError, match=r"cat/1.bin: event frames: more events in one pixel"):
        loaded(folder)


def test_framed_takes_recordings_in_the_order_asked_for(folder: Path) -> None:
    _, events = recordings(folder, "atis", sensor=SENSOR, faults="refuse", place=folder.parent)
    forth, back = framed(events, [0, 3], FRAMING), framed(events, [3, 0], FRAMING)
    assert torch.equal(forth.flip(0), back)


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        ({"frames": 0}, "at least 1 frame"),
        ({"side": 10}, "do not halve twice"),
        ({"by": "tiem"}, "did you mean 'time'"),
    ],
)
def test_a_framing_that_makes_no_input_is_refused(choice: dict[str, int], problem: str) -> None:
    with pytest.raises(HarnessError, match=problem):
        replace(FRAMING, **choice)  # type: ignore[arg-type]


def test_an_unknown_format_names_the_known_ones(folder: Path) -> None:
    with pytest.raises(HarnessError, match="aedat2, atis"):
        recordings(folder, "hdf5", sensor=SENSOR, faults="refuse", place=folder)
