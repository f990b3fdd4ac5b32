"""Whether every stored byte is the one that was published, and what to do with the nodes where it
is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.canonical import is_key, short
from harness.store.faults import Fault, FaultKind
from harness.store.integrity import node_faults
from harness.store.locks import lease_if_free
from harness.store.manifest import Manifest
from harness.store.publish import set_broken_aside
from harness.store.sealed import read_manifest
from harness.store.store import Store


def verify(store: Store) -> list[Fault]:
    """Read the whole store; faults first by place, then the remarks (`Fault.is_information`)."""
    tree = store.tree
    stored = set()
    faults: list[Fault] = []
    manifests: list[Manifest] = []
    faults += (Fault(FaultKind.STRAY, path) for path in tree.entries("nodes") if path.is_symlink())
    for folder in tree.node_folders():
        if not is_key(folder.name) or folder.parent.name != folder.name[:2]:
            faults.append(Fault(FaultKind.STRAY, folder))
            continue
        found = read_manifest(folder, folder.name)
        if isinstance(found, Manifest):
            stored.add(folder.name)
            manifests.append(found)
            faults += node_faults(folder, found)
        else:
            faults.append(found)
    remarks = [fault for fault in faults if fault.is_information]
    faults = [fault for fault in faults if not fault.is_information]
    remarks += [*_absent_inputs(store, manifests, stored), *_leftovers(store)]
    return faults + remarks


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


def _absent_inputs(
    store: Store, manifests: Iterable[Manifest], stored: set[str]
) -> Iterator[Fault]:
    for manifest in manifests:
        for name, key in sorted(manifest.inputs.items()):
            if key not in stored:
                place = store.tree.node(manifest.key)
                yield Fault(FaultKind.INPUT_ABSENT, place, manifest.key, f"{name} = {short(key)}")


def _leftovers(store: Store) -> Iterator[Fault]:
    rooms = {
        "partial": FaultKind.PARTIAL_LEFT,
        "quarantine": FaultKind.QUARANTINED,
        "trash": FaultKind.TRASH_LEFT,
    }
    for room, kind in rooms.items():
        for path in store.tree.entries(room):
            yield Fault(kind, path, path.name if is_key(path.name) else "")
