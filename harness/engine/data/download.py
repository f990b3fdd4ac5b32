"""Fetch a file from the first mirror that gives the right one; the standard library alone."""

from __future__ import annotations

import http.client
import logging
import queue
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from harness.engine.data.archive import unpack
from harness.engine.data.checksums import algorithm_of, checksum_of, layout
from harness.errors import ExitCode, HarnessError

_log = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where the host says so

LARGEST_ARCHIVE: Final = 300_000_000  # bytes; both published archives have about 170 million
TIMEOUT_S: Final = 30.0
SLOWEST: Final = 1_000  # bytes a second: 8 GB would take a quarter of a year
_BLOCK: Final = 1 << 18
_NETWORK_FAULTS: Final = (http.client.HTTPException, OSError, ValueError)
_HTML: Final = re.compile(rb"\s*<(!doctype\s+html|html|head)", re.IGNORECASE)
_HEADERS: Final = {
    "User-Agent": "Python-urllib (reproduction harness)",
    "Accept-Encoding": "identity",
}


def fetch_cifar(
    name: str,
    data_dir: Path,
    mirrors: Sequence[str],
    archive_checksum: str,
    *,
    unpacked: Path | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
) -> Path:
    """The folder of `"cifar10"` or `"cifar100"` in `data_dir`, else what its archive unpacks to.

    The archive is fetched into `data_dir` if need be, and unpacked into `unpacked` (None: beside
    it). `mirrors` are the addresses of the published .tar.gz, tried in order. Raises HarnessError
    as `fetch` and `unpack`.
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
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
) -> Path:
    """`target`, fetched from the first of `mirrors` that gives a file with this checksum.

    Where it is there nothing is written: the folder may be read-only. What has come lies in
    `target.part` and is continued (HTTP Range) after a cut, by the next mirror or by a later call;
    only a file with the right checksum gets the name `target`, by a rename. A mirror that is silent
    for `timeout_s`, or sends less than `SLOWEST` bytes a second meanwhile, is left for the next. A
    second process that wants the same file waits for the first. Raises HarnessError with every
    mirror's fault and what to do by hand, and at once when a file of that name with another
    checksum is in the way.
    """
    algorithm = algorithm_of(checksum, str(target))
    if target.exists():  # whole: it got its name when it was
        return _require_right(target, algorithm, checksum)
    part = target.with_name(target.name + ".part")
    bounds = (max_bytes, timeout_s, progress or (lambda done, total: None))
    transfer = _Transfer(part, checksum, *bounds)
    faults: list[str] = []
    _log.info("fetching %s into %s", target.name, target.parent)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            if target.exists():  # a second process was faster
                return _require_right(target, algorithm, checksum)
            for mirror in mirrors:
                try:
                    transfer.fetch(mirror)
                    return part.replace(target)
                except _Refused as refusal:
                    faults.append(f"{mirror}: {refusal}")
    except OSError as error:
        raise HarnessError(str(target), f"cannot be written: {error}") from error
    raise HarnessError(
        str(target),
        "\n  ".join(["could not be fetched:", *(faults or ["no mirror given"])]),
        hint=f"get {target.name} ({checksum}) by hand and put it at {target}",
        code=ExitCode.RUN_FAILED,
    )


def _require_right(target: Path, algorithm: str, checksum: str) -> Path:
    found = checksum_of(target, algorithm)
    if found != checksum:
        problem = f"checksum is {found}, published is {checksum}"
        raise HarnessError(str(target), problem, hint="move it away, then it is fetched anew")
    return target


class _Refused(Exception):
    """Why a mirror's answer is not the file; the next mirror is tried."""


@dataclass(frozen=True, slots=True)
class _Transfer:
    """What brings a `part` to its end, and within which bounds."""

    part: Path
    checksum: str
    max_bytes: int
    timeout_s: float  # without a byte from the host
    progress: Progress

    def fetch(self, mirror: str) -> None:
        """Have the part come to its end, with its checksum, from one address.

        One that was continued and is wrong may be two files glued together, so it is fetched once
        more from its start. Raises `_Refused` as `run` and for another checksum.
        """
        algorithm, _, _ = self.checksum.partition(":")
        resumed = self.part.exists()
        if resumed and checksum_of(self.part, algorithm) == self.checksum:
            return  # the process was stopped before the rename
        self.run(mirror)
        found = checksum_of(self.part, algorithm)
        if found != self.checksum and resumed:
            self.part.unlink()
            self.run(mirror)
            found = checksum_of(self.part, algorithm)
        if found != self.checksum:
            self.part.unlink()
            raise _Refused(f"checksum is {found}, published is {self.checksum}")

    def run(self, mirror: str) -> None:
        """One attempt at one address, continuing what is there already.

        A host that ignores the Range header sends everything, so the part is begun anew; one that
        finds the range past the end (416) is asked again from the start. Raises `_Refused` when the
        address cannot be opened, answers with another status than 200 or 206 or with an HTML page,
        breaks off, or sends more than `max_bytes`; OSError when the disk does.
        """
        if not mirror.startswith(("https://", "http://")):
            raise _Refused("not an http address")
        done = self.part.stat().st_size if self.part.exists() else 0
        headers = _HEADERS | ({"Range": f"bytes={done}-"} if done else {})
        request = urllib.request.Request(mirror, headers=headers)  # noqa: S310 - checked above
        pieces = _pieces(request, self.timeout_s)
        try:
            answer, length = next(pieces)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
                raise _Refused(f"answered {error.code} {error.reason}") from error
            self.part.unlink()
            return self.run(mirror)
        except _NETWORK_FAULTS as error:
            raise _Refused(f"cannot be reached: {getattr(error, 'reason', error)}") from error
        with closing(pieces):
            self._receive(pieces, length, _starts_at(answer, done))
        return None

    def _receive(self, blocks: Iterator[bytes], length: int | None, done: int) -> None:
        """Append the body to the part, which has `done` bytes; what came before a cut stays."""
        total = None if length is None else done + length
        if total is not None and total > self.max_bytes:
            raise _Refused(f"sends {total:,} bytes, at most {self.max_bytes:,} are expected")
        with self.part.open("ab" if done else "wb") as part:
            since, had = time.monotonic(), done
            while True:
                if (spent := time.monotonic() - since) > self.timeout_s:
                    if done - had < SLOWEST * spent:
                        raise _Refused(f"sent {done - had:,} bytes in {spent:.0f} s, too slowly")
                    since, had = time.monotonic(), done
                try:
                    block = next(blocks)
                except _NETWORK_FAULTS as error:
                    raise _Refused(f"broke off after {done:,} bytes: {error}") from error
                if not block:
                    break
                if not done and _HTML.match(block):
                    raise _Refused("answered with an HTML page")
                done += len(block)
                if done > self.max_bytes:  # not the file, so nothing to continue from
                    self.part.unlink()
                    raise _Refused(f"sends more than the {self.max_bytes:,} bytes expected")
                part.write(block)
                self.progress(done, total)
        if total is not None and done < total:
            raise _Refused(f"broke off after {done:,} of {total:,} bytes")


def _pieces(request: urllib.request.Request, timeout_s: float) -> Generator[Any]:
    """The answer of a host with the length of its body, if it says one, then the body in blocks,
    the last of them empty.

    A thread reads them, which is left alone where nothing whole comes: a timeout of a socket begins
    anew with every byte, also of a header. Raises what the network does.
    """
    pieces: queue.Queue[Any] = queue.Queue(maxsize=4)
    left = threading.Event()

    def put(piece: Any) -> None:
        while not left.is_set():
            try:
                pieces.put(piece, timeout=1.0)
            except queue.Full:
                continue
            break

    def read() -> None:
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                put((answer, getattr(answer, "length", None)))
                while block := answer.read1(_BLOCK):
                    put(block)
                    if left.is_set():
                        return
                put(block)
        except Exception as error:
            put(error)  # to whom it is raised

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            try:
                piece = pieces.get(timeout=2 * timeout_s)
            except queue.Empty:
                raise TimeoutError(f"nothing whole came within {2 * timeout_s:.0f} s") from None
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        left.set()


def _starts_at(answer: http.client.HTTPResponse, done: int) -> int:
    """The byte at which the body begins: 0 or, where the host continues, `done`."""
    if not isinstance(answer, http.client.HTTPResponse):
        raise _Refused("not an http address")
    if answer.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
        raise _Refused(f"answered {answer.status} {answer.reason}")
    if answer.headers.get_content_type() == "text/html":
        raise _Refused("answered with an HTML page")
    if answer.status == http.HTTPStatus.OK:
        return 0
    place = answer.headers.get("Content-Range", "")
    if not place.startswith(f"bytes {done}-"):
        raise _Refused(f"asked for the bytes from {done:,} on, it sent {place or 'others'!r}")
    return done
