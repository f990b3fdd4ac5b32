"""The published sets: which archives, what lies in them, and how they are had.

Neither set can be counted on to be had by a script: its hosts answer many of them with 202, 403 or
a page to click through. Then the error says what to fetch by hand, from where, and where to put it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.engine.data.archive import unzip
from harness.engine.data.download import Progress, fetch
from harness.errors import HarnessError
from harness.files import discard

LARGEST_ARCHIVE: Final = 6_000_000_000  # bytes; Caltech101.zip and a class of CIFAR10-DVS have less
LARGEST_FOLDER: Final = 12_000_000_000  # bytes of an archive's files, unpacked


@dataclass(frozen=True, slots=True)
class Archive:
    """One .zip of a published set."""

    name: str
    checksum: str  # "md5:…" or "sha256:…"
    mirrors: tuple[str, ...]
    page: str  # where a person finds it
    folder: str  # the one in it that holds the recordings
    target: str  # where they go, relative to the data directory


def fetch_events(
    archives: Sequence[Archive],
    data_dir: Path,
    suffix: str,
    *,
    unpacked: Path | None = None,
    timeout_s: float = 30.0,
    progress: Progress | None = None,
) -> Path:
    """The folder below which the targets of all archives lie, fetched and unpacked if need be.

    That is `data_dir` where all are unpacked there and no archive lies beside them; else it is
    `unpacked` (None: `data_dir`), with links to what `data_dir` has unpacked without its archive,
    and only a fetch writes into `data_dir`. What was unpacked by hand is not looked at here. An
    archive that lies there is held against its checksum, one that is missing is fetched
    (`download.fetch`: mirrors in turn, resumed, checked while it comes). Raises HarnessError with
    the file, its checksum, where to get it and where to put it when no mirror gives it.
    """
    root = unpacked or data_dir
    by_hand = {
        archive
        for archive in archives
        if (data_dir / archive.target).is_dir()
        and (root == data_dir or not (data_dir / archive.name).is_file())
    }
    if len(by_hand) == len(archives):
        return data_dir
    for archive in archives:
        target = root / archive.target
        if archive in by_hand:
            _link(target, data_dir / archive.target)
        if target.is_dir() and (archive in by_hand or not target.is_symlink()):
            continue
        discard(target)  # a link to what was unpacked by hand, when its archive was not there
        try:
            file = fetch(
                archive.mirrors,
                data_dir / archive.name,
                checksum=archive.checksum,
                max_bytes=LARGEST_ARCHIVE,
                timeout_s=timeout_s,
                progress=progress,
            )
        except HarnessError as error:
            hint = f"{error.hint}; it is offered at {archive.page}"
            raise HarnessError(error.where, error.problem, hint=hint, code=error.code) from error
        unzip(file, target, folder=archive.folder, suffix=suffix, max_bytes=LARGEST_FOLDER)
    return root


def _link(target: Path, present: Path) -> None:
    """Have `target` lead to `present`, which another place than it may be."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()  # to where the data lay once
        with suppress(FileExistsError):  # a second process was faster
            target.symlink_to(present.absolute(), target_is_directory=True)
    except OSError as error:
        raise HarnessError(str(target), f"cannot be written: {error}") from error
