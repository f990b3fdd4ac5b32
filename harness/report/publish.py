"""Result files, whole or not at all: first everything is staged beside its place, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from harness.store.durable import make_folder, os_errors


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put `files` (path below `folder` → content) in place, in their order; equal ones stay.

    A fault or a kill while staging leaves every old file as it was.

    Raises:
        HarnessError: the disk refuses, with the path.
    """
    staged: list[tuple[Path, Path]] = []
    with os_errors(folder):
        try:
            for name, content in files.items():
                target = folder / name
                if _is_there(target, content):
                    continue
                make_folder(target.parent)
                draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
                staged.append((draft, target))
                _write(draft, content)
            for draft, target in staged:
                draft.replace(target)
        finally:
            for draft, _ in staged:
                draft.unlink(missing_ok=True)


def _is_there(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
