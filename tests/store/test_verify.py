"""Every byte of a node is watched, and every finding says what and where."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.canonical import short
from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import Manifest, Provenance, write_manifest
from harness.store.publish import Partial
from harness.store.store import Store
from harness.store.verify import repair, verify

Publish = Callable[..., Manifest]


@pytest.fixture
def node(store: Store, identity: Node, publish: Publish) -> Path:
    publish(identity)
    return store.folder(identity.key)


def only(store: Store) -> Fault:
    (fault,) = verify(store)
    return fault


def test_a_sound_store_has_no_faults(store: Store, node: Path) -> None:
    assert verify(store) == []


@pytest.mark.parametrize("name", ["weights.bin", "curves/loss.json", "manifest.json"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
def test_a_flipped_byte_is_found_and_the_file_not_used(
    store: Store, identity: Node, node: Path, name: str, share: float
) -> None:
    content = bytearray((node / name).read_bytes())
    content[int(len(content) * share)] ^= 0x01
    (node / name).write_bytes(content)
    fault = only(store)
    assert fault.place == node / name
    assert fault.key == identity.key
    assert not fault.is_information
    with pytest.raises(HarnessError):
        store.artifact(identity.key, "weights.bin" if name == "manifest.json" else name)


def test_a_missing_a_short_and_an_unlisted_file(store: Store, node: Path) -> None:
    (node / "weights.bin").unlink()
    (node / "curves" / "loss.json").write_bytes(b"[")
    (node / "curves" / "new").touch()
    assert {(fault.kind, fault.place.name) for fault in verify(store)} == {
        (FaultKind.FILE_MISSING, "weights.bin"),
        (FaultKind.FILE_SIZE, "loss.json"),
        (FaultKind.FILE_UNLISTED, "new"),
    }


def test_a_link_even_to_the_same_bytes(store: Store, node: Path) -> None:
    (node / "weights.bin").rename(store.root.parent / "elsewhere")
    (node / "weights.bin").symlink_to(store.root.parent / "elsewhere")
    assert {fault.kind for fault in verify(store)} == {FaultKind.FILE_ODD, FaultKind.FILE_MISSING}


def test_a_folder_without_manifest(store: Store, node: Path) -> None:
    (node / "manifest.json").unlink()
    assert only(store).kind is FaultKind.MANIFEST_MISSING


def test_a_manifest_whose_key_does_not_follow_from_its_spec(
    store: Store, identity: Node, node: Path
) -> None:
    manifest = store.get(identity.key)
    assert manifest is not None
    write_manifest(node, manifest.model_copy(update={"spec": {"recipe": {"epochs": 300}}}))
    fault = only(store)
    assert fault.kind is FaultKind.KEY_WRONG
    assert str(fault).startswith(f"{node}: the key does not follow")


def test_a_node_under_another_key(store: Store, identity: Node, node: Path) -> None:
    copy = store.folder("0" * 64)
    shutil.copytree(node, copy)
    fault = only(store)
    assert fault.kind is FaultKind.KEY_ELSEWHERE
    assert (fault.key, fault.detail) == ("0" * 64, f"node {short(identity.key)}")


def test_what_does_not_belong_there(store: Store, node: Path) -> None:
    (node.parent / "notes.txt").touch()
    misplaced = store.root / "nodes" / "zz" / node.name
    misplaced.mkdir(parents=True)
    assert {fault.place for fault in verify(store)} == {node.parent / "notes.txt", misplaced}
    assert {fault.kind for fault in verify(store)} == {FaultKind.STRAY}


def test_remarks_are_not_faults(store: Store, node: Path, publish: Publish) -> None:
    publish(Node.of("cka", 1, {}, {"ann": "a" * 64}))
    store.claim(Node.of("train", 2, {}, {}))
    (store.root / "trash" / "x").touch()
    (store.root / "quarantine" / "y").touch()
    faults = verify(store)
    assert [fault.kind for fault in faults] == [
        FaultKind.INPUT_ABSENT,
        FaultKind.PARTIAL_LEFT,
        FaultKind.QUARANTINED,
        FaultKind.TRASH_LEFT,
    ]
    assert all(fault.is_information for fault in faults)
    assert "ann = aaaaaaaa" in str(faults[0])
    assert repair(store, faults) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".nfs000000000a1b2c3d00000001", "NFS keeps it until a process closes it"),
        (".fuse_hidden0000002a00000001", "FUSE keeps it until a process closes it"),
        (".smbdeleteAAA1", "the file system keeps it until a process closes it"),
        (".DS_Store", "macOS puts it there"),
        ("._weights.bin", "macOS puts it there"),
        ("Thumbs.db", "Windows puts it there"),
    ],
)
def test_what_others_leave_in_any_folder_is_a_remark(
    store: Store, identity: Node, node: Path, name: str, why: str
) -> None:
    for folder in (node, node / "curves", node.parent, store.root / "nodes", store.root):
        (folder / name).write_bytes(b"theirs")
    remarks = verify(store)
    assert [remark.place for remark in remarks] == [node / name, node / "curves" / name]
    assert all(remark.is_information for remark in remarks)
    assert str(remarks[0]) == f"{node / name}: is left alone: {why}"
    assert repair(store, remarks) == []
    assert store.get(identity.key) is not None


def test_a_name_that_only_looks_like_one_of_others_is_a_fault(store: Store, node: Path) -> None:
    for name in (".nfs-notes", "DS_Store", "weights.bin.nfs0001"):
        (node / name).touch()
    assert {fault.kind for fault in verify(store)} == {FaultKind.FILE_UNLISTED}


def test_a_disk_of_its_own_is_an_empty_place_for_a_store(tmp_path: Path) -> None:
    for name in ("lost+found", ".snapshot", "@eaDir"):
        (tmp_path / "disk" / name).mkdir(parents=True)
    store = Store(tmp_path / "disk")
    store.tree.prepare()
    assert verify(store) == []


def test_what_a_run_leaves_open_on_nfs_is_not_published(store: Store, identity: Node) -> None:
    found = store.claim(identity)
    assert isinstance(found, Partial)
    (found.files / "weights.bin").write_bytes(b"weights")
    (found.files / ".nfs000000000a1b2c3d00000001").write_bytes(b"open")
    made = store.publish(identity, found, Provenance(datetime(2026, 1, 1, tzinfo=UTC), 1.0))
    assert list(made.files) == ["weights.bin"]


def test_repair_moves_a_faulty_node_aside_and_a_sound_one_not(
    store: Store, identity: Node, node: Path, publish: Publish
) -> None:
    sound = publish(Node.of("train", 2, {}, {}))
    (node / "weights.bin").write_bytes(b"")
    (node / "curves" / "loss.json").unlink()
    (moved,) = repair(store, verify(store))
    assert moved.parent == store.root / "quarantine"
    assert store.manifests() == [sound]
    assert [fault.kind for fault in verify(store)] == [FaultKind.QUARANTINED]
    publish(identity)
    assert store.get(identity.key) is not None


def test_repair_leaves_a_leased_node_to_its_process(
    store: Store, identity: Node, node: Path
) -> None:
    (node / "weights.bin").write_bytes(b"")
    with store.lease(identity.key):
        assert repair(store, verify(store)) == []
    assert node.is_dir()


@pytest.mark.parametrize("kind", FaultKind)
def test_every_finding_is_a_sentence_with_its_place(kind: FaultKind) -> None:
    text = str(Fault(kind, Path("there"), detail="{odd} detail"))
    assert text.startswith("there: ")
    assert ("{odd} detail" in text) is ("{detail}" in kind.value)
