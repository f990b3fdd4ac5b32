"""The 40-bit format: bytes against its definition, wraps, and every fault with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engine.data.events.formats import decode_atis, read_atis, write_atis
from harness.engine.data.events.recording import Sensor
from harness.errors import HarnessError
from tests.engine.data.events.made import Rows, atis_bytes, damage, events_of, recorded, rows_of

GOOD: Rows = [(1, 2, 5, 1), (255, 239, 5, 0), (0, 0, 8_388_607, 1)]
IN_ONE_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "image_0001.bin"


def test_bits_are_read_where_the_format_has_them(file: Path) -> None:
    file.write_bytes(bytes([0x96, 0x0A, 0b1000_0001, 0x02, 0x03, 0x00, 0xEF, 0x7F, 0xFF, 0xFF]))
    assert rows_of(read_atis(file)) == [(150, 10, 0x010203, 1), (0, 239, 0x7FFFFF, 0)]


@IN_ONE_FOLDER
@given(rows=recorded(256, 240, 23))
def test_what_is_written_is_the_format_and_is_read_back(file: Path, rows: Rows) -> None:
    write_atis(file, events_of(rows))
    assert file.read_bytes() == atis_bytes(rows)
    assert rows_of(read_atis(file)) == rows


def test_a_clock_that_starts_over_goes_on(file: Path) -> None:
    file.write_bytes(atis_bytes([(0, 0, 8_388_600, 0), (1, 0, 3, 0)]))
    assert read_atis(file)["t"].tolist() == [8_388_600, 2**23 + 3]


def test_an_overflow_of_the_cameras_clock_is_no_event_and_adds_its_length(file: Path) -> None:
    file.write_bytes(atis_bytes([(1, 1, 7, 1), (0, 240, 0, 0), (2, 2, 9, 1), (3, 3, 10, 0)]))
    assert rows_of(read_atis(file)) == [(1, 1, 7, 1), (2, 2, 8201, 1), (3, 3, 8202, 0)]


@pytest.mark.parametrize(
    ("content", "place", "problem", "skipped"),
    [
        (atis_bytes(GOOD)[:-1], 10, "ends in 4 of the 5 bytes of an event", "cut short"),
        (atis_bytes(GOOD) + b"\0", 15, "ends in 1 of the 5 bytes", "cut short"),
        (atis_bytes([*GOOD[:2], (7, 241, 9, 1)]), 10, r"pixel \(7, 241\)", "outside the sensor"),
        (atis_bytes([(0, 0, 90, 1), (0, 0, 80, 1)]), 5, "back by 10 µs", "out of order"),
    ],
)
def test_a_fault_is_named_with_its_byte_or_skipped_with_a_count(
    file: Path, content: bytes, place: int, problem: str, skipped: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(HarnessError, match=problem) as caught:
        read_atis(file)
    assert caught.value.where == f"{file}: byte {place}"
    few = atis_bytes([(3, 3, 1, 0)] * 200)
    if skipped == "cut short":
        file.write_bytes(few + content[-(len(content) % 5) :])
    else:
        file.write_bytes(few + content)
    found = decode_atis(file, faults="skip")
    assert found.skipped == {skipped: 1}
    assert len(found.events) == len(file.read_bytes()) // 5 - (skipped != "cut short")


def test_too_many_faults_are_no_damage_but_another_format(file: Path) -> None:
    file.write_bytes(atis_bytes([(0, 0, 5, 1)] * 98 + [(0, 241, 5, 1)] * 2))
    with pytest.raises(HarnessError, match="2 outside the sensor of 100 events: too many"):
        decode_atis(file, faults="skip")


@pytest.mark.parametrize("content", [b"", atis_bytes([(0, 240, 5, 0)])])
@pytest.mark.parametrize("faults", ["refuse", "skip"])
def test_a_recording_without_events_is_an_error(file: Path, content: bytes, faults: str) -> None:
    file.write_bytes(content)
    with pytest.raises(HarnessError, match="holds no events"):
        decode_atis(file, faults=faults)  # type: ignore[arg-type]


def test_the_sensor_bounds_the_pixels(file: Path) -> None:
    file.write_bytes(atis_bytes([(33, 33, 1, 0), (34, 0, 2, 0)]))
    with pytest.raises(HarnessError, match=r"byte 5.*pixel \(34, 0\): outside the sensor of 34x34"):
        read_atis(file, sensor=Sensor(34, 34))
    assert len(read_atis(file)) == 2


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be read"):
        read_atis(tmp_path / "none.bin")
    with pytest.raises(HarnessError, match="cannot be read"):
        read_atis(tmp_path)
    with pytest.raises(HarnessError, match="is no file"):
        read_atis("/dev/zero")  # has no end


@IN_ONE_FOLDER
@given(content=st.binary(max_size=300), skip=st.booleans())
def test_any_bytes_are_events_or_an_error(file: Path, content: bytes, skip: bool) -> None:
    require_events_or_an_error(file, content, skip)


@IN_ONE_FOLDER
@given(content=damage(recorded(256, 240, 23).map(atis_bytes)), skip=st.booleans())
def test_a_damaged_recording_is_events_or_an_error(file: Path, content: bytes, skip: bool) -> None:
    require_events_or_an_error(file, content, skip)


def require_events_or_an_error(file: Path, content: bytes, skip: bool) -> None:
    """Each record is an event, a marker of the clock, or counted as skipped."""
    file.write_bytes(content)
    try:
        found = decode_atis(file, faults="skip" if skip else "refuse")
    except HarnessError as error:
        assert error.where.startswith(f"{file}: byte ")
        return
    markers = sum(content[i + 1] == 240 for i in range(0, len(content) - 4, 5))
    lost = sum(count for why, count in found.skipped.items() if why != "cut short")
    assert len(found.events) + markers + lost == len(content) // 5
    assert (found.events["t"][1:] >= found.events["t"][:-1]).all()
    assert found.events["y"].max() < 240


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "no events to write"),
        ([(256, 0, 0, 0)], "outside the 256x240 pixels"),
        ([(0, 240, 0, 0)], "outside the 256x240 pixels"),
        ([(0, 0, 2, 0), (0, 0, 1, 0)], "out of order"),
        ([(0, 0, 2**23, 0)], "not on the clock's first round"),
        ([(0, 0, 0, 0), (0, 0, 2**22, 0), (0, 0, 2**23, 0)], "a silence of 4,194,304 µs"),
    ],
)
def test_what_the_format_cannot_say_is_not_written(file: Path, rows: Rows, problem: str) -> None:
    with pytest.raises(HarnessError, match=problem):
        write_atis(file, events_of(rows))
    assert not file.exists()


def test_genuine_recordings_read_and_written_give_the_same_bytes(file: Path) -> None:
    folder = os.environ.get("HARNESS_TEST_EVENTS")
    if not folder:
        pytest.skip("HARNESS_TEST_EVENTS names no folder of genuine 40-bit recordings")
    found = [path for path in Path(folder).rglob("*") if path.suffix in (".bin", ".bs2")]
    assert found
    for path in found:
        write_atis(file, read_atis(path))
        assert file.read_bytes() == path.read_bytes(), path
