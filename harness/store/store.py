"""The store: a folder of published nodes, addressed by what they are made from."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from pathlib import Path

from harness.errors import ExitCode, HarnessError
from harness.files import discard, open_plain, os_errors
from harness.plan.node import Node
from harness.store.faults import Fault
from harness.store.locks import Lease, Waiting, lease
from harness.store.manifest import FileRecord, Manifest, Provenance, describe, read_manifest
from harness.store.publish import Partial, claim, publish_folder
from harness.store.tree import Tree
from harness.store.verify import content_fault

LOG_NAME = "run.log"  # the log among the files of a published node


class Store:
    """Reads need nothing on disk and never write; the first lease, claim or log creates the
    folders.

    The way of a run, by whichever process:

        with store.lease(node.key, waiting=say):
            found = store.claim(node)
            if isinstance(found, Manifest):
                return found        # stored meanwhile, or only its last rename was missing
            ...                     # write into found.files, go on from found.checkpoints
            return store.publish(node, found, provenance)

    An exception in between leaves the checkpoints and the log where they are.
    """

    def __init__(self, root: Path) -> None:
        """Raises HarnessError when `root` is something else than a store of this version or an
        empty place.
        """
        self.tree = Tree(Path(root))
        self.tree.check_format()

    @property
    def root(self) -> Path:
        """The store's folder."""
        return self.tree.root

    def get(self, key: str) -> Manifest | None:
        """The manifest of a stored node; None when absent or unreadable (which `verify` names)."""
        found = read_manifest(self.tree.node(key), key)
        return found if isinstance(found, Manifest) else None

    def manifests(self) -> list[Manifest]:
        """The manifests of all stored nodes by key; unreadable ones are left out."""
        found = (read_manifest(folder, folder.name) for folder in self.tree.node_folders())
        return [item for item in found if isinstance(item, Manifest)]

    def folder(self, key: str) -> Path:
        """Where a node's files are, or would be."""
        return self.tree.node(key)

    def log_path(self, key: str) -> Path:
        """Where the run of a node writes its log; the folder exists on return, and no link that
        leads out of the store stands in its place, nor a pipe that would keep the run waiting.
        """
        self.tree.prepare()
        log = self.tree.log(key)
        if os.path.lexists(log) and (log.is_symlink() or not log.is_file()):
            discard(log)
        return log

    def lease(self, key: str, *, waiting: Waiting | None = None) -> Lease:
        """A context that holds the node for this process; `waiting(holder)` is called once if
        another has it.
        """
        self.tree.prepare()
        return lease(self.tree.lock(key), waiting=waiting)

    def claim(self, node: Node, *, code: str = "", anew: bool = False) -> Manifest | Partial:
        """The node, if there is nothing left to run, else the folders to run it in by the code of
        this digest. Under its lease. With `anew` it is run though it is stored.
        """
        return claim(self.tree, node, code=code, anew=anew)

    def publish(self, node: Node, partial: Partial, provenance: Provenance) -> Manifest:
        """Publish what the run left in `partial.files`, with its log; returns what stands in the
        store.

        Raises HarnessError (RUN_FAILED) when the disk refuses, with the path; files and checkpoints
        are then kept.
        """
        node.require_own_key()
        log = self.tree.log(node.key)
        with os_errors(partial.files):
            if log.is_file() and partial.files.is_dir():
                shutil.copyfile(log, partial.files / LOG_NAME)
        described = functools.partial(describe, node, provenance, resumed=partial.resumed)
        manifest = publish_folder(self.tree, partial.files, node.key, described, anew=partial.anew)
        discard(self.tree.partial(node.key))
        return manifest

    def artifact(self, key: str, name: str) -> Path:
        """Path of one file of a node, after its bytes were compared with what was published.

        Raises HarnessError (RUN_FAILED) when the node or file is absent or its bytes have changed.
        """
        path, record = self._listed(key, name)
        if fault := content_fault(path, record, key):
            raise _corrupt(path, fault.problem)
        return path

    def read_bytes(self, key: str, name: str) -> bytes:
        """Content of one (small) file of a node: the very bytes that were compared. Raises like
        `artifact`.
        """
        path, record = self._listed(key, name)
        with os_errors(path), open_plain(path) as file:
            content = file.read(record.bytes + 1)
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise _corrupt(path, "the content is not the one published")
        return content

    def _listed(self, key: str, name: str) -> tuple[Path, FileRecord]:
        folder = self.tree.node(key)
        found = read_manifest(folder, key)
        if isinstance(found, Fault):
            raise _corrupt(found.place, found.problem)
        if name not in found.files:
            known = ", ".join(sorted(found.files)) or "none"
            problem = f"not a file of this node (it has {known})"
            raise HarnessError(str(folder / name), problem, code=ExitCode.RUN_FAILED)
        return folder / name, found.files[name]


def _corrupt(place: Path, problem: str) -> HarnessError:
    hint = "harness verify --repair moves the node aside, then the same command runs it again"
    return HarnessError(str(place), problem, hint=hint, code=ExitCode.RUN_FAILED)
