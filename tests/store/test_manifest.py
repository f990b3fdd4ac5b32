"""What a manifest takes, and what it refuses by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store.manifest import FileRecord, Manifest, Provenance, describe

FILE = FileRecord(sha256="0" * 64, bytes=3)


def test_the_start_is_written_in_utc(identity: Node) -> None:
    east = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    manifest = describe(identity, Provenance(east, 1.0), {}, resumed=0)
    assert manifest.started == "2025-12-31T22:30:00Z"


def test_a_time_without_zone_is_refused(identity: Node) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(HarnessError, match="no time zone"):
        describe(identity, Provenance(naive, 1.0), {}, resumed=0)


def test_a_manifest_is_frozen(identity: Node, provenance: Provenance) -> None:
    manifest = describe(identity, provenance, {}, resumed=0)
    with pytest.raises(ValidationError, match="frozen"):
        manifest.kind = "other"  # type: ignore[misc]


def test_it_gives_its_identity_back(identity: Node, provenance: Provenance) -> None:
    made = describe(identity, provenance, {"a": FILE}, resumed=2)
    assert Node(made.key, made.kind, made.revision, made.spec, made.inputs) == identity


@pytest.mark.parametrize(
    "change",
    [
        {"wall_s": -1.0},
        {"wall_s": float("nan")},
        {"numbers": {"accuracy": float("nan")}},
        {"numbers": {"accuracy": [1]}},
        {"environment": {"git": object()}},
        {"peak_memory_mb": "much"},
    ],
)
def test_a_field_that_cannot_be_recorded_is_named(
    identity: Node, provenance: Provenance, change: dict[str, Any]
) -> None:
    with pytest.raises(HarnessError) as caught:
        describe(identity, replace(provenance, **change), {}, resumed=0)
    assert next(iter(change)) in caught.value.where


@pytest.mark.parametrize(
    "name",
    ["", ".", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a\\b", "a\nb", "manifest.json"],
)
def test_a_file_name_never_leaves_the_node(identity: Node, name: str) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(
            {
                "key": identity.key,
                "kind": "train",
                "revision": 1,
                "spec": {},
                "inputs": {},
                "files": {name: FILE},
                "environment": {},
                "requested": {},
                "started": "2026-01-01T00:00:00Z",
                "wall_s": 0.0,
                "peak_memory_mb": None,
                "resumed": 0,
                "numbers": {},
            }
        )


def test_a_key_of_something_else_is_refused(identity: Node) -> None:
    replace(identity).require_own_key()
    with pytest.raises(HarnessError, match="does not follow"):
        replace(identity, revision=2).require_own_key()
    with pytest.raises(HarnessError, match="not a key"):
        replace(identity, key="../../etc").require_own_key()
