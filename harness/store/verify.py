"""Whether every stored byte is the one that was published, and what to do with the nodes where it
is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.canonical import is_key, short
from harness.store.faults import Fault, FaultKind
from harness.store.integrity import node_faults, set_broken_aside
from harness.store.locks import lease_if_free
from harness.store.manifest import Manifest, read_manifest
from harness.store.store import Store

_LEFT = {
    "partial": FaultKind.PARTIAL_LEFT,
    "quarantine": FaultKind.QUARANTINED,
    "trash": FaultKind.TRASH_LEFT,
}


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
            found += node_faults(folder, manifest)
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
    broken = {fault.key for fault in faults if fault.key and fault.is_repairable}
    for key in sorted(broken):
        with lease_if_free(store.tree.lock(key)) as held:
            place = set_broken_aside(store.tree, key, unreadable=True) if held else None
        if place is not None:
            moved.append(place)
    return moved
