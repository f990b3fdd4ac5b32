"""Getting a published set: from a mirror, from a copy, or with words for what to do by hand."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from harness.engine.data.events.formats import FORMATS
from harness.engine.data.events.published import Archive, fetch_events
from harness.engine.data.events.recording import Sensor
from harness.errors import ExitCode, HarnessError
from tests.engine.data.events.made import aedat2_bytes, atis_bytes, rows_of
from tests.engine.data.mirror import Mirror

PAGE = "https://example.org/data set"


@pytest.fixture
def archive(tmp_path: Path, mirrors: list[Mirror]) -> Archive:
    """A class of recordings, which three mirrors have."""
    made = tmp_path / "made.zip"
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("cat/c_0.aedat", aedat2_bytes([(1, 2, 3, 1)]))
    for mirror in mirrors:
        mirror.content = made.read_bytes()
    checksum = "md5:" + hashlib.md5(mirrors[0].content, usedforsecurity=False).hexdigest()
    urls = tuple(mirror.url for mirror in mirrors)
    return Archive("cat.zip", checksum, urls, PAGE, "cat", "set/cat")


def test_a_missing_class_is_fetched_checked_and_unpacked(tmp_path: Path, archive: Archive) -> None:
    fetch_events([archive], tmp_path / "data", ".aedat")
    assert (tmp_path / "data/set/cat/c_0.aedat").read_bytes() == aedat2_bytes([(1, 2, 3, 1)])


def test_a_copy_made_by_hand_needs_no_mirror(
    tmp_path: Path, archive: Archive, mirrors: list[Mirror]
) -> None:
    (tmp_path / "set/cat").mkdir(parents=True)
    fetch_events([archive], tmp_path, ".aedat")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/cat.zip").write_bytes(mirrors[0].content)
    fetch_events([archive], tmp_path / "other", ".aedat")
    assert (tmp_path / "other/set/cat/c_0.aedat").exists()
    assert [mirror.requests for mirror in mirrors] == [[], [], []]


def test_hosts_that_refuse_leave_words_for_doing_it_by_hand(
    tmp_path: Path, archive: Archive, mirrors: list[Mirror]
) -> None:
    mirrors[0].status, mirrors[1].status = 202, 403
    mirrors[2].content = b"<!doctype html><title>click here</title>"
    with pytest.raises(HarnessError) as caught:
        fetch_events([archive], tmp_path, ".aedat")
    text = str(caught.value)
    for part in (
        "answered 202",
        "answered 403",
        "answered with an HTML page",
        f"get cat.zip ({archive.checksum}) by hand and put it at {tmp_path / 'cat.zip'}",
        f"it is offered at {PAGE}",
    ):
        assert part in text
    assert caught.value.code == ExitCode.RUN_FAILED
    assert not (tmp_path / "set").exists()


def test_a_copy_with_another_checksum_is_refused(tmp_path: Path, archive: Archive) -> None:
    (tmp_path / "cat.zip").write_bytes(b"another")
    with pytest.raises(HarnessError, match=r"checksum is md5:.*, published is md5:"):
        fetch_events([archive], tmp_path, ".aedat")


def test_each_format_gives_upright_events(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(atis_bytes([(1, 2, 3, 1)]))
    assert rows_of(FORMATS["atis"].decode(file, Sensor(34, 34), "refuse").events) == [(1, 2, 3, 1)]
    file.write_bytes(aedat2_bytes([(1, 2, 3, 1)]))
    found = FORMATS["aedat2"].decode(file, Sensor(128, 128), "refuse")
    assert rows_of(found.events) == [(125, 126, 3, 1)]
    with pytest.raises(HarnessError, match="128x128 pixels, not 34x34"):
        FORMATS["aedat2"].decode(file, Sensor(34, 34), "refuse")
