"""From an unfinished run to a published node: whole or not at all, and the first writer wins.

`partial/<key>/checkpoints/` stays over kills and failures.
`partial/<key>/attempt-<resumed>-<token>/` is one attempt's output: it starts empty, so that nothing
of a killed writer is ever published, and is thrown away unless it has a manifest.

Order of publishing, each step on disk before the next begins: files, folders, manifest (draft, then
renamed), shelf, one rename of the folder to its place, shelf again. A kill leaves either no node or
a whole one: before the manifest stands, the attempt is thrown away and the run goes on from its
checkpoints; between the manifest and the rename, the next run checks every file against the
manifest and does the rename; after it, only leftovers of the attempt remain.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import canonical_json
from harness.errors import ExitCode, HarnessError
from harness.files import (
    contents,
    discard,
    make_folder,
    os_errors,
    read_plain,
    sha256_of,
    sync_folder,
    write_durably,
)
from harness.plan.node import Node
from harness.store.faults import Fault
from harness.store.manifest import (
    LARGEST_BYTES,
    MANIFEST_NAME,
    FileRecord,
    Manifest,
    read_manifest,
    write_manifest,
)
from harness.store.tree import Tree
from harness.store.verify import file_faults, set_broken_aside, stored_or_fault

_ATTEMPT = re.compile(r"attempt-([0-9]{1,6})-[0-9a-f]{8}")
_TRIES = 3  # each moved a broken node out of the way; more: somebody keeps writing broken ones

Describe = Callable[[Mapping[str, FileRecord]], Manifest]


@dataclass(frozen=True)
class Partial:
    """The folders that a run is handed."""

    files: Path  # empty at the start; everything in it is published
    checkpoints: Path  # as the killed or failed run left it; never published
    resumed: int  # how many times this run was taken up from a checkpoint
    code: str = ""  # digest of the code that runs it; of all that did, where it was taken up
    anew: bool = False  # it takes the place of the node that is stored


def claim(tree: Tree, node: Node, *, code: str = "", anew: bool = False) -> Manifest | Partial:
    """The node if it is stored (or was finished but for the last rename), else folders to run it
    in. With `anew` it is run in any case, and from no checkpoint of other code.

    To be called under the node's lease. A broken node in its place is moved to quarantine, and so
    are checkpoints that belong to another user: whoever wrote them chose the numbers.
    """
    node.require_own_key()
    tree.prepare()
    place, unfinished = tree.node(node.key), tree.partial(node.key)
    found: Manifest | Fault | None = stored_or_fault(tree, node.key)
    if isinstance(found, Fault):
        if os.path.lexists(place):
            set_broken_aside(tree, node.key)
        found = None if anew else _recovered(tree, node.key)
    if found is not None and not anew:
        discard(unfinished)
        return found
    with os_errors(unfinished):
        if _is_foreign(unfinished):
            tree.set_aside(unfinished)
        return _start(unfinished, node, code, anew=anew)


def recorded_inputs(folder: Path) -> set[str]:
    """Keys of the nodes that an unfinished run reads; empty when its record is not readable."""
    inputs = _record(folder).get("inputs")
    return {str(key) for key in inputs.values()} if isinstance(inputs, dict) else set()


def _record(folder: Path) -> dict[str, Any]:
    """What an unfinished run is; nothing after a kill before that stood."""
    try:
        record = json.loads(read_plain(folder / "identity.json", LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _recovered(tree: Tree, key: str) -> Manifest | None:
    for attempt in _attempts(tree.partial(key)):
        manifest = read_manifest(attempt, key)
        if not isinstance(manifest, Manifest):
            continue
        if all(fault.is_information for fault in file_faults(attempt, manifest)):
            return move_into_place(tree, attempt, manifest)
    return None


def _is_foreign(folder: Path) -> bool:
    """Whether an unfinished run, or anything in it, belongs to another user."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    there = contents(folder)
    paths = (*there.folders, *there.files.values(), *there.odd)
    return any(path.lstat().st_uid != os.geteuid() for path in paths)


def _start(folder: Path, node: Node, code: str, *, anew: bool) -> Partial:
    checkpoints = folder / "checkpoints"
    for path in (folder, checkpoints):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            discard(path)  # a run must not write out of the store
    before = _record(folder).get("code")
    if anew and before != code:
        discard(checkpoints)
    make_folder(checkpoints)
    if isinstance(before, str) and contents(checkpoints).files:  # a part of the run is made
        code = " ".join(dict.fromkeys([*before.split(), code]))
    record = {"kind": node.kind, "revision": node.revision, "code": code}
    record |= {"spec": dict(node.spec), "inputs": dict(node.inputs)}
    write_durably(folder / "identity.json", canonical_json(record).encode())
    old = _attempts(folder)
    resumed = max(old.values(), default=0) + bool(contents(checkpoints).files)
    fresh = folder / f"attempt-{resumed}-{secrets.token_hex(4)}"
    make_folder(fresh)
    for attempt in old:
        discard(attempt)
    return Partial(fresh, checkpoints, resumed, code, anew)


def _attempts(folder: Path) -> dict[Path, int]:
    """The attempts in the folder of an unfinished run, and how often each had been resumed."""
    if folder.is_symlink() or not folder.is_dir():
        return {}
    found = ((path, _ATTEMPT.fullmatch(path.name)) for path in sorted(folder.iterdir()))
    return {path: int(name[1]) for path, name in found if name}


def publish_folder(
    tree: Tree, folder: Path, key: str, describe: Describe, *, anew: bool = False
) -> Manifest:
    """Publish `folder` as node `key`; `describe` makes the manifest from the files found. With
    `anew` it takes the place of the node that stands there.

    Returns the manifest that stands in the store: ours, or that of a process that was faster (then
    ours is dropped). Raises HarnessError (RUN_FAILED) when the disk refuses or a file is not a
    plain one; `folder` is then kept.
    """
    try:
        with os_errors(folder):
            manifest = describe(_settle(folder))
            write_manifest(folder, manifest)
    except (HarnessError, OSError):
        # A faster process may have published and cleared this attempt under our hands.
        theirs = read_manifest(tree.node(key), key)
        if folder.exists() or not isinstance(theirs, Manifest):
            raise
        return theirs
    return move_into_place(tree, folder, manifest, anew=anew)


def move_into_place(
    tree: Tree, folder: Path, manifest: Manifest, *, anew: bool = False
) -> Manifest:
    """Rename a folder that is whole and on disk to its place; the first one there wins, or with
    `anew` this one. A kill between two renames leaves a whole attempt, which the next claim finds.
    """
    target = tree.node(manifest.key)
    with os_errors(target):
        make_folder(target.parent)
        old = tree.set_aside(target, room="trash") if anew and os.path.lexists(target) else None
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
                if old is not None:
                    discard(old)
                return manifest
    problem = "something broken comes back in its place"
    raise HarnessError(str(target), problem, code=ExitCode.RUN_FAILED)


def _settle(folder: Path) -> dict[str, FileRecord]:
    """Bring every file and folder to disk and return the checksums of the files."""
    found = contents(folder)
    if found.odd:
        problem = "a run may leave plain files and folders only (got a link or special file)"
        raise HarnessError(str(found.odd[0]), problem, code=ExitCode.RUN_FAILED)
    records = {}
    for name, path in found.files.items():
        if name == MANIFEST_NAME:
            continue  # of a publish that could not finish; it is written anew
        checksum, size = sha256_of(path, sync=True)
        records[name] = FileRecord(sha256=checksum, bytes=size)
    for inner in reversed(found.folders):
        sync_folder(inner)
    return records
