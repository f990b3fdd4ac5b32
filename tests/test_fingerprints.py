"""The fingerprint of files is theirs, whatever was found of them before."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

import harness.fingerprints as subject
from harness.errors import HarnessError
from harness.fingerprints import fingerprint


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def folder_with(tmp_path: Path, *names: str, age_s: int = 60) -> Path:
    folder = tmp_path / "data"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 9)
    return folder


def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose bytes are hashed from now on; a clock far ahead makes none of them young."""
    read: list[str] = []
    digest = subject.hashlib.file_digest

    def spied(file: object, name: str) -> object:
        read.append(Path(file.name).name if isinstance(file.name, str) else "?")  # type: ignore[attr-defined]
        return digest(file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(subject.hashlib, "file_digest", spied)
    monkeypatch.setattr(subject.time, "time_ns", lambda: 1 << 62)
    return read


def test_of_a_file_it_is_its_sha256_and_of_a_folder_that_of_its_sums(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "b/2", "a/1")
    assert fingerprint(folder / "a/1") == f"sha256:{sha256(b'a/1' * 9).hexdigest()}"
    sums = subprocess.run(["sha256sum", "a/1", "b/2"], cwd=folder, capture_output=True, check=True)
    assert fingerprint(folder, ["b/2", "a/1"]) == f"sha256:{sha256(sums.stdout).hexdigest()}"


def test_names_contents_and_which_file_has_which_matter(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "a/1", "b/1")
    before = fingerprint(folder, ["a/1", "b/1"])
    (folder / "a").rename(folder / "c")
    assert fingerprint(folder, ["b/1", "c/1"]) != before
    (folder / "b").rename(folder / "a")
    (folder / "c").rename(folder / "b")  # each under the name of the other, times and sizes kept
    assert fingerprint(folder, ["a/1", "b/1"]) != before


def test_what_has_not_changed_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = folder_with(tmp_path, "1", "2"), ["1", "2"]
    read = read_files(monkeypatch)
    first = fingerprint(folder, names)
    assert len(read) == 2
    assert fingerprint(folder, names) == first and len(read) == 2
    state = (folder / "1").stat()
    (folder / "1").write_bytes(b"1" * 8 + b"X")  # same size, and its time is put back
    os.utime(folder / "1", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert fingerprint(folder, names) != first and len(read) == 3


def test_a_young_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_with(tmp_path, "1")
    read = read_files(monkeypatch)
    monkeypatch.setattr(subject.time, "time_ns", lambda: (folder / "1").stat().st_mtime_ns + 9)
    fingerprint(folder / "1")
    fingerprint(folder / "1")
    assert len(read) == 2


@pytest.mark.parametrize("note", [b"{", b"[1]", b'{"1": 3}', b'{"1": [9, 9]}', b"\xff"])
def test_broken_notes_are_passed_over(tmp_path: Path, own_cache: Path, note: bytes) -> None:
    folder = folder_with(tmp_path, "1")
    os.utime(folder / "1", (1, 1))
    before = fingerprint(folder / "1")
    for path in own_cache.rglob("*.json"):
        path.write_bytes(note)
    assert fingerprint(folder / "1") == before


def test_without_a_place_for_notes_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path, "1")
    before = fingerprint(folder / "1")
    monkeypatch.setattr(subject, "own_cache", lambda: None)
    assert fingerprint(folder / "1") == before


def test_what_is_no_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "absent", "."):
        with pytest.raises(HarnessError, match="cannot be read"):
            fingerprint(tmp_path, [name])
