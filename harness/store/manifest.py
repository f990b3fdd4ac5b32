"""The record beside a node's files: what it is, what it is made of, how and where it came about.

On disk it is readable JSON whose last field, the seal, is the SHA-256 of all the bytes before it: a
flipped bit in it is as visible as one in a file that it lists. Without the seal a changed headline
number would still be valid JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from harness.canonical import canonical_json, short
from harness.errors import ExitCode, HarnessError
from harness.files import NotPlainError, open_plain, write_durably
from harness.plan.node import Node
from harness.store.faults import Fault, FaultKind

SCHEMA_VERSION: Final = 1  # raised with tree.FORMAT, so that an older harness stops at the door
MANIFEST_NAME = "manifest.json"
LARGEST_BYTES = 64 << 20  # a real one has a few kB; more is not read into memory
_SEAL = re.compile(rb',\n "seal": "([0-9a-f]{64})"\n}\n')
_SEAL_BYTES = len(b',\n "seal": ""\n}\n') + 64


def _safe_name(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or str(path) != name or ".." in path.parts or name in ("", "."):
        raise ValueError("not a relative path inside the node")
    if "\\" in name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise ValueError("contains a backslash or a control character")
    if name == MANIFEST_NAME:
        raise ValueError("is the manifest itself")
    return name


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, AfterValidator(_safe_name)]
Timestamp = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z$")
]
Number = float | int | str | None


@dataclass(frozen=True)
class Provenance:
    """How a node came about: recorded, never part of its key."""

    started: datetime  # with a time zone; of the attempt that was published
    wall_s: float
    environment: Mapping[str, object] = field(default_factory=dict)  # versions, hardware, git …
    requested: Mapping[str, object] = field(default_factory=dict)  # what the user typed
    peak_memory_mb: float | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)  # headline numbers, for listings


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class FileRecord(_Record):
    """One file of a node as published."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Manifest(_Record):
    """A published node. Its mappings are read-only by type; the values inside are plain JSON."""

    schema_version: Literal[1] = SCHEMA_VERSION
    key: Sha256
    kind: Annotated[str, StringConstraints(min_length=1)]
    revision: int
    spec: Mapping[str, JsonValue]
    inputs: Mapping[str, Sha256]
    files: Mapping[FileName, FileRecord]
    environment: Mapping[str, JsonValue]
    requested: Mapping[str, JsonValue]
    started: Timestamp
    wall_s: Annotated[float, Field(ge=0)]
    peak_memory_mb: Annotated[float, Field(ge=0)] | None
    resumed: Annotated[int, Field(ge=0)]
    numbers: Mapping[str, Number]


def describe(
    node: Node, provenance: Provenance, files: Mapping[str, FileRecord], *, resumed: int
) -> Manifest:
    """The manifest of a finished run; raises HarnessError for what cannot be recorded."""
    started = provenance.started
    if started.tzinfo is None:
        raise HarnessError("started", "the time has no time zone", code=ExitCode.RUN_FAILED)
    fields = {
        **{name: getattr(node, name) for name in ("key", "kind", "revision")},
        "spec": dict(node.spec),
        "inputs": dict(node.inputs),
        "files": dict(files),
        **vars(provenance),
        "started": started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resumed": resumed,
    }
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        where, problem = _first_problem(error)
        raise HarnessError(f"node {node.key}: {where}", problem, code=ExitCode.RUN_FAILED) from None


def to_bytes(manifest: Manifest) -> bytes:
    """The text of the file; raises HarnessError for a value that JSON cannot hold."""
    record = manifest.model_dump(mode="python")
    canonical_json(record)  # refuses NaN and non-JSON values with their place
    body = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False).encode()
    body = body.removesuffix(b"\n}")
    return body + f',\n "seal": "{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into a node's folder, whole or not at all."""
    write_durably(folder / MANIFEST_NAME, to_bytes(manifest))


def read_manifest(folder: Path, key: str) -> Manifest | Fault:
    """The manifest in `folder`, which should be that of node `key`, or what is wrong with it."""
    place = folder / MANIFEST_NAME
    try:
        with open_plain(place) as file:
            text = file.read(LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Fault(FaultKind.MANIFEST_MISSING, folder, key)
    except NotPlainError:
        return Fault(FaultKind.MANIFEST_ODD, place, key)
    except OSError as error:
        return Fault(FaultKind.MANIFEST_UNREADABLE, place, key, error.strerror or str(error))
    found = parse(text)
    if not isinstance(found, Manifest):
        return Fault(found[0], place, key, found[1])
    if found.key != key:
        return Fault(FaultKind.KEY_ELSEWHERE, place, key, f"node {short(found.key)}")
    return found


def parse(text: bytes) -> Manifest | tuple[FaultKind, str]:
    """The manifest in the bytes of its file, or the kind of fault and what was found."""
    if len(text) > LARGEST_BYTES:
        return FaultKind.MANIFEST_INVALID, f"larger than {LARGEST_BYTES} bytes"
    body, seal = text[:-_SEAL_BYTES], _SEAL.fullmatch(text[-_SEAL_BYTES:])
    if seal is None or hashlib.sha256(body).hexdigest().encode() != seal[1]:
        return FaultKind.MANIFEST_CHANGED, ""
    try:
        return Manifest.model_validate_json(body + b"\n}")
    except ValidationError as error:
        where, problem = _first_problem(error)
        is_version = where == "schema_version"
        kind = FaultKind.MANIFEST_VERSION if is_version else FaultKind.MANIFEST_INVALID
        return kind, f"{where}: {problem}"


def _first_problem(error: ValidationError) -> tuple[str, str]:
    """Dotted place and sentence of the first fault that pydantic found."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"]) or "manifest", first["msg"]
