"""The manifest's bytes: read back exactly, sealed against any change, and never a crash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import LARGEST, identity_key
from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import (
    FileRecord,
    Manifest,
    Provenance,
    describe,
    parse,
    read_manifest,
    to_bytes,
    write_manifest,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


@pytest.fixture
def manifest(identity: Node, provenance: Provenance) -> Manifest:
    return describe(identity, provenance, {"a": FileRecord(sha256="0" * 64, bytes=3)}, resumed=1)


def sealed(body: bytes) -> bytes:
    return body + b',\n "seal": "%s"\n}\n' % hashlib.sha256(body).hexdigest().encode()


def body_of(manifest: Manifest, **changes: object) -> bytes:
    record = {**manifest.model_dump(), **changes}
    return json.dumps(record, indent=1).encode().removesuffix(b"\n}")


def fault_of(text: bytes) -> FaultKind:
    found = parse(text)
    assert not isinstance(found, Manifest)
    return found[0]


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_any_spec_comes_back_with_the_same_key(spec: dict[str, object]) -> None:
    from datetime import UTC, datetime

    identity = Node.of("train", 1, spec, {})
    provenance = Provenance(datetime(2026, 1, 1, tzinfo=UTC), 0.1, environment=spec)
    back = parse(to_bytes(describe(identity, provenance, {}, resumed=0)))
    assert isinstance(back, Manifest)
    assert identity_key(back.kind, back.revision, back.spec, back.inputs) == identity.key


def test_it_is_json_for_other_readers(manifest: Manifest) -> None:
    record = json.loads(to_bytes(manifest))
    seal = record.pop("seal")
    assert len(seal) == 64
    assert record == manifest.model_dump()


def test_no_byte_can_change_unseen(manifest: Manifest) -> None:
    text = to_bytes(manifest)
    for place in range(len(text)):
        changed = bytearray(text)
        changed[place] ^= 1
        assert fault_of(bytes(changed)) is FaultKind.MANIFEST_CHANGED, place
        assert fault_of(text[:place]) is FaultKind.MANIFEST_CHANGED, place


def test_a_value_that_json_cannot_hold_is_refused(manifest: Manifest) -> None:
    spec = manifest.model_copy(update={"spec": {"lr": float("nan")}})
    with pytest.raises(HarnessError, match=r"spec\.lr"):
        to_bytes(spec)


@pytest.mark.parametrize(
    ("changes", "kind", "detail"),
    [
        ({"schema_version": 2}, FaultKind.MANIFEST_VERSION, "schema_version"),
        ({"wall_s": "12"}, FaultKind.MANIFEST_INVALID, "wall_s"),
        ({"revision": True}, FaultKind.MANIFEST_INVALID, "revision"),
        ({"extra": 1}, FaultKind.MANIFEST_INVALID, "extra"),
        ({"wall_s": float("nan")}, FaultKind.MANIFEST_INVALID, "wall_s"),
        ({"files": {"../x": {"sha256": "0" * 64, "bytes": 1}}}, FaultKind.MANIFEST_INVALID, "../x"),
    ],
)
def test_a_wrong_record_is_named_even_under_a_right_seal(
    manifest: Manifest, changes: dict[str, object], kind: FaultKind, detail: str
) -> None:
    found = parse(sealed(body_of(manifest, **changes)))
    assert not isinstance(found, Manifest)
    assert found[0] is kind
    assert detail in found[1]


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_fault_not_a_crash(text: bytes) -> None:
    assert fault_of(text) is FaultKind.MANIFEST_CHANGED
    assert fault_of(sealed(text)) is FaultKind.MANIFEST_INVALID


@given(st.dictionaries(TEXT, JSON, min_size=1, max_size=5))
def test_arbitrary_json_is_a_fault_not_a_crash(record: dict[str, object]) -> None:
    body = json.dumps(record, indent=1).encode().removesuffix(b"\n}")
    assert fault_of(sealed(body)) in {FaultKind.MANIFEST_INVALID, FaultKind.MANIFEST_VERSION}


def test_deep_json_is_a_fault_not_a_crash() -> None:
    body = b'{\n "spec": ' + b"[" * 100_000 + b"]" * 100_000
    assert fault_of(sealed(body)) is FaultKind.MANIFEST_INVALID


def test_what_stands_in_a_folder(tmp_path: Path, manifest: Manifest) -> None:
    folder = tmp_path / "node"

    def kind(key: str = manifest.key) -> FaultKind:
        found = read_manifest(folder, key)
        assert isinstance(found, Fault)
        return found.kind

    assert kind() is FaultKind.MANIFEST_MISSING
    folder.mkdir()
    assert kind() is FaultKind.MANIFEST_MISSING
    write_manifest(folder, manifest)
    assert read_manifest(folder, manifest.key) == manifest
    assert kind("1" * 64) is FaultKind.KEY_ELSEWHERE
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_manifest_that_is_no_file_neither_blocks_nor_is_read(
    tmp_path: Path, make: object
) -> None:
    make(tmp_path / "manifest.json")  # type: ignore[operator]
    found = read_manifest(tmp_path, "0" * 64)
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.MANIFEST_ODD
