"""Unpacking: the files of the set, and no others, from archives good and bad."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from harness.engine.data.archive import MOST_MEMBERS, unpack
from harness.engine.data.checksums import LAYOUTS
from harness.errors import HarnessError

FILES = LAYOUTS["cifar10"]


def member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def write(archive: Path, *extra: tarfile.TarInfo, leave_out: str = "", prefix: str = "") -> None:
    """An archive as published, with `extra` members at its end."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member(prefix + FILES.folder, kind=tarfile.DIRTYPE))
        for file in (*FILES.files, "readme.html"):
            if file != leave_out:
                info = member(f"{prefix}{FILES.folder}/{file}")
                info.size = len(file)
                tar.addfile(info, io.BytesIO(file.encode()))
        for info in extra:
            tar.addfile(info, io.BytesIO(bytes(info.size)))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / FILES.archive


def left_behind(archive: Path) -> set[str]:
    """What lies in the data directory beside the archive and the lock; the same for its parent."""
    names = {path.name for path in archive.parent.iterdir()}
    return names - {archive.name, f".{FILES.folder}.lock"} | {
        path.name for path in archive.parent.parent.iterdir() if path.name != "data"
    }


@pytest.mark.parametrize("prefix", ["", "./"])
def test_the_files_of_the_set_come_out_and_no_others(archive: Path, prefix: str) -> None:
    write(archive, prefix=prefix)
    folder = unpack(archive, FILES)
    assert folder == archive.parent / FILES.folder
    assert {path.name for path in folder.iterdir()} == set(FILES.files)
    assert (folder / "test_batch").read_text() == "test_batch"
    assert left_behind(archive) == {FILES.folder}


def test_a_folder_that_another_process_made_is_kept(archive: Path) -> None:
    write(archive)
    (archive.parent / FILES.folder).mkdir()
    assert not list(unpack(archive, FILES).iterdir())


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (member("../outside"), "'../outside', which lies outside"),
        (member("/etc/outside"), "'/etc/outside', which lies outside"),
        (member(f"{FILES.folder}/../../outside"), "which lies outside"),
        (member(f"{FILES.folder}\\..\\outside"), "which lies outside"),
        (member("other/file"), "'other/file', which lies outside"),
        (
            member(f"{FILES.folder}/a", kind=tarfile.SYMTYPE, link="/etc/passwd"),
            "neither a file nor a folder",
        ),
        (
            member(f"{FILES.folder}/a", kind=tarfile.LNKTYPE, link=f"{FILES.folder}/test_batch"),
            "neither a file nor a folder",
        ),
        (member(f"{FILES.folder}/a", kind=tarfile.CHRTYPE), "neither a file nor a folder"),
        (member(f"{FILES.folder}/a", kind=tarfile.FIFOTYPE), "neither a file nor a folder"),
    ],
)
def test_a_hostile_member_spoils_the_archive_and_leaves_nothing(
    archive: Path, extra: tarfile.TarInfo, message: str
) -> None:
    write(archive, extra)
    with pytest.raises(HarnessError, match=message.replace("\\", r"\\")):
        unpack(archive, FILES)
    assert left_behind(archive) == set()


def test_a_link_in_the_place_of_a_batch_is_refused(archive: Path) -> None:
    link = member(f"{FILES.folder}/test_batch", kind=tarfile.SYMTYPE, link="/etc/passwd")
    write(archive, link, leave_out="test_batch")
    with pytest.raises(HarnessError, match="neither a file nor a folder"):
        unpack(archive, FILES)


def test_too_large_a_file_is_refused_before_it_is_written(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.engine.data.archive.LARGEST_FILE", 100)
    large = member(f"{FILES.folder}/large")
    large.size = 101
    write(archive, large)
    with pytest.raises(HarnessError, match="large' of 101 bytes"):
        unpack(archive, FILES)


def test_too_many_members_are_refused(archive: Path) -> None:
    write(archive, *[member(f"{FILES.folder}/{n}") for n in range(MOST_MEMBERS)])
    with pytest.raises(HarnessError, match="more than 100 members"):
        unpack(archive, FILES)


def test_a_missing_file_is_named(archive: Path) -> None:
    write(archive, leave_out="data_batch_3")
    with pytest.raises(HarnessError, match="lacks cifar-10-batches-py/data_batch_3"):
        unpack(archive, FILES)
    assert left_behind(archive) == set()


def test_a_damaged_archive_is_an_error_wherever_it_ends(archive: Path) -> None:
    write(archive)
    whole = archive.read_bytes()
    for length in range(0, len(whole) - 20, 7):
        archive.write_bytes(whole[:length])
        with pytest.raises(HarnessError, match=r"not a whole .tar.gz|cannot be unpacked|lacks"):
            unpack(archive, FILES)
    assert left_behind(archive) == set()
