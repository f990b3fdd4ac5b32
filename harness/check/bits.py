"""Whether runs give the very bits that they gave when golden values were measured.

They do where the processor is of the same class and the versions are the same; then a difference is
a finding even when every number is inside its tolerance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files import read_plain
from harness.frames.recorded import Artifacts
from harness.plan.expand import Plan
from harness.store.made import other_versions
from harness.store.manifest import Manifest
from harness.store.store import LOG_NAME

CLOCK = ("timing.json", LOG_NAME)  # the files of a run in which equal runs differ


@dataclass(frozen=True)
class OtherBits:
    """Keys of runs that give other bits, and the versions by which they may: none is a finding."""

    keys: tuple[str, ...]
    versions: str


def digest_of(manifest: Manifest) -> str:
    """Of everything that a run left, but for its clock."""
    files = {name: one.sha256 for name, one in manifest.files.items() if name not in CLOCK}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def other_bits(provenance: Path, manifests: Iterable[Manifest]) -> OtherBits:
    """The runs that the golden values of `provenance` rest on, and that give other bits although
    they were made on the same class of processor.

    Raises:
        HarnessError: the file is none that `harness golden` writes.
    """
    said = _read(provenance)
    known, made_with = said.get("keys", {}), said.get("environment", {})
    if not isinstance(known, dict):  # of a time that kept no digests
        return OtherBits((), "")
    other = [
        one
        for one in manifests
        if same_arithmetic(one.environment, made_with)
        and known.get(one.key, digest_of(one)) != digest_of(one)
    ]
    versions = {other_versions(one.environment, made_with) for one in other}
    return OtherBits(tuple(one.key for one in other), "; ".join(sorted(filter(None, versions))))


def runs_with_other_bits(
    plan: Plan, folder: Path, artifacts: Artifacts
) -> Iterator[tuple[str, OtherBits]]:
    """Each exhibit of the plan with runs that give other bits than when the golden values in
    `folder` were measured. IO: reads provenance files and manifests.
    """
    for one in plan.exhibits:
        path = folder / f"{Path(one.exhibit.golden or one.exhibit.id).stem}.provenance.json"
        if path.is_file():
            other = other_bits(path, filter(None, map(artifacts.get, one.nodes)))
            if other.keys:
                yield one.exhibit.id, other


def same_arithmetic(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Whether both environments say that their processors round alike."""
    return bool(here.get("arithmetic")) and here.get("arithmetic") == there.get("arithmetic")


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(read_plain(path))
    except (OSError, ValueError) as error:
        raise HarnessError(path.name, f"cannot be read: {error}", hint="harness golden") from error
    if not isinstance(said, dict):
        raise HarnessError(path.name, "holds no provenance", hint="harness golden")
    return said
