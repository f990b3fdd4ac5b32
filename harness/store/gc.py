"""Giving disk space back: what nobody keeps goes, in one step each, and never under a running
process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.canonical import is_key
from harness.files import discard, disk_bytes, os_errors
from harness.store.locks import lease_if_free
from harness.store.manifest import MANIFEST_NAME, Manifest
from harness.store.publish import recorded_inputs
from harness.store.store import Store
from harness.store.tree import Tree


class Rubbish(Enum):
    """Why something goes."""

    NODE = "a stored node that nothing in the specs asks for"
    PARTIAL = "an unfinished run that nothing in the specs asks for, or whose node is stored"
    LOG = "the log of a run that nothing in the specs asks for"
    QUARANTINE = "a broken node that was moved aside"
    CACHE = "made of data sets, and made again when a run needs it"
    TRASH = "left of an interrupted clean-up"
    NAMED = "a stored run that was named"


@dataclass(frozen=True)
class Removal:
    """One thing removed (or, in a dry run, to be removed), with the space that it took."""

    why: Rubbish
    path: Path
    key: str  # "" when it has none
    bytes: int
    made_by: str = ""  # the command that was typed for a stored node


def collect(
    store: Store,
    keep: Collection[str],
    *,
    older_than_s: float | None = None,
    only: Collection[Path] | None = None,
    dry_run: bool = False,
) -> list[Removal]:
    """Remove what neither `keep` nor a running or kept node needs as input; returns what was freed.

    `keep` holds keys of stored and of planned nodes; checkpoints of planned nodes stay. With
    `older_than_s` only what was last written longer ago goes (by the clock of the file system; a
    time in the future counts as new), with `only` nothing but these paths. What a process has
    leased stays, and while one has anything leased, so do the caches. A kill in between loses
    nothing: each removal begins with a rename into trash/.
    """
    tree = store.tree
    stored = {manifest.key: manifest for manifest in store.manifests()}
    running = _running(tree)
    needed = _closure({*keep, *running}, stored.values(), tree)
    now = time.time()
    removed = []
    for why, path, key in _candidates(tree, needed, stored, spare_caches=bool(running)):
        if only is not None and path not in only:
            continue
        if older_than_s is not None and now - _last_written(path) <= older_than_s:
            continue
        made = stored.get(key) if why is Rubbish.NODE else None
        typed = str(made.requested.get("command", "")) if made else ""
        removal = Removal(why, path, key, disk_bytes(path), typed)
        if dry_run or _remove(tree, removal):
            removed.append(removal)
    return removed


def remove_runs(store: Store, keys: Collection[str]) -> dict[str, Removal | str]:
    """Remove stored runs, each in one step; what was removed by its key, or why it was not: a
    process runs it, or reads it for a run of its own.
    """
    tree, found = store.tree, dict[str, Removal | str]()
    for key in keys:
        path = tree.node(key)
        if key in _closure(_running(tree), store.manifests(), tree):
            found[key] = "is in use by a run"
            continue
        removal = Removal(Rubbish.NAMED, path, key, disk_bytes(path))
        found[key] = removal if _remove(tree, removal) else "is in use, or went meanwhile"
    return found


def _candidates(
    tree: Tree, needed: set[str], stored: Collection[str], *, spare_caches: bool
) -> Iterator[tuple[Rubbish, Path, str]]:
    for path in tree.node_folders():
        if is_key(path.name) and path.name not in needed:
            yield Rubbish.NODE, path, path.name
    for path in tree.entries("partial"):
        if is_key(path.name) and (path.name in stored or path.name not in needed):
            yield Rubbish.PARTIAL, path, path.name
    for path in tree.entries("logs"):
        if path.suffix == ".log" and is_key(path.stem) and path.stem not in needed:
            yield Rubbish.LOG, path, path.stem
    rooms = {"quarantine": Rubbish.QUARANTINE, "cache": Rubbish.CACHE, "trash": Rubbish.TRASH}
    for room, why in rooms.items():
        if not (why is Rubbish.CACHE and spare_caches):
            yield from ((why, path, "") for path in tree.entries(room))


def _running(tree: Tree) -> set[str]:
    """Keys whose lease some process holds at this moment."""
    running = set()
    for key in {path.stem for path in tree.entries("locks") if is_key(path.stem)}:
        with lease_if_free(tree.lock(key)) as free:
            if not free:
                running.add(key)
    return running


def _closure(roots: set[str], manifests: Iterable[Manifest], tree: Tree) -> set[str]:
    """The roots and all that they were, or are being, made from."""
    inputs = {manifest.key: set(manifest.inputs.values()) for manifest in manifests}
    reached: set[str] = set()
    waiting = set(roots)
    while waiting:
        key = waiting.pop()
        reached.add(key)
        known = inputs.get(key)
        if known is None and is_key(key):
            known = recorded_inputs(tree.partial(key))
        waiting |= (known or set()) - reached
    return reached


def _last_written(path: Path) -> float:
    """A node: when its manifest was written; anything else: the newest time at or below it."""
    manifest = path / MANIFEST_NAME
    if manifest.is_file():
        return manifest.stat().st_mtime
    times = [path.lstat().st_mtime]
    for folder, folders, names in os.walk(path):
        times += [Path(folder, name).lstat().st_mtime for name in folders + names]
    return max(times)


def _remove(tree: Tree, removal: Removal) -> bool:
    if removal.why is Rubbish.TRASH:
        discard(removal.path)
        return True
    with ExitStack() as held, os_errors(removal.path):
        if removal.key and not held.enter_context(lease_if_free(tree.lock(removal.key))):
            return False
        try:
            discard(tree.set_aside(removal.path, room="trash"))
        except FileNotFoundError:
            return False  # somebody else was faster
    return True
