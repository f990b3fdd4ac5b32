"""AEDAT 2.0: bytes against its definition, header, wrap of the clock, and every fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engine.data.events.formats import decode_aedat2, read_aedat2, upright, write_aedat2
from harness.errors import HarnessError
from tests.engine.data.events.made import (
    HEADER,
    Rows,
    aedat2_bytes,
    damage,
    events_of,
    recorded,
    rows_of,
)

GOOD: Rows = [(1, 2, 5, 1), (127, 0, 5, 0), (0, 127, 4_000_000, 1)]
IN_ONE_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cifar10_cat_0.aedat"


def test_bits_are_read_where_the_format_has_them(file: Path) -> None:
    file.write_bytes(HEADER + bytes.fromhex("00000d0a 00000102 00007fff ffffffff"))
    assert rows_of(read_aedat2(file)) == [(5, 13, 0x102, 1), (127, 127, 2**32 - 1, 0)]


@IN_ONE_FOLDER
@given(rows=recorded(128, 128, 32))
def test_what_is_written_is_the_format_and_is_read_back(file: Path, rows: Rows) -> None:
    write_aedat2(file, events_of(rows), comments=("This is a raw AE data file",))
    header = b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n"
    assert file.read_bytes() == aedat2_bytes(rows, header)
    assert rows_of(read_aedat2(file)) == rows


def test_a_clock_that_starts_over_goes_on(file: Path) -> None:
    file.write_bytes(aedat2_bytes([(0, 0, 2**32 - 2, 0), (1, 0, 3, 0), (2, 0, 9, 1)]))
    assert read_aedat2(file)["t"].tolist() == [2**32 - 2, 2**32 + 3, 2**32 + 9]


def test_signals_from_outside_are_no_events(file: Path) -> None:
    signal = bytes.fromhex("00008000 00000006")
    file.write_bytes(aedat2_bytes(GOOD[:1]) + signal + aedat2_bytes(GOOD[1:], b""))
    found = decode_aedat2(file)
    assert rows_of(found.events) == GOOD
    assert found.skipped == {}


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_the_header_ends_with_its_last_line(file: Path, ending: bytes) -> None:
    lines = [b"#!AER-DAT2.0", b"# created Mon", b"#", b"#End Of ASCII Header"]
    file.write_bytes(aedat2_bytes(GOOD, b"".join(line + ending for line in lines)))
    assert rows_of(read_aedat2(file)) == GOOD


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        (b"", 0, "is empty"),
        (b"#!AER-DAT3.1\r\n", 0, "does not begin with #!AER-DAT2.0 .*AER-DAT3.1"),
        (aedat2_bytes(GOOD, b""), 0, "does not begin with"),
        (b"#!AER-DAT2.0", 0, "a header line that does not end"),
        (b"#!AER-DAT2.0\r\n# no end", 14, "a header line that does not end"),
        (HEADER, 47, "holds no events"),
        (HEADER + b"# " + b"x" * 70_000 + b"\n", 47, "a header line that does not end"),
        (HEADER + b"#\n" * 40_000, 65_535, "a header line that does not end"),
        (aedat2_bytes(GOOD)[:-3], 63, "ends in 5 of the 8 bytes"),
        (aedat2_bytes(GOOD[:1]) + b"\0\1\0\0" + bytes(4), 55, "bits beyond those of a sensor"),
        (aedat2_bytes([GOOD[2], GOOD[0]]), 55, "back by 3,999,995 µs"),
    ],
)
def test_a_fault_is_named_with_its_byte(
    file: Path, content: bytes, place: int, problem: str
) -> None:
    assert len(HEADER) == 47
    file.write_bytes(content)
    with pytest.raises(HarnessError, match=problem) as caught:
        read_aedat2(file)
    assert caught.value.where == f"{file}: byte {place}"


def test_what_is_no_file_is_an_error(file: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be read"):
        read_aedat2(file)
    file.mkdir()
    with pytest.raises(HarnessError, match="cannot be read"):
        read_aedat2(file)


def test_faults_are_skipped_with_a_count_by_reason(file: Path) -> None:
    rows: Rows = [(n % 128, 3, 1000 + n, 0) for n in range(500)]
    late = aedat2_bytes([(9, 9, 999, 0)], b"")
    file.write_bytes(aedat2_bytes(rows) + b"\x80\0\0\0" + bytes(4) + late + b"\0\0")
    found = decode_aedat2(file, faults="skip")
    assert rows_of(found.events) == rows
    assert found.skipped == {"cut short": 1, "outside the sensor": 1, "out of order": 1}


def test_upright_swaps_and_mirrors_both_axes() -> None:
    assert rows_of(upright(events_of([(0, 0, 1, 0), (3, 120, 2, 1)]))) == [
        (127, 127, 1, 0),
        (7, 124, 2, 1),
    ]


@IN_ONE_FOLDER
@given(content=st.binary(max_size=300), header=st.sampled_from([HEADER, b"#!AER-DAT2.0\r\n", b""]))
def test_any_bytes_are_events_or_an_error(file: Path, content: bytes, header: bytes) -> None:
    file.write_bytes(header + content)
    require_events_or_an_error(file, len(content) // 8)


@IN_ONE_FOLDER
@given(damaged=damage(recorded(128, 128, 32).map(aedat2_bytes)))
def test_a_damaged_recording_is_events_or_an_error(file: Path, damaged: bytes) -> None:
    file.write_bytes(damaged)
    require_events_or_an_error(file, len(damaged) // 8)


def require_events_or_an_error(file: Path, most: int) -> None:
    for faults in ("refuse", "skip"):
        try:
            found = decode_aedat2(file, faults=faults)  # type: ignore[arg-type]
        except HarnessError as error:
            assert error.where.startswith(f"{file}: byte ")
            continue
        assert 0 < len(found.events) <= most
        assert (found.events["t"][1:] >= found.events["t"][:-1]).all()
        assert found.events["x"].max() < 128
        assert found.events["y"].max() < 128
        assert faults == "skip" or not found.skipped


def test_a_comment_that_would_end_the_header_is_refused(file: Path) -> None:
    with pytest.raises(HarnessError, match="one line of ASCII"):
        write_aedat2(file, events_of(GOOD), comments=("two\nlines",))
    with pytest.raises(HarnessError, match="outside the 128x128 pixels"):
        write_aedat2(file, events_of([(128, 0, 0, 0)]))
