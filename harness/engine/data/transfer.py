"""One attempt to get a file's bytes from one address, continuing what is there already."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.engine.data.checksums import algorithm_of

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
