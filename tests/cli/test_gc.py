"""`harness gc` on a terminal: it says what would go, and only a yes lets it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.plan.node import Node
from harness.store.manifest import Provenance
from harness.store.publish import Partial
from harness.store.store import Store
from tests.cli.typed import typed

NODE = Node.of("train", 1, {"epochs": 3}, {})
STUDY = "harness reproduce fig2 --set depth=32"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "code", "stored"), [("y\n", 0, 0), ("n\n", 2, 1), ("\n", 2, 1), ("", 2, 1)]
)
def test_what_another_study_made_goes_only_after_a_yes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    stored: int,
) -> None:
    store = Store(tmp_path / "store")
    with store.lease(NODE.key):
        found = store.claim(NODE)
        assert isinstance(found, Partial)
        when = datetime(2026, 1, 1, tzinfo=UTC)
        store.publish(NODE, found, Provenance(when, 1.0, requested={"command": STUDY}))
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", Terminal())
    said = typed(f"gc --store {store.root}", monkeypatch, capsys)
    assert f"{store.folder(NODE.key)}: a stored node that nothing" in said.out
    assert f"made by {STUDY}" in said.out
    assert ("1 thing, " in said.out and " freed" in said.out) == (code == 0)
    assert said.code == code
    assert len(store.manifests()) == stored
