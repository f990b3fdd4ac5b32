"""Writes replace a file whole; errors of the system name the path and what helps."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from harness.errors import ExitCode, HarnessError
from harness.files import (
    contents,
    discard,
    disk_bytes,
    os_errors,
    sha256_of,
    write_durably,
)


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free space"),
        (errno.EDQUOT, "free space"),
        (errno.EROFS, "writable"),
        (errno.EACCES, "writable"),
        (errno.EXDEV, "one file system"),
        (errno.EIO, ""),
    ],
)
def test_a_system_error_names_path_and_remedy(number: int, hint: str) -> None:
    with pytest.raises(HarnessError) as caught, os_errors(Path("elsewhere")):
        raise OSError(number, os.strerror(number), "/store/file")
    assert caught.value.where == "/store/file"
    assert caught.value.problem == os.strerror(number)
    assert hint in caught.value.hint
    assert caught.value.code is ExitCode.RUN_FAILED


def test_an_error_without_path_gets_the_place() -> None:
    with pytest.raises(HarnessError, match=r"^place: "), os_errors(Path("place")):
        raise OSError(errno.EIO, "broken")


def test_a_write_that_fails_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_contents_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"12")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "b" / "file")
    os.mkfifo(tmp_path / "pipe")
    found = contents(tmp_path)
    assert list(found.files) == ["a/b/file"]
    assert {path.name for path in found.odd} == {"up", "link", "pipe"}
    assert found.folders == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


def test_a_checksum_is_of_a_plain_file_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert sha256_of(path, sync=True) == (hashlib.sha256(b"content").hexdigest(), 7)
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=r"plain|symbolic"):
            sha256_of(tmp_path / name)


def test_discard_removes_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"123")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert disk_bytes(tmp_path / "kept") == 3
    discard(tmp_path / "link")
    assert disk_bytes(tmp_path / "kept") == 3
    discard(tmp_path / "kept")
    discard(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
    assert disk_bytes(tmp_path / "kept") == 0
