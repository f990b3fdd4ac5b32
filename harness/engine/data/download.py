"""Fetch a file from the first mirror that gives the right one; the standard library alone."""

from __future__ import annotations

import hashlib
import http.client
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from harness.engine.data.archive import unpack
from harness.engine.data.checksums import algorithm_of, checksum_of, layout
from harness.errors import ExitCode, HarnessError

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where the host says so

_BLOCK: Final = 1 << 18
_NETWORK_FAULTS: Final = (http.client.HTTPException, OSError, ValueError)
_HTML: Final = re.compile(rb"\s*<(!doctype\s+html|html|head)", re.IGNORECASE)


class Refused(Exception):
    """Why a mirror's answer is not the file; the next mirror is tried."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch: where to, its checksum ("md5:…", "sha256:…"), the transfer's bounds."""

    target: Path
    checksum: str
    max_bytes: int
    timeout_s: float  # without a byte from the host
    progress: Progress

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.target.with_name(self.target.name + ".part")


def transfer(mirror: str, wanted: Wanted) -> str:
    """Bring `wanted.part` to its end and return its checksum, computed while the bytes come.

    A host that ignores the Range header sends everything, so the part is begun anew; one that finds
    the range past the end (416) is asked again from the start. Raises `Refused` when the address
    cannot be opened, answers with another status than 200 or 206 or with an HTML page, breaks off,
    or sends more than `max_bytes`; OSError when the disk does.
    """
    digest = hashlib.new(algorithm_of(wanted.checksum, mirror), usedforsecurity=False)
    done = _read_part(wanted.part, digest.update)
    if _named(digest) == wanted.checksum:
        return wanted.checksum  # complete; the process was stopped before the rename
    try:
        answer = _open(mirror, done, wanted.timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
            raise Refused(f"answered {error.code} {error.reason}") from error
        wanted.part.unlink()
        return transfer(mirror, wanted)
    except _NETWORK_FAULTS as error:
        raise Refused(f"cannot be reached: {getattr(error, 'reason', error)}") from error
    with answer:
        if _starts_at(answer, done) == 0 and done:
            digest, done = hashlib.new(digest.name, usedforsecurity=False), 0
        _receive(answer, wanted, done, digest.update)
    return _named(digest)


def _read_part(part: Path, update: Callable[[bytes], None]) -> int:
    """Length of what has come so far; feeds it to the checksum."""
    done = 0
    if part.exists():
        with part.open("rb") as file:
            while block := file.read(_BLOCK):
                update(block)
                done += len(block)
    return done


def _open(mirror: str, done: int, timeout_s: float) -> http.client.HTTPResponse:
    if not mirror.startswith(("https://", "http://")):
        raise Refused("not an http address")
    headers = {"User-Agent": "Python-urllib (reproduction harness)", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    request = urllib.request.Request(mirror, headers=headers)  # noqa: S310 - checked above
    answer = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
    if not isinstance(answer, http.client.HTTPResponse):
        raise Refused("not an http address")
    return answer


def _starts_at(answer: http.client.HTTPResponse, done: int) -> int:
    """The byte at which the body begins: 0 or, where the host continues, `done`."""
    if answer.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
        raise Refused(f"answered {answer.status} {answer.reason}")
    if answer.headers.get_content_type() == "text/html":
        raise Refused("answered with an HTML page")
    if answer.status == http.HTTPStatus.OK:
        return 0
    place = answer.headers.get("Content-Range", "")
    if not place.startswith(f"bytes {done}-"):
        raise Refused(f"asked for the bytes from {done:,} on, it sent {place or 'others'!r}")
    return done


def _receive(
    answer: http.client.HTTPResponse, wanted: Wanted, done: int, update: Callable[[bytes], object]
) -> None:
    """Append the body to the part, which has `done` bytes; what came before a cut stays."""
    total = None if answer.length is None else done + answer.length
    if total is not None and total > wanted.max_bytes:
        raise Refused(f"sends {total:,} bytes, at most {wanted.max_bytes:,} are expected")
    with wanted.part.open("ab" if done else "wb") as part:
        while True:
            try:
                block = answer.read1(_BLOCK)
            except _NETWORK_FAULTS as error:
                raise Refused(f"broke off after {done:,} bytes: {error}") from error
            if not block:
                break
            if not done and _HTML.match(block):
                raise Refused("answered with an HTML page")
            done += len(block)
            if done > wanted.max_bytes:
                break
            part.write(block)
            update(block)
            wanted.progress(done, total)
    if done > wanted.max_bytes:
        wanted.part.unlink()  # not the file, so nothing to continue from
        raise Refused(f"sends more than the {wanted.max_bytes:,} bytes expected")
    if total is not None and done < total:
        raise Refused(f"broke off after {done:,} of {total:,} bytes")


def _named(digest: hashlib._Hash) -> str:
    return f"{digest.name}:{digest.hexdigest()}"


_log = logging.getLogger(__name__)

LARGEST_ARCHIVE: Final = 300_000_000  # bytes; both published archives have about 170 million


def fetch_cifar(
    name: str,
    data_dir: Path,
    mirrors: Sequence[str],
    archive_checksum: str,
    *,
    unpacked: Path | None = None,
    timeout_s: float = 30.0,
    progress: Progress | None = None,
) -> Path:
    """The folder of `"cifar10"` or `"cifar100"` in `data_dir`, else what its archive unpacks to.

    The archive is fetched into `data_dir` if need be, and unpacked into `unpacked` (None: beside
    it).
    `mirrors` are the addresses of the published .tar.gz, tried in order. Raises HarnessError as
    `fetch` and `unpack`.
    """
    files = layout(name)
    folder = data_dir / files.folder
    if folder.is_dir():
        return folder
    archive = fetch(
        mirrors,
        data_dir / files.archive,
        checksum=archive_checksum,
        max_bytes=LARGEST_ARCHIVE,
        timeout_s=timeout_s,
        progress=progress,
    )
    return unpack(archive, files, unpacked)


def fetch(
    mirrors: Sequence[str],
    target: Path,
    *,
    checksum: str,
    max_bytes: int,
    timeout_s: float = 30.0,
    progress: Progress | None = None,
) -> Path:
    """`target`, fetched from the first of `mirrors` that gives a file with this checksum.

    Where it is there nothing is written: the folder may be read-only. What has come lies in
    `target.part` and is continued (HTTP Range) after a cut, by the next mirror or by a later call;
    only a file with the right checksum gets the name `target`, by a rename. A second process that
    wants the same file waits for the first. Raises HarnessError with every mirror's fault and what
    to do by hand, and at once when a file of that name with another checksum is in the way.
    """
    wanted = Wanted(target, checksum, max_bytes, timeout_s, progress or (lambda done, total: None))
    algorithm = algorithm_of(checksum, str(target))
    faults: list[str] = []
    if target.exists():  # whole: it got its name when it was
        return _already_there(wanted, checksum_of(target, algorithm))
    _log.info("fetching %s into %s", target.name, target.parent)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            if target.exists():  # a second process was faster
                return _already_there(wanted, checksum_of(target, algorithm))
            for mirror in mirrors:
                try:
                    _fetch_from(mirror, wanted)
                    return target
                except Refused as refusal:
                    faults.append(f"{mirror}: {refusal}")
    except OSError as error:
        raise HarnessError(str(target), f"cannot be written: {error}") from error
    raise HarnessError(
        str(target),
        "\n  ".join(["could not be fetched:", *(faults or ["no mirror given"])]),
        hint=f"get {target.name} ({checksum}) by hand and put it at {target}",
        code=ExitCode.RUN_FAILED,
    )


def _already_there(wanted: Wanted, found: str) -> Path:
    if found != wanted.checksum:
        raise HarnessError(
            str(wanted.target),
            f"checksum is {found}, published is {wanted.checksum}",
            hint="move it away, then it is fetched anew",
        )
    return wanted.target


def _fetch_from(mirror: str, wanted: Wanted) -> None:
    """Fetch or continue the file from one mirror and publish it; `Refused` when that did not work.

    A continued file with a wrong checksum may be two files glued together, so it is fetched once
    more from its start.
    """
    resumed = wanted.part.exists()
    found = transfer(mirror, wanted)
    if found != wanted.checksum and resumed:
        wanted.part.unlink()
        found = transfer(mirror, wanted)
    if found != wanted.checksum:
        wanted.part.unlink()
        raise Refused(f"checksum is {found}, published is {wanted.checksum}")
    wanted.part.replace(wanted.target)
