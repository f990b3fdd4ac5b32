"""The store as its users see it: published once, read back checked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.errors import ExitCode, HarnessError
from harness.plan.node import Node
from harness.store.manifest import Manifest, Provenance
from harness.store.publish import Partial
from harness.store.store import LOG_NAME, Store

Publish = Callable[..., Manifest]


def test_a_published_node_is_what_was_written(
    store: Store, identity: Node, publish: Publish
) -> None:
    manifest = publish(identity)
    assert store.get(identity.key) == manifest
    assert Store(store.root).manifests() == [manifest]
    made_of = (manifest.key, manifest.kind, manifest.revision, manifest.spec, manifest.inputs)
    assert Node(*made_of) == identity
    assert manifest.numbers == {"accuracy": 89.67, "epochs": 3, "note": None}
    assert set(manifest.files) == {"weights.bin", "curves/loss.json"}
    assert store.read_bytes(identity.key, "curves/loss.json") == b"[1.5, 0.5]"
    path = store.artifact(identity.key, "weights.bin")
    assert path == store.folder(identity.key) / "weights.bin"
    assert path.read_bytes() == bytes(range(256))


def test_manifests_come_by_key(store: Store, publish: Publish) -> None:
    made = [publish(Node.of("train", 1, {"seed": seed}, {})) for seed in range(5)]
    assert store.manifests() == sorted(made, key=lambda manifest: manifest.key)


def test_the_log_becomes_an_artifact_and_stays_where_it_was(
    store: Store, identity: Node, publish: Publish
) -> None:
    store.log_path(identity.key).write_text("epoch 1\n")
    publish(identity)
    assert store.read_bytes(identity.key, LOG_NAME) == b"epoch 1\n"
    assert store.log_path(identity.key).read_text() == "epoch 1\n"


def test_a_failed_run_keeps_its_log_and_checkpoints(store: Store, identity: Node) -> None:
    with pytest.raises(ZeroDivisionError), store.lease(identity.key):
        found = store.claim(identity)
        assert isinstance(found, Partial)
        store.log_path(identity.key).write_text("epoch 1\n")
        (found.checkpoints / "epoch1").touch()
        raise ZeroDivisionError
    assert store.log_path(identity.key).read_text() == "epoch 1\n"
    again = store.claim(identity)
    assert isinstance(again, Partial)
    assert (again.checkpoints / "epoch1").exists()


def test_how_often_it_was_resumed_is_recorded(
    store: Store, identity: Node, provenance: Provenance
) -> None:
    first = store.claim(identity)
    assert isinstance(first, Partial)
    (first.checkpoints / "epoch1").touch()
    second = store.claim(identity)
    assert isinstance(second, Partial)
    assert store.publish(identity, second, provenance).resumed == 1


@pytest.mark.parametrize("change", [b"", b"[1.5, 0.4]", b"[1.5, 0.55]"])
def test_a_changed_file_is_never_handed_out(
    store: Store, identity: Node, publish: Publish, change: bytes
) -> None:
    publish(identity)
    (store.folder(identity.key) / "curves" / "loss.json").write_bytes(change)
    for read in (store.artifact, store.read_bytes):
        with pytest.raises(HarnessError) as caught:
            read(identity.key, "curves/loss.json")
        assert caught.value.where.endswith("curves/loss.json")
        assert "harness verify --repair" in caught.value.hint
        assert caught.value.code is ExitCode.RUN_FAILED
    assert store.read_bytes(identity.key, "weights.bin") == bytes(range(256))


def test_a_link_in_the_place_of_a_file_is_not_followed(
    store: Store, identity: Node, publish: Publish
) -> None:
    publish(identity)
    path = store.folder(identity.key) / "weights.bin"
    path.rename(store.root.parent / "elsewhere")
    path.symlink_to(store.root.parent / "elsewhere")
    for read in (store.artifact, store.read_bytes):
        with pytest.raises(HarnessError, match="not a plain file"):
            read(identity.key, "weights.bin")


@pytest.mark.parametrize("name", ["absent", "../../../format", "manifest.json"])
def test_only_listed_files_are_handed_out(
    store: Store, identity: Node, publish: Publish, name: str
) -> None:
    publish(identity)
    with pytest.raises(HarnessError, match=r"it has curves/loss\.json, weights\.bin"):
        store.artifact(identity.key, name)


def test_a_node_that_is_not_stored_has_no_files(store: Store, identity: Node) -> None:
    with pytest.raises(HarnessError, match="has no manifest"):
        store.artifact(identity.key, "weights.bin")


def test_a_node_copied_to_another_key_is_not_that_node(
    store: Store, identity: Node, publish: Publish
) -> None:
    publish(identity)
    other = store.folder("0" * 64)
    other.parent.mkdir()
    store.folder(identity.key).rename(other)
    assert store.get("0" * 64) is None
    assert store.manifests() == []
