"""Stores made one: which run is taken where several have it, and what is made of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.diff.merged import Merged, merge_stores, record, sections
from harness.plan.node import Node
from harness.store.store import Store
from tests.diff.test_stores import FIRST, NUMBERS, SECOND, put

ON_FIRST = Node.of("cka", 1, {"images": 16}, {"x": FIRST.key})
ABOVE = Node.of("cka", 1, {"images": 32}, {"x": ON_FIRST.key})


def merged(into: Path, *folders: Path) -> Merged:
    (into / "work").mkdir(parents=True)
    stores = {folder.name: Store(folder) for folder in folders}
    return merge_stores(stores, Store(into / "store"), into / "work", lambda _: 0)


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return put(tmp_path / "a", code="one", processor="this")


def test_every_run_of_every_source_arrives(a: Path, tmp_path: Path) -> None:
    b = put(put(tmp_path / "b", clock=2.0, code="two"), SECOND)
    found = merged(tmp_path / "ab", a, b)
    assert [one[1:5] for one in found.brought] == [(1, 1, 0, 0), (2, 1, 1, 0)]
    assert {one.key for one in Store(tmp_path / "ab/store").manifests()} == {FIRST.key, SECOND.key}
    assert not found.contested
    assert found.sentence == "the one run that several have is the same"
    assert not [*(tmp_path / "ab/work").iterdir()]


def test_the_first_source_gives_a_run_that_others_have_otherwise(a: Path, tmp_path: Path) -> None:
    b = put(tmp_path / "b", numbers=NUMBERS | {"accuracy": 90.5}, code="two", processor="that")
    c = put(tmp_path / "c", weights=b"others", processor="a third")
    found = merged(tmp_path / "abc", a, b, c)
    machines = [(one.taken.machine, one.other.machine) for one in found.contested]
    assert machines == [("this", "that"), ("this", "a third")]
    assert [one.files for one in found.contested] == [(), ("network.safetensors",)]
    assert [one.difference for one in found.contested[0].fields] == [0.5]
    into = Store(tmp_path / "abc/store")
    assert into.get(FIRST.key) == Store(a).get(FIRST.key)
    first, *_ = sections(found)
    assert first.title == "Where the sources disagree"
    assert len(record(found)["disagreements"]) == 2


def test_another_instruction_set_is_told_as_what_the_records_have_otherwise(tmp_path: Path) -> None:
    told = {"code": "one", "processor": "this", "in_use": {"capability": "AVX512"}}
    a = put(tmp_path / "a", arithmetic={"flags": "f"}, **told)
    made = told | {"in_use": {"capability": "DEFAULT"}}
    forced = {"flags": "f", "ATEN_CPU_CAPABILITY": "default"}
    b = put(tmp_path / "b", numbers=NUMBERS | {"accuracy": 90.5}, arithmetic=forced, **made)
    found = merged(tmp_path / "ab", a, b)
    by_title = {one.title: one for one in sections(found)}
    assert by_title["Made with"].columns == ("what", "taken", "other", "in")
    assert {row[:3] for row in by_title["Made with"].rows} == {
        ("in_use.capability", "AVX512", "DEFAULT"),
        ("arithmetic.ATEN_CPU_CAPABILITY", "none", "default"),
    }
    (written,) = record(found)["disagreements"]
    assert {one["name"] for one in written["made_with"]} == {
        "in_use.capability",
        "arithmetic.ATEN_CPU_CAPABILITY",
    }


def test_runs_that_rest_on_one_that_was_not_taken_are_named(a: Path, tmp_path: Path) -> None:
    b = put(tmp_path / "b", numbers=NUMBERS | {"accuracy": 90.5})
    put(put(b, ON_FIRST), ABOVE)
    found = merged(tmp_path / "ab", a, b)
    assert {run[:8]: inner[:8] for run, inner in found.mixed.items()} == {
        ON_FIRST.key[:8]: FIRST.key[:8],
        ABOVE.key[:8]: FIRST.key[:8],
    }
    assert not merged(tmp_path / "ba", b, a).mixed  # all of b, and a has nothing of its own


def test_many_disagreements_are_counted_where_they_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.diff.merged.MOST", 2)
    nodes = [Node.of("train", 1, {"seed": seed}, {}) for seed in range(5)]
    for node in nodes:
        put(tmp_path / "a", node)
        put(tmp_path / "b", node, numbers={"accuracy": 1.0})
    found = merged(tmp_path / "ab", tmp_path / "a", tmp_path / "b")
    first, *_ = sections(found)
    assert "Left out here, in merged.json: 3 runs more." in first.note
    assert len(record(found)["disagreements"]) == 5
