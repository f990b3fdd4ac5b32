"""Archives: what is published is unpacked, what is hostile or damaged is refused whole."""

from __future__ import annotations

import shutil
import stat
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engine.data.archive import unzip
from harness.errors import HarnessError
from tests.engine.data.events.made import damage

GOOD = {"cat/c_0.aedat": b"first", "cat/c_1.aedat": b"second"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "cat.zip"


def pack(archive: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("cat/", b"")
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (modes or {}).get(name, 0) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(member, content)


def unpack(archive: Path, max_bytes: int = 1000) -> Path:
    target = archive.parent / "set" / "cat"
    return unzip(archive, target, folder="cat", suffix=".aedat", max_bytes=max_bytes)


def refused(archive: Path, max_bytes: int = 1000) -> str:
    """The error; nothing is left behind."""
    with pytest.raises(HarnessError) as caught:
        unpack(archive, max_bytes)
    assert [p for p in (archive.parent / "set").iterdir() if p.suffix != ".lock"] == []
    return str(caught.value)


def test_recordings_are_unpacked_and_the_rest_is_passed_over(archive: Path) -> None:
    pack(archive, GOOD | {"cat/readme.txt": b"x", "__MACOSX/cat/._c_0.aedat": b"x"})
    target = unpack(archive)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        "c_0.aedat": b"first",
        "c_1.aedat": b"second",
    }
    archive.unlink()
    assert unpack(archive) == target  # what is there is not unpacked again


@pytest.mark.parametrize(
    "name", ["../c.aedat", "/c.aedat", "cat/../../c.aedat", "dog/c.aedat", "cat\\..\\c.aedat", "c"]
)
def test_a_path_outside_the_target_is_refused(archive: Path, name: str) -> None:
    pack(archive, GOOD | {name: b"x"})
    assert "lies outside cat/" in refused(archive)
    assert not list(archive.parent.glob("*.aedat"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_is_refused(archive: Path, kind: int) -> None:
    pack(archive, GOOD | {"cat/l.aedat": b"/etc/passwd"}, {"cat/l.aedat": kind | 0o777})
    assert "neither a file nor a folder" in refused(archive)


@pytest.mark.parametrize("name", ["cat/.hidden.aedat", "cat/c:stream.aedat"])
def test_a_name_that_no_recording_has_is_refused(archive: Path, name: str) -> None:
    pack(archive, GOOD | {name: b"x"})
    assert "no name of a recording" in refused(archive)


def test_a_bomb_is_refused_before_it_goes_off(archive: Path) -> None:
    pack(archive, {"cat/c_0.aedat": bytes(2000)})
    assert "unpacks to more than 1,000 bytes" in refused(archive)


def test_a_size_that_is_lied_about_is_refused(archive: Path) -> None:
    pack(archive, {"cat/c_0.aedat": bytes(5000)})
    size, lie = (5000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    content = archive.read_bytes()
    assert content.count(size) >= 2
    archive.write_bytes(content.replace(size, lie))
    refused(archive)


def test_a_damaged_archive_is_refused(archive: Path) -> None:
    pack(archive, {"cat/c_0.aedat": bytes(range(256))})
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    assert "not a whole .zip" in refused(archive)
    changed = bytearray(content)
    changed[content.index(bytes(range(20, 40)))] ^= 1
    archive.write_bytes(changed)
    assert "not a whole .zip" in refused(archive)


def test_an_archive_of_something_else_is_refused(archive: Path) -> None:
    pack(archive, {"cat/readme.txt": b"x"})
    assert "holds no cat/…" in refused(archive)


def test_a_name_that_stands_twice_and_a_file_that_is_also_a_folder_are_refused(
    archive: Path,
) -> None:
    with zipfile.ZipFile(archive, "w") as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, while writing
        out.writestr("cat/c_0.aedat", b"first")
        out.writestr("cat/c_0.aedat", b"second")
    assert "cannot be unpacked" in refused(archive)
    pack(archive, {"cat/c.aedat": b"x", "cat/c.aedat/d.aedat": b"x"})
    assert "cannot be unpacked" in refused(archive)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damaged_archive_is_unpacked_whole_or_refused(
    archive: Path, data: st.DataObject
) -> None:
    """Whatever bytes have changed: a file comes out as it went in, or nothing comes out at all."""
    pack(archive, GOOD)
    archive.write_bytes(data.draw(damage(st.just(archive.read_bytes()))))
    try:
        target = unpack(archive)
    except HarnessError as error:
        assert str(archive) in error.where
    else:
        found = {path.relative_to(target.parent).as_posix() for path in target.rglob("*.aedat")}
        assert found
        for path in target.rglob("*"):
            assert path.is_dir() or path.read_bytes() in GOOD.values()
        shutil.rmtree(target)
    assert {path.name for path in archive.parent.iterdir()} <= {"cat.zip", "set"}
    assert [p for p in (archive.parent / "set").iterdir() if p.suffix != ".lock"] == []
