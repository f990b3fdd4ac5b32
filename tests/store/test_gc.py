"""Clean-up takes what nobody needs, says what it frees, and never what somebody runs or reads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.plan.node import Node
from harness.store import gc
from harness.store.gc import Removal, Rubbish, collect
from harness.store.manifest import Manifest
from harness.store.publish import Partial
from harness.store.store import Store
from harness.store.verify import verify

Publish = Callable[..., Manifest]
DAY = 86_400.0


def why(removed: Sequence[Removal]) -> list[tuple[Rubbish, str]]:
    return [(removal.why, removal.key) for removal in removed]


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    for item in [path, *path.rglob("*")]:
        os.utime(item, (then, then))


@pytest.fixture
def chain(publish: Publish) -> list[str]:
    """Three nodes, each made from the one before."""
    first = publish(Node.of("train", 1, {}, {}))
    second = publish(Node.of("probe", 1, {}, {"network": first.key}))
    third = publish(Node.of("summary", 1, {}, {"probe": second.key}))
    return [first.key, second.key, third.key]


def test_what_is_kept_is_kept_with_all_that_it_was_made_from(
    store: Store, chain: list[str]
) -> None:
    assert collect(store, {chain[2]}) == []
    removed = collect(store, {chain[1]})
    assert why(removed) == [(Rubbish.NODE, chain[2])]
    assert {manifest.key for manifest in store.manifests()} == set(chain[:2])
    assert verify(store) == []


def test_it_says_what_it_frees_and_a_dry_run_frees_nothing(store: Store, chain: list[str]) -> None:
    folder = store.folder(chain[0])
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    planned = collect(store, set(), dry_run=True)
    assert {removal.key for removal in planned} == set(chain)
    assert len(store.manifests()) == 3
    assert next(item.bytes for item in planned if item.key == chain[0]) == size
    assert collect(store, set()) == planned
    assert store.manifests() == []


def test_checkpoints_stay_while_their_node_is_planned(store: Store) -> None:
    planned = Node.of("train", 1, {"seed": 1}, {})
    dropped = Node.of("train", 1, {"seed": 2}, {})
    store.claim(planned)
    store.claim(dropped)
    assert why(collect(store, {planned.key})) == [(Rubbish.PARTIAL, dropped.key)]
    assert store.tree.partial(planned.key).is_dir()


def test_leftovers_of_a_stored_node_go_even_when_it_is_kept(store: Store, chain: list[str]) -> None:
    store.tree.partial(chain[0]).mkdir()
    assert why(collect(store, chain)) == [(Rubbish.PARTIAL, chain[0])]


def test_a_running_node_and_its_inputs_stay(store: Store, chain: list[str]) -> None:
    running = Node.of("probe", 2, {}, {"network": chain[0]})
    with store.lease(running.key):
        assert isinstance(store.claim(running), Partial)
        assert set(why(collect(store, set()))) == {(Rubbish.NODE, key) for key in chain[1:]}
        assert store.tree.partial(running.key).is_dir()
    assert why(collect(store, set())) == [
        (Rubbish.NODE, chain[0]),
        (Rubbish.PARTIAL, running.key),
    ]


def test_a_node_leased_after_the_look_stays(
    store: Store, chain: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "_running", lambda tree: set())
    with store.lease(chain[0]):
        assert (Rubbish.NODE, chain[0]) not in why(collect(store, set()))
    assert store.get(chain[0]) is not None


def test_only_what_is_old_enough_goes(store: Store, chain: list[str]) -> None:
    age(store.folder(chain[0]), 2 * DAY)
    age(store.folder(chain[1]), -2 * DAY)  # a clock that jumped: counts as new
    assert why(collect(store, set(), older_than_s=DAY)) == [(Rubbish.NODE, chain[0])]


def test_the_age_of_an_unfinished_run_is_that_of_its_last_checkpoint(store: Store) -> None:
    node = Node.of("train", 1, {}, {})
    found = store.claim(node)
    assert isinstance(found, Partial)
    (found.checkpoints / "epoch1").touch()
    age(store.tree.partial(node.key), 2 * DAY)
    os.utime(found.checkpoints / "epoch1")
    assert collect(store, set(), older_than_s=DAY) == []
    age(store.tree.partial(node.key), 2 * DAY)
    assert why(collect(store, set(), older_than_s=DAY)) == [(Rubbish.PARTIAL, node.key)]


def test_logs_quarantine_and_trash(store: Store, chain: list[str]) -> None:
    for key in (chain[0], "0" * 64):
        store.log_path(key).write_text("log")
    (store.root / "logs" / "notes.txt").touch()
    (store.root / "quarantine" / "broken").mkdir()
    (store.root / "trash" / "half").mkdir()
    assert why(collect(store, chain)) == [
        (Rubbish.LOG, "0" * 64),
        (Rubbish.QUARANTINE, ""),
        (Rubbish.TRASH, ""),
    ]
    assert store.log_path(chain[0]).exists()
    assert (store.root / "logs" / "notes.txt").exists()
    for room in ("quarantine", "trash"):
        assert store.tree.entries(room) == []


def test_caches_go_when_nothing_runs_that_may_read_them(store: Store, chain: list[str]) -> None:
    (store.root / "cache" / "unpacked").mkdir()
    (store.root / "cache" / "unpacked" / "link").symlink_to(store.folder(chain[0]))
    with store.lease("0" * 64):
        assert collect(store, chain) == []
    assert why(collect(store, chain)) == [(Rubbish.CACHE, "")]
    assert store.tree.entries("cache") == []
    assert verify(store) == []  # what a link leads to is not followed


def test_what_is_not_a_node_is_never_touched(store: Store, chain: list[str]) -> None:
    (store.root / "nodes" / "notes").mkdir()
    (store.root / "nodes" / "notes" / "thesis.tex").touch()
    collect(store, set())
    assert (store.root / "nodes" / "notes" / "thesis.tex").exists()


def test_something_that_vanishes_meanwhile_was_not_removed_by_us(
    store: Store, chain: list[str]
) -> None:
    removal = Removal(Rubbish.NODE, store.folder("0" * 64), "0" * 64, 0)
    assert gc._remove(store.tree, removal) is False


def test_a_store_that_is_not_there_has_nothing_to_collect(tmp_path: Path) -> None:
    assert collect(Store(tmp_path / "none"), set()) == []
    assert not (tmp_path / "none").exists()
