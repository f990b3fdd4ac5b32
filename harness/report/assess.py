"""Each exhibit of a plan: its frame, and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.check.verdict import Verdict, judge, settle
from harness.frames.frame import Frame, frame_of
from harness.frames.recorded import Artifacts
from harness.plan.expand import Plan, PlannedExhibit
from harness.spec.profile import Profile


@dataclass(frozen=True)
class Assessed:
    """One exhibit with all that is to be said of it."""

    planned: PlannedExhibit
    frame: Frame
    verdict: Verdict


def assess(
    plan: Plan,
    profile: Profile,
    artifacts: Artifacts,
    golden: Path,
    failures: Mapping[str, str],
) -> tuple[Assessed, ...]:
    """Read what is stored and hold it against the golden values. IO: reads store and golden files.

    `failures` says by key why a run went wrong.

    Raises:
        HarnessError: a golden file is wrong, or a stored file lacks a field.
    """
    frames = [frame_of(planned, artifacts, failures) for planned in plan.exhibits]
    verdicts = settle(
        judge(planned, frame, profile, golden, failures)
        for planned, frame in zip(plan.exhibits, frames, strict=True)
    )
    return tuple(map(Assessed, plan.exhibits, frames, verdicts))
