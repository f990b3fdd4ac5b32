"""Fetch a file from the first mirror that gives the right one; the standard library alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from harness.engine.data.archive import unpack
from harness.engine.data.checksums import algorithm_of, checksum_of, layout
from harness.engine.data.transfer import Progress, Refused, Wanted, transfer
from harness.errors import ExitCode, HarnessError

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
