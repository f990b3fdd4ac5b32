"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock


@contextmanager
def written(path: Path, *, synced: bool = True) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its name when the block ends well, so that a reader finds the
    old file or the new one; `synced`, also after a power cut. OSError where the disk fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            if synced:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def appear(target: Path, fill: Callable[[Path], None]) -> None:
    """Have `fill(scratch)` fill a scratch folder that becomes `target` by a single rename.

    Where `target` is already, nothing is done; a second process that wants it waits. OSError where
    the disk fails.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_dir():
            return  # another process was faster
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            fill(scratch)
            scratch.chmod(0o755)
            scratch.replace(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
