"""From a finished folder to a published node: whole or not at all, and the first writer wins.

Order, each step on disk before the next begins: files, folders, manifest (draft, then renamed),
shelf, one rename of the folder to its place, shelf again. A kill leaves either no node or a whole
one: before the manifest stands, the attempt is thrown away and the run goes on from its
checkpoints; between the manifest and the rename, the next run checks every file against the
manifest and does the rename; after it, only leftovers of the attempt remain.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import ExitCode, HarnessError
from harness.store.durable import (
    contents,
    discard,
    make_folder,
    os_errors,
    sha256_of,
    sync_folder,
)
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import MANIFEST_NAME, FileRecord, Manifest
from harness.store.sealed import read_manifest, write_manifest
from harness.store.tree import Tree

_TRIES = 3  # each moved a broken node out of the way; more: somebody keeps writing broken ones

Describe = Callable[[Mapping[str, FileRecord]], Manifest]


def publish_folder(tree: Tree, folder: Path, key: str, describe: Describe) -> Manifest:
    """Publish `folder` as node `key`; `describe` makes the manifest from the files found.

    Returns the manifest that stands in the store: ours, or that of a process that was faster (then
    ours is dropped). Raises HarnessError (RUN_FAILED) when the disk refuses or a file is not a
    plain one; `folder` is then kept.
    """
    try:
        manifest = describe(_settle(folder))
        with os_errors(folder):
            write_manifest(folder, manifest)
    except (HarnessError, OSError):
        # A faster process may have published and cleared this attempt under our hands.
        theirs = read_manifest(tree.node(key), key)
        if folder.exists() or not isinstance(theirs, Manifest):
            raise
        return theirs
    return move_into_place(tree, folder, manifest)


def move_into_place(tree: Tree, folder: Path, manifest: Manifest) -> Manifest:
    """Rename a folder that is whole and on disk to its place; the first one there wins."""
    target = tree.node(manifest.key)
    with os_errors(target):
        make_folder(target.parent)
        for _ in range(_TRIES):
            try:
                folder.rename(target)
            except OSError:
                theirs = read_manifest(target, manifest.key)
                if isinstance(theirs, Manifest):
                    discard(folder)
                    return theirs
                if not os.path.lexists(target):
                    raise
                set_broken_aside(tree, manifest.key)
            else:
                sync_folder(target.parent)
                return manifest
    raise HarnessError(
        str(target), "something broken comes back in its place", code=ExitCode.RUN_FAILED
    )


def set_broken_aside(tree: Tree, key: str, *, unreadable: bool = False) -> Path | None:
    """Move whatever stands in a node's place to quarantine; None when somebody else was faster.

    Raises HarnessError for a node of another version, and, unless `unreadable`, where the system
    would not let it be read at this moment: both may be whole.
    """
    target = tree.node(key)
    found = read_manifest(target, key)
    if isinstance(found, Fault):
        if found.kind is FaultKind.MANIFEST_VERSION:
            hint = "update the harness, or choose another --store"
            raise HarnessError(str(found.place), found.problem, hint=hint)
        if found.kind is FaultKind.MANIFEST_UNREADABLE and not unreadable:
            hint = "if that stays so, harness verify --repair moves the node aside"
            raise HarnessError(str(found.place), found.problem, hint=hint, code=ExitCode.RUN_FAILED)
    with os_errors(target):
        try:
            return tree.set_aside(target)
        except FileNotFoundError:
            return None


def _settle(folder: Path) -> dict[str, FileRecord]:
    """Bring every file and folder to disk and return the checksums of the files."""
    with os_errors(folder):
        found = contents(folder)
        if found.odd:
            raise HarnessError(
                str(found.odd[0]),
                "a run may leave plain files and folders only (got a link or special file)",
                code=ExitCode.RUN_FAILED,
            )
        records = {}
        for name, path in found.files.items():
            if name == MANIFEST_NAME:
                continue  # of a publish that could not finish; it is written anew
            checksum, size = sha256_of(path, sync=True)
            records[name] = FileRecord(sha256=checksum, bytes=size)
        for inner in reversed(found.folders):
            sync_folder(inner)
    return records
