"""SHA-256 of files that a spec names; each is read once for as long as it stays as it is."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.caches import own_cache
from harness.errors import HarnessError
from harness.files import open_plain, read_plain, write_durably

_FRESH_NS = 2_000_000_000  # a file this young may change again within one tick of its clock


def fingerprint(place: Path, names: Iterable[str] | None = None) -> str:
    """ "sha256:…" of the file at `place`; or of the files `names` in the folder `place`, that of
    the lines that `sha256sum` prints for them, sorted by their names.

    Who is asked again reads only what has another size, time of change or inode than it had.

    Raises:
        HarnessError: there is no such file, or it cannot be read.
    """
    folder = place if names is not None else place.parent
    wanted = sorted(names) if names is not None else [place.name]
    sums = _sums(folder.absolute(), wanted)
    if names is None:
        return f"sha256:{sums[place.name]}"
    lines = b"".join(f"{sums[name]}  ".encode() + os.fsencode(name) + b"\n" for name in wanted)
    return f"sha256:{hashlib.sha256(lines).hexdigest()}"


def _sums(folder: Path, names: list[str]) -> dict[str, str]:
    notes = _notes(folder)
    known = _known(notes)
    found = {name: known[name] for name in names if _is_as(known.get(name), folder / name)}
    others = [name for name in names if name not in found]
    with ThreadPoolExecutor() as pool:
        read = dict(zip(others, pool.map(lambda name: _read(folder / name), others), strict=True))
    young = time.time_ns() - _FRESH_NS
    if notes is not None and (kept := {n: one for n, one in read.items() if max(one[1:3]) < young}):
        with suppress(OSError):  # whoever asks next reads the files again
            notes.parent.mkdir(parents=True, exist_ok=True)
            write_durably(notes, json.dumps(known | kept).encode())
    return {name: one[-1] for name, one in (found | read).items()}


def _is_as(known: Any, path: Path) -> bool:
    """Whether a file still has the state that was noted."""
    try:
        return isinstance(known, list) and known[:-1] == _state(path.stat())
    except OSError:
        return False


def _state(found: os.stat_result) -> list[int]:
    """Size, times of change, inode."""
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _read(path: Path) -> list[Any]:
    """The state of a file, and its SHA-256."""
    try:
        with open_plain(path, links=True) as file:
            state = _state(os.fstat(file.fileno()))
            return [*state, hashlib.file_digest(file, "sha256").hexdigest()]
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise HarnessError(str(path), problem, hint="the spec names it") from error


def _notes(folder: Path) -> Path | None:
    """Where this user keeps what was found of the files of a folder."""
    own = own_cache()
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
    return own and own / "fingerprints" / f"{name}.json"


def _known(notes: Path | None) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        if notes is not None and isinstance(found := json.loads(read_plain(notes)), dict):
            return found
    return {}
