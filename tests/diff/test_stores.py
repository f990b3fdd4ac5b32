"""Two stores held against each other: who has what alone, and what both have otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.diff.shown import markdown, print_text
from harness.diff.stores import compare_stores, told_of_stores
from harness.plan.node import Node
from harness.store.manifest import Provenance
from harness.store.publish import Partial
from harness.store.store import Store
from harness.terminal.output import table
from tests.cli.typed import typed

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND = (Node.of("train", 1, {"seed": seed}, {}) for seed in (0, 1))
NUMBERS = {"accuracy": 90.0, "history": [{"loss": 1.0}]}


def put(
    folder: Path,
    node: Node = FIRST,
    numbers: Mapping[str, Any] = NUMBERS,
    weights: bytes = b"weights",
    clock: float = 1.0,
    **made: Any,
) -> Path:
    store = Store(folder)
    with store.lease(node.key):
        found = store.claim(node)
        assert isinstance(found, Partial)
        (found.files / "metrics.json").write_text(json.dumps(numbers))
        (found.files / "timing.json").write_text(json.dumps({"seconds": clock}))
        (found.files / "network.safetensors").write_bytes(weights)
        store.publish(node, found, Provenance(WHEN, clock, environment=made))
    return folder


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return put(tmp_path / "a", code="one", packages={"torch": "2.14"})


def test_clocks_and_machines_alone_are_no_difference(a: Path, tmp_path: Path) -> None:
    b = put(tmp_path / "b", clock=2.0, code="two", packages={"torch": "2.15"})
    found = compare_stores(a, b)
    assert not found.differs
    assert (found.common, found.same) == (1, 1)
    changed = {one.name: (one.before, one.after) for one in found.environment}
    assert changed == {"code": ("one", "two"), "packages.torch": ("2.14", "2.15")}


def test_runs_of_one_alone_are_named(a: Path, tmp_path: Path) -> None:
    put(a, SECOND)
    b = put(tmp_path / "b")
    put(b, third := Node.of("train", 1, {"seed": 2}, {}))
    found = compare_stores(a, b)
    assert found.differs
    assert [one[:8] for one in found.only_before] == [SECOND.key[:8]]
    assert [one[:8] for one in found.only_after] == [third.key[:8]]


def test_numbers_that_differ_are_told_with_how_far(a: Path, tmp_path: Path) -> None:
    other = {"accuracy": 90.5, "history": [{"loss": 1.25}], "more": 1}
    b = put(tmp_path / "b", numbers=other)
    found = compare_stores(a, b)
    told = {one.name: (one.before, one.after, one.difference) for one in found.fields}
    assert told == {
        "accuracy": (90.0, 90.5, 0.5),
        "history.0.loss": (1.0, 1.25, 0.25),
        "more": (None, 1, None),
    }
    assert found.differs
    assert found.same == 0


@pytest.mark.parametrize(("within", "differs"), [(0.0, True), (0.4, True), (0.5, False)])
def test_numbers_close_enough_are_the_same(
    within: float, differs: bool, a: Path, tmp_path: Path
) -> None:
    b = put(tmp_path / "b", numbers=NUMBERS | {"accuracy": 90.5}, weights=b"others")
    found = compare_stores(a, b, within=within)
    assert found.differs is differs
    assert found.same == (not differs)


def test_other_bytes_are_a_difference_where_nothing_is_allowed(a: Path, tmp_path: Path) -> None:
    found = compare_stores(a, put(tmp_path / "b", weights=b"others"))
    assert found.differs
    assert list(found.others.values()) == [("network.safetensors",)]


def test_the_command_knows_a_store_from_results(
    a: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    b = put(tmp_path / "b", numbers=NUMBERS | {"accuracy": 91.0})
    said = typed(f"diff {a} {b}", monkeypatch, capsys)
    assert said.code == 1
    assert "1 run in both: 1 differ, 0 the same" in said.out
    assert "+1" in said.out
    assert typed(f"diff {a} {a} --markdown", monkeypatch, capsys).code == 0
    assert json.loads(typed(f"diff {a} {b} --json", monkeypatch, capsys).out)["differs"] is True
    mixed = typed(f"diff {tmp_path} {a}", monkeypatch, capsys)
    assert (mixed.code, "is a store, and " in mixed.err) == (2, True)


def test_both_forms_hold_every_section(a: Path, tmp_path: Path) -> None:
    import io

    put(a, SECOND)
    b = put(tmp_path / "b", numbers={"accuracy": 1}, weights=b"x", code="two")
    shown = told_of_stores(compare_stores(a, b))
    print_text(shown, Console(file=(out := io.StringIO()), width=200), table)
    for said in (out.getvalue(), markdown(shown)):
        for title in ("Only in A", "Numbers", "Other bytes", "Made with"):
            assert title in said


def test_bytes_that_their_record_hides_are_a_difference(a: Path, tmp_path: Path) -> None:
    """Both stores say that they have the same weights, and one of them has others."""
    b = put(tmp_path / "b")
    assert not compare_stores(a, b).differs
    changed = next(b.glob("nodes/*/*/network.safetensors"))
    changed.write_bytes(b"w3ights")
    found = compare_stores(a, b)
    assert found.differs
    assert (found.common, found.same) == (0, 0)  # nobody knows what it was
    shown = markdown(told_of_stores(found))
    assert shown.startswith("**Different.** 0 runs in both: 0 differ, 0 the same; 1 fault in what")
    assert "SHA-256" in shown
