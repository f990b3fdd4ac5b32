"""Whether every stored byte is the one that was published, and what to do with the nodes where it
is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.canonical import identity_key, is_key, short
from harness.errors import ExitCode, HarnessError
from harness.files import contents, foreign, open_plain, os_errors, sha256_of
from harness.store.faults import Fault, FaultKind
from harness.store.locks import lease_if_free
from harness.store.manifest import MANIFEST_NAME, FileRecord, Manifest, read_manifest
from harness.store.tree import Tree

if TYPE_CHECKING:
    from harness.store.store import Store

_LEFT = {
    "partial": FaultKind.PARTIAL_LEFT,
    "quarantine": FaultKind.QUARANTINED,
    "trash": FaultKind.TRASH_LEFT,
}
_SPOILING = (
    FaultKind.FILE_MISSING,
    FaultKind.FILE_SIZE,
    FaultKind.FILE_CHANGED,
    FaultKind.FILE_UNREADABLE,
)


def verify(store: Store) -> list[Fault]:
    """Read the whole store; faults first by place, then the remarks (`Fault.is_information`)."""
    tree = store.tree
    manifests: dict[str, Manifest] = {}
    found = [Fault(FaultKind.STRAY, path) for path in tree.entries("nodes") if path.is_symlink()]
    for folder in tree.node_folders():
        if not is_key(folder.name) or folder.parent.name != folder.name[:2]:
            found.append(Fault(FaultKind.STRAY, folder))
            continue
        manifest = read_manifest(folder, folder.name)
        if isinstance(manifest, Manifest):
            manifests[folder.name] = manifest
            of = manifest.kind, manifest.revision, manifest.spec, manifest.inputs
            if (follows := identity_key(*of)) != manifest.key:
                detail = f"it would be {short(follows)}"
                found.append(Fault(FaultKind.KEY_WRONG, folder, manifest.key, detail))
            found += file_faults(folder, manifest)
        else:
            found.append(manifest)
    for manifest in manifests.values():
        for name, key in sorted(manifest.inputs.items()):
            if key not in manifests:
                place, said = tree.node(manifest.key), f"{name} = {short(key)}"
                found.append(Fault(FaultKind.INPUT_ABSENT, place, manifest.key, said))
    for room, kind in _LEFT.items():
        for path in tree.entries(room):
            found.append(Fault(kind, path, path.name if is_key(path.name) else ""))
    return sorted(found, key=lambda fault: fault.is_information)  # stable: by place within each


def repair(store: Store, faults: Iterable[Fault]) -> list[Path]:
    """Move every faulty node to quarantine, where the next run of it starts afresh; returns the new
    places.

    A node that some process has leased right now is left to that process.
    """
    moved = []
    broken = {
        fault.key
        for fault in faults  # a node of another version is whole, only not ours to read
        if not fault.is_information and fault.kind is not FaultKind.MANIFEST_VERSION
    }
    for key in sorted(broken - {""}):
        with lease_if_free(store.tree.lock(key)) as held:
            place = set_broken_aside(store.tree, key, unreadable=True) if held else None
        if place is not None:
            moved.append(place)
    return moved


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


def stored_or_fault(tree: Tree, key: str, *, bytewise: bool = True) -> Manifest | Fault:
    """The manifest of a node, or the first fault that makes it useless: of the manifest, and unless
    not `bytewise` of a file that it lists. What lies beside those spoils no number.
    """
    folder = tree.node(key)
    found = read_manifest(folder, key)
    if isinstance(found, Fault) or not bytewise:
        return found
    return next((one for one in file_faults(folder, found) if one.kind in _SPOILING), found)


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
    found = stored_or_fault(tree, key)
    if isinstance(found, Fault):
        if found.kind is FaultKind.MANIFEST_VERSION:
            hint = "update the harness, or choose another --store"
            raise HarnessError(str(found.place), found.problem, hint=hint)
        refused = (FaultKind.MANIFEST_UNREADABLE, FaultKind.FILE_UNREADABLE)
        if found.kind in refused and not unreadable:
            hint = "if that stays so, harness verify --repair moves the node aside"
            raise HarnessError(str(found.place), found.problem, hint=hint, code=ExitCode.RUN_FAILED)
    with os_errors(target):
        try:
            return tree.set_aside(target)
        except FileNotFoundError:
            return None
