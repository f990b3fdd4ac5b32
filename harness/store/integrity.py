"""Whether one node is what was published, and moving it out of the way where it is not."""

from __future__ import annotations

import os
from pathlib import Path

from harness.canonical import identity_key, short
from harness.errors import ExitCode, HarnessError
from harness.files import contents, foreign, open_plain, os_errors, sha256_of
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import MANIFEST_NAME, FileRecord, Manifest, read_manifest
from harness.store.tree import Tree


def node_faults(folder: Path, manifest: Manifest) -> list[Fault]:
    """Everything wrong with one node whose manifest could be read."""
    follows = identity_key(manifest.kind, manifest.revision, manifest.spec, manifest.inputs)
    faults = file_faults(folder, manifest)
    if manifest.key != follows:
        detail = f"it would be {short(follows)}"
        faults.insert(0, Fault(FaultKind.KEY_WRONG, folder, manifest.key, detail))
    return faults


def file_faults(folder: Path, manifest: Manifest) -> list[Fault]:
    """Files that are missing, changed or not listed; entries of others are remarks."""
    key = manifest.key
    try:
        found = contents(folder)
    except OSError as error:
        return [Fault(FaultKind.FILE_UNREADABLE, folder, key, error.strerror or str(error))]
    faults = [Fault(FaultKind.FILE_ODD, path, key) for path in found.odd]
    for name in sorted(found.files.keys() - manifest.files.keys() - {MANIFEST_NAME}):
        faults.append(Fault(FaultKind.FILE_UNLISTED, found.files[name], key))
    for name, record in sorted(manifest.files.items()):
        if name not in found.files:
            faults.append(Fault(FaultKind.FILE_MISSING, folder / name, key))
        elif fault := content_fault(found.files[name], record, key):
            faults.append(fault)
    return faults + [Fault(FaultKind.FOREIGN, one, key, foreign(one.name)) for one in found.foreign]


def content_fault(path: Path, record: FileRecord, key: str) -> Fault | None:
    """What is wrong with the bytes of one listed file, if anything."""
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
        checksum = sha256_of(path)[0] if size == record.bytes else ""
    except OSError as error:
        return Fault(FaultKind.FILE_UNREADABLE, path, key, error.strerror or str(error))
    if size != record.bytes:
        detail = f"{size} bytes instead of {record.bytes}"
        return Fault(FaultKind.FILE_SIZE, path, key, detail)
    if checksum != record.sha256:
        detail = f"SHA-256 {short(checksum)}… instead of {short(record.sha256)}…"
        return Fault(FaultKind.FILE_CHANGED, path, key, detail)
    return None


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
