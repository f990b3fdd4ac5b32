"""Unfinished runs: where a run works, what outlives a kill, and how the next run takes it up.

`partial/<key>/checkpoints/` stays over kills and failures.
`partial/<key>/attempt-<resumed>-<token>/` is one attempt's output: it starts empty, so that nothing
of a killed writer is ever published, and is thrown away unless it has a manifest.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import canonical_json
from harness.store.durable import contents, discard, make_folder, os_errors, write_durably
from harness.store.faults import Fault
from harness.store.integrity import file_faults
from harness.store.manifest import Identity, Manifest
from harness.store.publish import move_into_place, set_broken_aside
from harness.store.sealed import read_manifest
from harness.store.tree import Tree

_ATTEMPT = re.compile(r"attempt-([0-9]{1,6})-[0-9a-f]{8}")


@dataclass(frozen=True)
class Partial:
    """The folders that a run is handed."""

    files: Path  # empty at the start; everything in it is published
    checkpoints: Path  # as the killed or failed run left it; never published
    resumed: int  # how many times this run was taken up from a checkpoint


def claim(tree: Tree, identity: Identity) -> Manifest | Partial:
    """The node if it is stored (or was finished but for the last rename), else folders to run it
    in.

    To be called under the node's lease. A broken node in its place is moved to quarantine.
    """
    identity.require_own_key()
    tree.prepare()
    node = tree.node(identity.key)
    stored = read_manifest(node, identity.key)
    if isinstance(stored, Fault) and os.path.lexists(node):
        set_broken_aside(tree, identity.key)
    found = stored if isinstance(stored, Manifest) else _recovered(tree, identity)
    if found is not None:
        discard(tree.partial(identity.key))
        return found
    with os_errors(tree.partial(identity.key)):
        return _start(tree.partial(identity.key), identity)


def recorded_inputs(folder: Path) -> set[str]:
    """Keys of the nodes that an unfinished run reads; empty when its record is not readable."""
    try:
        record = json.loads((folder / "identity.json").read_bytes())
        return {str(key) for key in record["inputs"].values()}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return set()  # a kill before the record stood: nothing was running yet


def _recovered(tree: Tree, identity: Identity) -> Manifest | None:
    for attempt in _attempts(tree.partial(identity.key)):
        manifest = read_manifest(attempt, identity.key)
        if isinstance(manifest, Manifest) and _is_whole(attempt, manifest):
            return move_into_place(tree, attempt, manifest)
    return None


def _is_whole(attempt: Path, manifest: Manifest) -> bool:
    return all(fault.is_information for fault in file_faults(attempt, manifest))


def _start(folder: Path, identity: Identity) -> Partial:
    checkpoints = folder / "checkpoints"
    for path in (folder, checkpoints):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            discard(path)  # a run must not write out of the store
    make_folder(checkpoints)
    record = {"kind": identity.kind, "spec": dict(identity.spec), "inputs": dict(identity.inputs)}
    write_durably(folder / "identity.json", canonical_json(record).encode())
    old = _attempts(folder)
    resumed = max((_resumed(attempt) for attempt in old), default=0)
    if contents(checkpoints).files:
        resumed += 1
    fresh = folder / f"attempt-{resumed}-{secrets.token_hex(4)}"
    make_folder(fresh)
    for attempt in old:
        discard(attempt)
    return Partial(fresh, checkpoints, resumed)


def _attempts(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _ATTEMPT.fullmatch(path.name))


def _resumed(attempt: Path) -> int:
    found = _ATTEMPT.fullmatch(attempt.name)
    return int(found[1]) if found else 0
