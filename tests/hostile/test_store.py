"""A store that somebody else packed: its links lead nowhere, whatever command is given it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.execute.events import logged
from harness.plan.node import Node
from harness.store.faults import FaultKind
from harness.store.gc import collect
from harness.store.manifest import Manifest, Provenance
from harness.store.publish import Partial
from harness.store.store import Store
from harness.store.tree import ROOMS
from harness.store.verify import repair, verify
from tests.hostile.guard import guarded

NODE = Node.of("train", 1, {"epochs": 3}, {})
KEY = NODE.key


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Somebody's folder, with what must stay as it is."""
    folder = tmp_path / "home"
    (folder / KEY / "checkpoints").mkdir(parents=True)
    (folder / KEY / "attempt-0-00000000").mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / f"{KEY}.log").write_text("mine")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.tree.prepare()
    return made


def state(folder: Path) -> list[tuple[str, bytes]]:
    return sorted(
        (path.relative_to(folder).as_posix(), path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    )


def use(store: Store) -> None:
    """Everything that commands do with a store."""
    with store.lease(KEY):
        found = store.claim(NODE)
        if isinstance(found, Partial):
            with logged(store.log_path(KEY)):
                (found.checkpoints / "training.safetensors").write_bytes(b"state")
                (found.files / "weights.bin").write_bytes(b"weights")
            store.publish(NODE, found, Provenance(datetime(2026, 1, 1, tzinfo=UTC), 1.0))
    repair(store, verify(store))
    collect(store, [])


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_is_a_link_is_refused_at_the_door(store: Store, home: Path, room: str) -> None:
    shutil.rmtree(store.root / room)
    (store.root / room).symlink_to(home)
    with pytest.raises(HarnessError, match=f"{room}: is a link, and the rooms of a store lie in"):
        Store(store.root)


@pytest.mark.parametrize(
    "place",
    [
        f"partial/{KEY}",
        f"partial/{KEY}/checkpoints",
        f"logs/{KEY}.log",
        f"nodes/{KEY[:2]}/{KEY}",
        "trash/x",
        "cache/x",
        "quarantine/x",
        "quarantine/notes.txt",
    ],
)
def test_a_link_inside_is_removed_and_not_followed(store: Store, home: Path, place: str) -> None:
    link, before = store.root / place, state(home)
    link.parent.mkdir(parents=True, exist_ok=True)
    targets = {"checkpoints": home / KEY / "checkpoints", f"{KEY}.log": home / f"{KEY}.log"}
    link.symlink_to(targets.get(link.name, home / KEY if link.name == KEY else home))
    with guarded(store.root):
        use(store)
    assert state(home) == before
    assert not link.is_symlink()


def test_a_shelf_that_is_a_link_is_a_fault_and_nobody_s_to_clean(store: Store, home: Path) -> None:
    (store.root / "nodes" / KEY[:2]).symlink_to(home)
    before = state(home)
    (fault,) = verify(store)
    assert (fault.kind, fault.place) == (FaultKind.STRAY, store.root / "nodes" / KEY[:2])
    assert collect(store, []) == []
    assert state(home) == before


def test_a_sound_store_is_used(store: Store) -> None:
    """Else the tests above would prove nothing."""
    with store.lease(KEY):
        found = store.claim(NODE)
        assert isinstance(found, Partial)
        store.publish(NODE, found, Provenance(datetime(2026, 1, 1, tzinfo=UTC), 1.0))
    assert isinstance(store.get(KEY), Manifest)
