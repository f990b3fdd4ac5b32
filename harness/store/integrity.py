"""Whether the files of one node are those that its manifest lists."""

from __future__ import annotations

import os
from pathlib import Path

from harness.canonical import identity_key, short
from harness.store.durable import contents, foreign, open_plain, sha256_of
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import MANIFEST_NAME, FileRecord, Manifest


def node_faults(folder: Path, manifest: Manifest) -> list[Fault]:
    """Everything wrong with one node whose manifest could be read."""
    faults = []
    follows = identity_key(manifest.kind, manifest.revision, manifest.spec, manifest.inputs)
    if manifest.key != follows:
        faults.append(
            Fault(FaultKind.KEY_WRONG, folder, manifest.key, f"it would be {short(follows)}")
        )
    return faults + file_faults(folder, manifest)


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
        else:
            fault = content_fault(found.files[name], record, key)
            faults += [fault] if fault else []
    remarks = [Fault(FaultKind.FOREIGN, path, key, foreign(path.name)) for path in found.foreign]
    return faults + remarks


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
