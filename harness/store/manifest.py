"""The record beside a node's files: what it is, what it is made of, how and where it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from harness.canonical import identity_key, is_key
from harness.errors import ExitCode, HarnessError

SCHEMA_VERSION: Final = (
    1  # raise it together with tree.FORMAT, so that an older harness stops at the door
)
MANIFEST_NAME = "manifest.json"


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
class Identity:
    """All that decides what a node contains, in plain JSON values, and the key made from it."""

    kind: str
    revision: int
    spec: Mapping[str, object]
    inputs: Mapping[str, str]  # name of the input -> key of the node that it comes from
    key: str

    @classmethod
    def of(
        cls, kind: str, revision: int, spec: Mapping[str, object], inputs: Mapping[str, str]
    ) -> Self:
        """The identity with its key worked out."""
        return cls(kind, revision, spec, inputs, identity_key(kind, revision, spec, inputs))

    def require_own_key(self) -> None:
        """Raise HarnessError where the key is not that of the content (right name, wrong run)."""
        if not is_key(self.key):
            raise HarnessError(f"node {self.key!r}", "not a key (64 hexadecimal digits)")
        if self.key != identity_key(self.kind, self.revision, self.spec, self.inputs):
            raise HarnessError(
                f"node {self.key}", "the key does not follow from kind, revision, spec and inputs"
            )


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

    @property
    def identity(self) -> Identity:
        """The part that the key is made of."""
        return Identity(self.kind, self.revision, self.spec, self.inputs, self.key)


def describe(
    identity: Identity, provenance: Provenance, files: Mapping[str, FileRecord], *, resumed: int
) -> Manifest:
    """The manifest of a finished run; raises HarnessError for what cannot be recorded."""
    started = provenance.started
    if started.tzinfo is None:
        raise HarnessError("started", "the time has no time zone", code=ExitCode.RUN_FAILED)
    fields = {
        "key": identity.key,
        "kind": identity.kind,
        "revision": identity.revision,
        "spec": dict(identity.spec),
        "inputs": dict(identity.inputs),
        "files": dict(files),
        "environment": dict(provenance.environment),
        "requested": dict(provenance.requested),
        "started": started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "wall_s": provenance.wall_s,
        "peak_memory_mb": provenance.peak_memory_mb,
        "resumed": resumed,
        "numbers": dict(provenance.numbers),
    }
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        where, problem = first_problem(error)
        raise HarnessError(
            f"node {identity.key}: {where}", problem, code=ExitCode.RUN_FAILED
        ) from None


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Dotted place and sentence of the first fault that pydantic found."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"]) or "manifest", first["msg"]
