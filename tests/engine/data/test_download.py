"""Fetching from mirrors that work, that break off, and that send something else."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from pathlib import Path

import pytest

from harness.engine.data.checksums import layout
from harness.engine.data.download import fetch, fetch_cifar
from harness.errors import ExitCode, HarnessError
from tests.engine.data.mirror import Mirror


def sha(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Case:
    """One file to fetch from some mirrors into a fresh folder."""

    def __init__(self, folder: Path, content: bytes, hosts: list[Mirror]) -> None:
        self.target = folder / "new folder" / "file.bin"
        self.part = self.target.with_name("file.bin.part")
        self.content, self.hosts = content, hosts

    def fetch(self, *hosts: int, max_bytes: int = 2_000_000, checksum: str = "") -> Path:
        return fetch(
            [self.hosts[n].url for n in hosts],
            self.target,
            checksum=checksum or sha(self.content),
            max_bytes=max_bytes,
            timeout_s=5.0,
        )

    def refused(self, *hosts: int, max_bytes: int = 2_000_000) -> str:
        """The error's text; nothing was published."""
        with pytest.raises(HarnessError) as caught:
            self.fetch(*hosts, max_bytes=max_bytes)
        assert caught.value.code == ExitCode.RUN_FAILED
        assert not self.target.exists()
        return str(caught.value)

    def put_part(self, content: bytes) -> None:
        self.part.parent.mkdir()
        self.part.write_bytes(content)


@pytest.fixture
def case(tmp_path: Path, content: bytes, mirrors: list[Mirror]) -> Case:
    return Case(tmp_path, content, mirrors)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_first_mirror_that_works_gives_the_file(case: Case, chunked: bool) -> None:
    case.hosts[0].chunked = chunked
    assert case.fetch(0, 1) == case.target
    assert case.target.read_bytes() == case.content
    assert not case.part.exists()
    assert case.hosts[1].requests == []


def test_a_file_that_is_there_is_not_fetched_again(case: Case) -> None:
    case.fetch(0)
    case.fetch(0)
    assert len(case.hosts[0].requests) == 1


def test_md5_serves_too(case: Case) -> None:
    md5 = "md5:" + hashlib.md5(case.content, usedforsecurity=False).hexdigest()
    assert case.fetch(0, checksum=md5).read_bytes() == case.content


def test_progress_counts_up_to_the_size_that_the_host_states(case: Case) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch(
        [case.hosts[0].url],
        case.target,
        checksum=sha(case.content),
        max_bytes=2_000_000,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (1_000_000, 1_000_000)


def test_after_a_cut_the_next_mirror_continues(case: Case) -> None:
    case.hosts[0].cut_after = 400_000
    case.fetch(0, 1)
    assert case.target.read_bytes() == case.content
    assert case.hosts[1].requests == ["bytes=400000-"]


def test_after_a_cut_a_later_call_continues(case: Case) -> None:
    case.hosts[0].cut_after = 400_000
    assert "broke off after 400,000 of 1,000,000 bytes" in case.refused(0)
    assert case.part.stat().st_size == 400_000
    case.hosts[0].cut_after = None
    case.fetch(0)
    assert case.hosts[0].requests == [None, "bytes=400000-"]
    assert case.target.read_bytes() == case.content


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_mirror_that_drips_is_left_for_the_next(case: Case, where: str) -> None:
    """Each byte comes long before a timeout of the socket, and the file would never be there."""
    case.hosts[0].drips = where
    hosts = [host.url for host in case.hosts]
    fetch(hosts, case.target, checksum=sha(case.content), max_bytes=2_000_000, timeout_s=0.3)
    assert case.target.read_bytes() == case.content
    assert len(case.hosts[0].requests) == len(case.hosts[1].requests) == 1


def test_a_mirror_without_ranges_starts_again(case: Case) -> None:
    case.put_part(case.content[:1234])
    case.hosts[0].ranges = False
    case.fetch(0)
    assert case.target.read_bytes() == case.content
    assert case.hosts[0].requests == ["bytes=1234-"]  # one answer was enough


def test_a_part_that_is_complete_needs_no_mirror(case: Case) -> None:
    case.put_part(case.content)
    case.fetch(0)
    assert case.target.read_bytes() == case.content
    assert case.hosts[0].requests == []


@pytest.mark.parametrize("length", [5_000, 1_000_000, 1_500_000])
def test_a_part_of_another_file_is_given_up(case: Case, length: int) -> None:
    case.put_part(bytes(length))
    case.fetch(0)
    assert case.target.read_bytes() == case.content


def test_a_wrong_checksum_is_refused_and_the_next_mirror_starts_fresh(case: Case) -> None:
    case.hosts[0].content = bytes(1000)
    case.fetch(0, 1)
    assert case.hosts[1].requests == [None]
    assert case.target.read_bytes() == case.content


def test_every_mirrors_fault_is_listed_with_what_to_do(case: Case) -> None:
    case.hosts[0].content = bytes(1000)
    case.hosts[1].content_type = "text/html; charset=utf-8"
    case.hosts[2].status = 202
    text = case.refused(0, 1, 2)
    for part in (
        f"{case.hosts[0].url}: checksum is {sha(bytes(1000))}, published is {sha(case.content)}",
        f"{case.hosts[1].url}: answered with an HTML page",
        f"{case.hosts[2].url}: answered 202 Accepted",
        f"get file.bin ({sha(case.content)}) by hand and put it at {case.target}",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("status", "answer"), [(403, "403 Forbidden"), (404, "404 Not Found"), (503, "503 Service")]
)
def test_a_status_other_than_ok_is_refused(case: Case, status: int, answer: str) -> None:
    case.hosts[0].status = status
    assert f"answered {answer}" in case.refused(0)


def test_html_is_recognised_whatever_it_is_called(case: Case) -> None:
    case.hosts[0].content = b"\n <!DOCTYPE html><title>log in</title>"
    assert "answered with an HTML page" in case.refused(0)


def test_a_dead_mirror_is_passed_over(case: Case) -> None:
    case.hosts[0].url = "http://127.0.0.1:1/file.bin"
    assert "cannot be reached" in case.refused(0)
    case.fetch(0, 1)
    assert case.target.read_bytes() == case.content


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/f", "nonsense", "http://"])
def test_what_is_no_http_address_is_not_opened(case: Case, url: str) -> None:
    case.hosts[0].url = url
    assert "not an http address" in case.refused(0) or "cannot be reached" in case.refused(0)


def test_too_much_is_refused_whether_it_is_announced_or_not(case: Case) -> None:
    text = case.refused(0, max_bytes=999_999)
    assert "sends 1,000,000 bytes, at most 999,999 are expected" in text
    case.hosts[0].chunked = True
    assert "sends more than the 999,999 bytes expected" in case.refused(0, max_bytes=999_999)
    assert not case.part.exists()


def test_a_range_that_was_not_asked_for_is_refused(case: Case) -> None:
    case.put_part(case.content[:100])
    case.hosts[0].ranges = False
    case.hosts[0].status = 206
    assert "asked for the bytes from 100 on, it sent 'others'" in case.refused(0)


def test_no_mirror_at_all_is_said(case: Case) -> None:
    assert "no mirror given" in case.refused()


def test_another_file_in_the_way_is_kept_and_named(case: Case) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(b"mine")
    with pytest.raises(HarnessError, match="move it away"):
        case.fetch(0)
    assert case.target.read_bytes() == b"mine"


def test_two_at_once_fetch_it_once(case: Case) -> None:
    threads = [threading.Thread(target=case.fetch, args=(0,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert case.target.read_bytes() == case.content
    assert len(case.hosts[0].requests) == 1


def test_a_folder_that_cannot_be_made_is_an_error_of_the_users(case: Case, tmp_path: Path) -> None:
    (tmp_path / "new folder").write_text("a file where the folder should be")
    with pytest.raises(HarnessError, match="cannot be written"):
        case.fetch(0)


def test_a_cifar_archive_is_fetched_and_unpacked_once(
    tmp_path: Path, mirrors: list[Mirror]
) -> None:
    files, packed = layout("cifar100"), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in files.files:
            info = tarfile.TarInfo(f"{files.folder}/{name}")
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
    mirrors[0].content = packed.getvalue()
    for _ in range(2):
        folder = fetch_cifar("cifar100", tmp_path, [mirrors[0].url], sha(packed.getvalue()))
        assert folder == tmp_path / files.folder
        assert (folder / "train").read_text() == "train"
    assert len(mirrors[0].requests) == 1
