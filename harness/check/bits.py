"""Whether runs give the very bits that they gave when golden values were measured.

They do where the processor is of the same class and the versions are the same; then a difference is
a finding even when every number is inside its tolerance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.plan.expand import PlannedExhibit
from harness.store.made import other_versions
from harness.store.manifest import Manifest
from harness.store.store import LOG_NAME

CLOCK = ("timing.json", LOG_NAME)  # the files of a run in which equal runs differ
LATER = ("errors.safetensors",)  # made since golden values were measured, by the same sweep


@dataclass(frozen=True)
class Repeat:
    """Runs beside those that golden values rest on: whether equal ones have to be equal to the bit
    (`exactly`), keys of those that are not, and what else there is to be told.
    """

    exactly: bool = False
    other: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def digest_of(manifest: Manifest) -> str:
    """Of everything that a run left, but for its clock and what runs of before do not have."""
    left_out = (*CLOCK, *LATER)
    files = {name: one.sha256 for name, one in manifest.files.items() if name not in left_out}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def repeated(
    planned: PlannedExhibit,
    manifests: Sequence[Manifest],
    provenance: Mapping[str, Any],
    seeds: Collection[int],
) -> Repeat:
    """The stored runs of an exhibit beside those that its golden values rest on, which were
    measured with these seeds and have this provenance.

    What was not kept is told, and not taken for equal: digests, and runs under other keys than the
    golden ones of the same seeds.
    """
    made_with = provenance.get("environment", {})
    mine = [one for one in manifests if same_arithmetic(one.environment, made_with)]
    if not mine:
        return Repeat()
    kept = provenance.get("keys", {})
    digests = kept if isinstance(kept, dict) else {}
    other = [one.key for one in mine if one.key in digests and digests[one.key] != digest_of(one)]
    versions = {other_versions(one.environment, made_with) for one in mine} - {""}
    notes = []
    if not digests:
        notes.append("bits are not compared: golden values keep no digests of their runs")
    wanted = {point.key for point in planned.points if point.seed in seeds}
    if unknown := wanted - set(kept):
        said = f"{len(unknown)} of {len(wanted)} runs have other keys than the golden ones"
        notes.append(f"{said}: their bits are not compared")
    if other and versions:
        said = f"other bits on the same class of processor, {'; '.join(sorted(versions))}"
        notes.append(f"{said}: {len(other)} of {len(mine)} runs")
        other = []
    return Repeat(not versions and len(mine) == len(manifests), tuple(other), tuple(notes))


def same_arithmetic(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Whether both environments say that their processors round alike."""
    return bool(here.get("arithmetic")) and here.get("arithmetic") == there.get("arithmetic")
