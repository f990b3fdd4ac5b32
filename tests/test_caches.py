"""Compiled code is kept where this user alone can write, and nowhere else is a folder left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.caches import NAME, can_write, lend, own_cache


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home, in an empty folder; what is named below is not there yet."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def temporary(tmp_path: Path) -> Path:
    return tmp_path / "tmp" / f"{NAME}-{os.geteuid()}"


def test_the_cache_folder_of_the_user_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own_cache() == tmp_path / "home/.cache" / NAME
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert own_cache() == tmp_path / "xdg" / NAME


@pytest.mark.parametrize("home", ["none", "file", "~", ""])
def test_without_a_home_it_is_the_folder_for_temporary_files(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", home if home in ("~", "") else str(tmp_path / home))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be passed over, says its specification
    own = own_cache()
    if home or os.geteuid():  # with an empty home, root's cache is /.cache
        assert own == temporary(tmp_path)
        assert own.stat().st_mode & 0o777 == 0o700
    assert list(Path().iterdir()) == []


def test_a_home_that_takes_nothing_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/proc")  # nobody can make a folder there, not even root
    assert own_cache() == temporary(tmp_path)
    monkeypatch.setenv("TMPDIR", "/proc")
    assert own_cache() is None
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("of", ["a link", "others may write", "of another user"])
def test_a_folder_that_others_may_have_made_is_not_trusted(
    of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = temporary(tmp_path)
    place.parent.mkdir()
    if of == "a link":
        (tmp_path / "theirs").mkdir()
        place.symlink_to(tmp_path / "theirs")
    else:
        place.mkdir()
    if of == "others may write":
        place.chmod(0o777)
    if of == "of another user":
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        place.rename(temporary(tmp_path))
    assert own_cache() is None


def test_a_full_disk_is_not_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_write(tmp_path / "new" / "folder")
    if Path("/dev/full").exists():
        monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: open("/dev/full", "wb"))  # noqa: SIM115, PTH123
        assert not can_write(tmp_path)


def test_a_library_is_told_only_where_it_would_find_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend("MPLCONFIGDIR", "matplotlib")
    assert os.environ["MPLCONFIGDIR"] == str(temporary(tmp_path) / "matplotlib")
    monkeypatch.setenv("MPLCONFIGDIR", "theirs")
    lend("MPLCONFIGDIR", "matplotlib")
    assert os.environ["MPLCONFIGDIR"] == "theirs"
    monkeypatch.delenv("MPLCONFIGDIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    lend("MPLCONFIGDIR", "matplotlib")
    assert "MPLCONFIGDIR" not in os.environ
