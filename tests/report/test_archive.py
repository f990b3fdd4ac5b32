"""The archive of a report: the same bytes for the same files, readable."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from harness.report.publish import archive

FILES = {"report.html": b"<!doctype html>", "table1/frame.csv": b"a,b\n" * 1000}


def test_the_same_files_give_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = archive(FILES)
    later = time.time() + 86_400 * 400
    monkeypatch.setattr(time, "time", lambda: later)
    assert archive(dict(reversed(FILES.items()))) == first
    assert archive(FILES | {"report.html": b"other"}) != first


def test_it_unpacks_with_links_intact() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(FILES))) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == FILES
        assert all(entry.external_attr >> 16 == 0o100644 for entry in packed.infolist())
        assert packed.infolist()[1].compress_size < 100
