"""Whole or not at all: kill -9 and a full disk at every step, and eight writers at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.errors import ExitCode, HarnessError
from harness.plan.node import Node
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import FileRecord, Manifest, Provenance, describe, write_manifest
from harness.store.publish import Partial, move_into_place, publish_folder
from harness.store.store import Store
from harness.store.verify import verify

PROGRAM = Path(__file__).with_name("faulty_runs.py")
NODE = Node.of("train", 1, {"epochs": 3}, {})  # the one that the program runs
CONTENT = {"weights.bin": b"weights" * 100, "sub/loss.json": b"[1, 2]", "run.log": b"epoch 3\n"}


def play(mode: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1])}
    command = [sys.executable, str(PROGRAM), mode, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def faults(store: Store) -> list[Fault]:
    return [fault for fault in verify(store) if not fault.is_information]


def finish(store: Store, provenance: Provenance) -> Manifest:
    """The next run, undisturbed."""
    with store.lease(NODE.key):
        found = store.claim(NODE)
        if isinstance(found, Manifest):
            return found
        store.log_path(NODE.key).write_bytes(CONTENT["run.log"])
        for name in ("weights.bin", "sub/loss.json"):
            (found.files / name).parent.mkdir(exist_ok=True)
            (found.files / name).write_bytes(CONTENT[name])
        return store.publish(NODE, found, provenance)


def require_whole(store: Store) -> None:
    assert {name: store.read_bytes(NODE.key, name) for name in CONTENT} == CONTENT
    assert verify(store) == []


def test_kill_9_at_every_step_leaves_no_node_or_a_whole_one(
    tmp_path: Path, provenance: Provenance
) -> None:
    play("kill", tmp_path)
    codes = [path.read_text() for path in sorted(tmp_path.glob("*.code"))]
    assert codes[-1] == "0"
    assert set(codes[:-1]) == {"-9"}
    assert len(codes) > 40  # steps; fewer would mean that the program no longer sees them
    outcomes = set()
    for step in range(len(codes)):
        store = Store(tmp_path / f"{step:03d}")
        assert faults(store) == [], step
        stored = store.get(NODE.key)
        checkpoint = store.tree.partial(NODE.key) / "checkpoints" / "epoch3.bin"
        had_checkpoint = checkpoint.is_file()
        finished = finish(store, provenance)
        recovered = finished.started.startswith("2026-01-01")  # the killed run's, not ours
        assert stored is None or finished == stored
        assert recovered or finished.resumed == int(had_checkpoint), step
        require_whole(store)
        outcomes.add((stored is not None, recovered, had_checkpoint))
    # of each kind at least one: nothing yet; a checkpoint only; finished but for the rename;
    # stored, with and without leftovers
    nothing, resumable = (False, False, False), (False, False, True)
    renameable, leftovers, whole = (False, True, True), (True, True, True), (True, True, False)
    assert outcomes == {nothing, resumable, renameable, leftovers, whole}


def test_a_full_disk_at_every_step_is_an_error_with_path_and_hint(
    tmp_path: Path, provenance: Provenance
) -> None:
    play("full", tmp_path)
    codes = [int(path.read_text()) for path in sorted(tmp_path.glob("*.code"))]
    assert set(codes) == {0, int(ExitCode.RUN_FAILED)}
    errors = [path.read_text() for path in tmp_path.glob("*.error")]
    assert len(errors) == codes.count(int(ExitCode.RUN_FAILED)) > 30
    for step in range(len(codes)):
        store = Store(tmp_path / f"{step:03d}")
        assert faults(store) == [], step
        assert codes[step] or store.get(NODE.key)
        finish(store, provenance)
        require_whole(store)
    assert all("No space left on device – free space" in text for text in errors)
    assert all("/the/store: " in text or ".lock: cannot lock" in text for text in errors)


def test_a_manifest_that_breaks_in_mid_write_leaves_no_node(
    tmp_path: Path, provenance: Provenance
) -> None:
    play("limit", tmp_path)
    assert (tmp_path / "000.code").read_text() == "3"
    assert "File too large" in (tmp_path / "000.error").read_text()
    store = Store(tmp_path / "000")
    assert store.get(NODE.key) is None
    assert (store.tree.partial(NODE.key) / "checkpoints" / "epoch3.bin").is_file()
    finish(store, provenance)
    require_whole(store)


def test_of_eight_writers_at_once_the_first_wins_and_all_agree(tmp_path: Path) -> None:
    play("race", tmp_path)
    store = Store(tmp_path / "store")
    (manifest,) = store.manifests()
    answers = {path.read_text() for path in tmp_path.glob("answer-*")}
    assert answers == {str(manifest.wall_s)}
    assert list(tmp_path.glob("error-*")) == []
    assert verify(store) == []  # nor anything left of the seven others
    content = store.read_bytes(NODE.key, "weights.bin")
    assert content == f"worker-{int(manifest.wall_s)}".encode() * 1000


def test_of_eight_runs_at_once_one_trains(tmp_path: Path) -> None:
    play("lease", tmp_path)
    (ran,) = tmp_path.glob("store.ran-*")
    errors = [path.read_text() for path in tmp_path.glob("error-*")]
    assert errors == []
    answers = [path.read_text() for path in tmp_path.glob("answer-*")]
    assert answers == [f"{float(ran.name[-1])}"] * 8
    require_whole(Store(tmp_path / "store"))


@pytest.fixture
def attempt(store: Store, identity: Node) -> Partial:
    found = store.claim(identity)
    assert isinstance(found, Partial)
    (found.files / "a").write_bytes(b"1")
    return found


@pytest.mark.parametrize("kind", ["link", "broken link", "pipe"])
def test_only_plain_files_are_published(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial, kind: str
) -> None:
    odd = attempt.files / "odd"
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("a" if kind == "link" else "absent")
    with pytest.raises(HarnessError, match="plain files and folders only"):
        store.publish(identity, attempt, provenance)
    assert store.get(identity.key) is None
    assert (attempt.files / "a").is_file()


def test_a_file_name_that_cannot_be_listed_is_refused(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial
) -> None:
    (attempt.files / "a\nb").touch()
    with pytest.raises(HarnessError, match="control character"):
        store.publish(identity, attempt, provenance)
    assert store.get(identity.key) is None


def test_a_key_of_something_else_is_not_published(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial
) -> None:
    forged = Node(identity.key, "train", 2, identity.spec, identity.inputs)
    with pytest.raises(HarnessError, match="does not follow"):
        store.publish(forged, attempt, provenance)
    assert store.get(identity.key) is None


def test_something_broken_in_the_node_s_place_is_moved_aside(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial
) -> None:
    node = store.folder(identity.key)
    node.mkdir(parents=True)
    (node / "half").touch()
    store.publish(identity, attempt, provenance)
    assert store.get(identity.key) is not None
    (remark,) = verify(store)
    assert remark.kind is FaultKind.QUARANTINED
    assert (remark.place / "half").is_file()


def test_an_attempt_that_a_faster_process_cleared_gives_theirs(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial
) -> None:
    def described(files: object) -> Manifest:
        record = FileRecord(sha256="0" * 64, bytes=1)
        manifest = describe(identity, provenance, {"theirs": record}, resumed=0)
        node = store.folder(identity.key)
        node.mkdir(parents=True)
        write_manifest(node, manifest)
        shutil.rmtree(attempt.files)
        return describe(identity, provenance, {}, resumed=0)

    found = publish_folder(store.tree, attempt.files, identity.key, described)
    assert list(found.files) == ["theirs"]


def test_an_attempt_that_vanished_for_no_reason_is_an_error(
    store: Store, identity: Node, provenance: Provenance, attempt: Partial
) -> None:
    shutil.rmtree(attempt.files)
    with pytest.raises(HarnessError, match="No such file"):
        store.publish(identity, attempt, provenance)
    with pytest.raises(HarnessError, match="No such file"):
        move_into_place(store.tree, attempt.files, describe(identity, provenance, {}, resumed=0))


def test_everything_is_on_disk_before_the_step_that_relies_on_it(
    store: Store,
    identity: Node,
    provenance: Provenance,
    attempt: Partial,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill cannot show a missing fsync, only a power cut: so the order of calls is held."""
    names = {path.stat().st_ino: path.name for path in (attempt.files, attempt.files / "a")}
    names[attempt.files.stat().st_ino] = "attempt"
    calls: list[str] = []
    fsync, replace, rename = os.fsync, Path.replace, Path.rename

    def synced(handle: int) -> None:
        calls.append(f"sync {names.get(os.fstat(handle).st_ino, 'other')}")
        fsync(handle)

    def replaced(path: Path, target: Path) -> Path:
        calls.append(f"write {target.name}")
        return replace(path, target)

    def renamed(path: Path, target: Path) -> Path:
        calls.append("publish")
        names[target.parent.stat().st_ino] = "shelf"
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(Path, "rename", renamed)
    store.publish(identity, attempt, provenance)
    assert calls == [
        "sync a",
        "sync attempt",
        "sync other",  # the draft of the manifest
        "write manifest.json",
        "sync attempt",
        "sync other",  # nodes/, which got a new shelf
        "publish",
        "sync shelf",
    ]
