"""What a run finds: nothing, its own checkpoints, a finished attempt, or the node itself."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store import manifest as sealed
from harness.store.faults import FaultKind
from harness.store.manifest import FileRecord, Manifest, Provenance, describe, write_manifest
from harness.store.publish import Partial, recorded_inputs
from harness.store.store import Store
from harness.store.verify import file_faults, verify

Publish = Callable[..., Manifest]


def started(store: Store, identity: Node) -> Partial:
    found = store.claim(identity)
    assert isinstance(found, Partial)
    return found


def finished(
    store: Store, identity: Node, provenance: Provenance, files: dict[str, FileRecord]
) -> Path:
    """An attempt that was killed between its manifest and the rename."""
    attempt = started(store, identity).files
    (attempt / "weights.bin").write_bytes(b"abc")
    write_manifest(attempt, describe(identity, provenance, files, resumed=0))
    return attempt


ABC = FileRecord(sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", bytes=3)


def test_a_first_run_starts_with_nothing(store: Store, identity: Node) -> None:
    found = started(store, identity)
    assert list(found.files.iterdir()) == list(found.checkpoints.iterdir()) == []
    assert found.resumed == 0


def test_checkpoints_outlive_a_failure_and_half_written_files_do_not(
    store: Store, identity: Node
) -> None:
    first = started(store, identity)
    (first.files / "half").touch()
    (first.checkpoints / "epoch1").write_bytes(b"state")
    second = started(store, identity)
    assert list(second.files.iterdir()) == []
    assert (second.checkpoints / "epoch1").read_bytes() == b"state"
    assert not first.files.exists()


def test_only_a_start_from_a_checkpoint_counts_as_resumed(store: Store, identity: Node) -> None:
    assert started(store, identity).resumed == 0
    first = started(store, identity)
    assert first.resumed == 0
    (first.checkpoints / "epoch1").touch()
    assert [started(store, identity).resumed for _ in range(3)] == [1, 2, 3]


def test_a_finished_attempt_needs_only_its_rename(
    store: Store, identity: Node, provenance: Provenance
) -> None:
    finished(store, identity, provenance, {"weights.bin": ABC})
    found = store.claim(identity)
    assert isinstance(found, Manifest)
    assert store.get(identity.key) == found
    assert verify(store) == []


@pytest.mark.parametrize(
    "files",
    [{}, {"weights.bin": ABC, "more": ABC}, {"weights.bin": FileRecord(sha256="0" * 64, bytes=3)}],
)
def test_a_finished_attempt_whose_files_do_not_agree_is_run_again(
    store: Store, identity: Node, provenance: Provenance, files: dict[str, FileRecord]
) -> None:
    attempt = finished(store, identity, provenance, files)
    (store.tree.partial(identity.key) / "checkpoints" / "epoch1").touch()
    found = started(store, identity)
    assert not attempt.exists()
    assert (found.checkpoints / "epoch1").exists()
    assert store.get(identity.key) is None


def test_a_stored_node_is_given_and_leftovers_go(
    store: Store, identity: Node, publish: Publish
) -> None:
    manifest = publish(identity)
    store.tree.partial(identity.key).mkdir()
    assert store.claim(identity) == manifest
    assert verify(store) == []


def test_a_broken_node_is_moved_to_quarantine_when_it_is_wanted(
    store: Store, identity: Node, publish: Publish
) -> None:
    publish(identity)
    (store.folder(identity.key) / "manifest.json").write_bytes(b"{}")
    assert store.get(identity.key) is None
    started(store, identity)
    assert not store.folder(identity.key).exists()
    (moved,) = store.tree.entries("quarantine")
    assert (moved / "weights.bin").is_file()


def test_a_node_that_cannot_be_read_at_this_moment_is_not_taken_for_broken(
    store: Store, identity: Node, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(identity)

    def refuse(path: Path) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(sealed, "open_plain", refuse)
        with pytest.raises(HarnessError, match="Too many open files"):
            store.claim(identity)
    assert store.get(identity.key) is not None


def test_a_node_of_another_version_is_left_alone(
    store: Store, identity: Node, publish: Publish
) -> None:
    manifest = publish(identity)
    newer = manifest.model_copy(update={"schema_version": 2})
    write_manifest(store.folder(identity.key), newer)
    with pytest.raises(HarnessError, match="another version"):
        store.claim(identity)
    assert [fault.kind for fault in verify(store)] == [FaultKind.MANIFEST_VERSION]


def test_the_inputs_of_an_unfinished_run_are_on_record(store: Store) -> None:
    node = Node.of("cka", 1, {}, {"ann": "a" * 64, "snn": "b" * 64})
    started(store, node)
    folder = store.tree.partial(node.key)
    assert recorded_inputs(folder) == {"a" * 64, "b" * 64}
    for text in ("", "[]", "{}", '{"inputs": 1}', "[" * 100_000):
        (folder / "identity.json").write_text(text)
        assert recorded_inputs(folder) == set()


def test_a_finished_attempt_is_checked_under_its_own_key(
    store: Store, identity: Node, provenance: Provenance
) -> None:
    attempt = finished(store, identity, provenance, {})
    manifest = describe(identity, provenance, {}, resumed=0)
    assert {fault.key for fault in file_faults(attempt, manifest)} == {identity.key}


def test_with_anew_a_stored_node_is_run_and_takes_the_place_of_the_old_one(
    store: Store, identity: Node, provenance: Provenance, publish: Publish
) -> None:
    publish(identity, {"weights.bin": b"old"})
    found = store.claim(identity, anew=True)
    assert isinstance(found, Partial)
    (found.files / "weights.bin").write_bytes(b"new")
    assert store.read_bytes(identity.key, "weights.bin") == b"old"  # until the new one is whole
    store.publish(identity, found, provenance)
    assert store.read_bytes(identity.key, "weights.bin") == b"new"
    assert verify(store) == []


def test_with_anew_no_finished_attempt_and_no_checkpoint_of_other_code_is_taken_up(
    store: Store, identity: Node, provenance: Provenance
) -> None:
    finished(store, identity, provenance, {"weights.bin": ABC})
    first = store.claim(identity, code="old", anew=True)
    assert isinstance(first, Partial)
    assert list(first.files.iterdir()) == []
    (first.checkpoints / "epoch1").touch()
    again = store.claim(identity, code="old", anew=True)
    assert isinstance(again, Partial)
    assert (again.checkpoints / "epoch1").exists()
    other = store.claim(identity, code="new", anew=True)
    assert isinstance(other, Partial)
    assert (list(other.checkpoints.iterdir()), other.code) == ([], "new")


def test_a_run_that_other_code_takes_up_is_recorded_as_of_both(
    store: Store, identity: Node
) -> None:
    first = store.claim(identity, code="old")
    assert isinstance(first, Partial)
    assert first.code == "old"
    nothing_kept = store.claim(identity, code="new")
    assert isinstance(nothing_kept, Partial)
    assert nothing_kept.code == "new"
    (nothing_kept.checkpoints / "epoch1").touch()
    for code, recorded in (("new", "new"), ("newer", "new newer"), ("newer", "new newer")):
        found = store.claim(identity, code=code)
        assert isinstance(found, Partial)
        assert found.code == recorded


@pytest.mark.skipif(os.geteuid() != 0, reason="UNTESTED: only root gives files to another user")
@pytest.mark.parametrize("place", [".", "checkpoints", "checkpoints/epoch1", "identity.json"])
def test_a_checkpoint_of_another_owner_is_not_taken_up(
    store: Store, identity: Node, place: str
) -> None:
    first = started(store, identity)
    (first.checkpoints / "epoch1").touch()
    os.chown(store.tree.partial(identity.key) / place, 12345, -1)
    second = started(store, identity)
    assert (list(second.checkpoints.iterdir()), second.resumed) == ([], 0)
    (aside,) = store.tree.entries("quarantine")  # nothing is lost
    assert (aside / "checkpoints/epoch1").exists()
