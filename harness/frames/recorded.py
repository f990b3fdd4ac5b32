"""What the store holds for an exhibit, read once and checked; IO is here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import HarnessError
from harness.plan.expand import PlannedExhibit
from harness.store.manifest import Manifest

ARRAYS = "arrays"
NOT_RUN = "nothing is stored under its key"


class Artifacts(Protocol):
    """The part of the store that a frame needs."""

    def get(self, key: str) -> Manifest | None:
        """The manifest of a stored node."""
        ...

    def read_bytes(self, key: str, name: str) -> bytes:
        """A file of a stored node, its checksum compared."""
        ...


@dataclass(frozen=True)
class Without:
    """The store as if nothing stood under the keys that `failed`. A run that failed leaves what an
    older one stored where it was, and a command must not take that for its own.
    """

    artifacts: Artifacts
    failed: Container[str]

    def get(self, key: str) -> Manifest | None:
        """The manifest of a stored node that did not fail."""
        return None if key in self.failed else self.artifacts.get(key)

    def read_bytes(self, key: str, name: str) -> bytes:
        """A file of a stored node that did not fail."""
        if key in self.failed:
            raise HarnessError(f"node {key[:8]}: {name}", "is of an older run: the latest failed")
        return self.artifacts.read_bytes(key, name)


@dataclass(frozen=True)
class Absence:
    """Why a node gave nothing; `failed` tells a run that went wrong from one that never began."""

    reason: str
    failed: bool


@dataclass(frozen=True)
class Recorded:
    """The content of each node by key, and the reason for each that gave none. What a node keeps
    as tensors stands under `ARRAYS`.
    """

    contents: Mapping[str, Mapping[str, Any]]
    absent: Mapping[str, Absence]


def recorded(
    planned: PlannedExhibit, artifacts: Artifacts, failures: Mapping[str, str]
) -> Recorded:
    """Read the file of every point's node. `failures` holds, by key, why a run went wrong."""
    contents: dict[str, Mapping[str, Any]] = {}
    absent: dict[str, Absence] = {}
    for key, measure in {point.key: point.measure for point in planned.points}.items():
        if (made := artifacts.get(key)) is None:
            failed = key in failures
            absent[key] = Absence(failures[key] if failed else NOT_RUN, failed)
            continue
        try:
            content = _parsed(artifacts.read_bytes(key, measure.file), key, measure.file)
            arrays = _arrays(artifacts, key, measure.arrays) if measure.arrays else {}
            if measure.beside in made.files:
                arrays |= _arrays(artifacts, key, measure.beside)
            contents[key] = {**content, ARRAYS: arrays} if measure.arrays else content
        except HarnessError as error:
            absent[key] = Absence(str(error), failed=True)
    return Recorded(contents, absent)


def _arrays(artifacts: Artifacts, key: str, name: str) -> dict[str, Any]:
    """The tensors of a stored file as NumPy arrays."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(artifacts.read_bytes(key, name)))
    except SafetensorError as error:
        raise HarnessError(f"node {key[:8]}: {name}", f"is no tensor file: {error}") from error


def _parsed(raw: bytes, key: str, name: str) -> Mapping[str, Any]:
    try:
        content = json.loads(raw)
        problem = "is no JSON object"
    except (ValueError, RecursionError) as error:
        content, problem = None, f"is not JSON: {error}"
    if not isinstance(content, dict):
        raise HarnessError(f"node {key[:8]}: {name}", problem)
    return content
