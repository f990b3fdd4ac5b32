"""A store in a temporary folder, and small nodes to put into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.plan.node import Node
from harness.store.manifest import Manifest, Provenance
from harness.store.publish import Partial
from harness.store.store import Store

STARTED = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
FILES: Mapping[str, bytes] = {"weights.bin": bytes(range(256)), "curves/loss.json": b"[1.5, 0.5]"}

Publish = Callable[..., Manifest]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def identity() -> Node:
    return Node.of("train", 1, {"recipe": {"epochs": 3, "lr": 0.1}}, {})


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        started=STARTED,
        wall_s=12.5,
        environment={"python": "3.11", "git": None},
        requested={"set": ["recipe.epochs=3"]},
        peak_memory_mb=100.0,
        numbers={"accuracy": 89.67, "epochs": 3, "note": None},
    )


@pytest.fixture
def publish(store: Store, provenance: Provenance) -> Publish:
    """Run a node the way an executor does, with the files given."""

    def run(identity: Node, files: Mapping[str, bytes] = FILES) -> Manifest:
        with store.lease(identity.key):
            found = store.claim(identity)
            assert isinstance(found, Partial)
            for name, content in files.items():
                path = found.files / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            return store.publish(identity, found, provenance)

    return run
