"""Whether the canary holds: every trace against what is kept of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.canary.kept import Kept
from harness.canary.task import Done, Numbers, Series, Value
from harness.check.bits import same_arithmetic
from harness.store.made import other_versions

NAMED = 2  # traces of a finding that many share
FORCED = ("train", "late", "last")  # kinds whose real arithmetic is one of forced steps
SAME = "on the class of processor of the kept values"
_NOT_IN_REAL = ("lr", "right", "update", "update projected")
"""Given, a count, and a small difference of large weights, of which float32 keeps few digits."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold, in a sentence."""

    trace: str
    said: str

    @property
    def sentence(self) -> str:
        return f"{self.trace}: {self.said}"


@dataclass(frozen=True)
class Verdict:
    """What does not hold, what else is to be told, and the largest deviation by kind."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    largest: Mapping[str, float]

    @property
    def sentences(self) -> Iterator[str]:
        """The findings, what many traces share said once."""
        shared: dict[str, list[str]] = {}
        for finding in self.findings:
            shared.setdefault(finding.said, []).append(finding.trace)
        for said, traces in shared.items():
            more = f" and {len(traces) - NAMED} more" if len(traces) > NAMED else ""
            yield f"{'; '.join(traces[:NAMED])}{more}: {said}"


def judged(done: Sequence[Done], kept: Kept, made_with: Mapping[str, Any]) -> Verdict:
    """Hold what came of the tasks against what is kept; `made_with` is the environment
    here, without arithmetic where it is not the processor's.

    Where the processor is that of the kept values, so are the bits: others are a finding of their
    own, or told where other versions explain them.
    """
    there = {(one.kind, one.name) for one in done}
    wanted = [(kind, name) for kind, traces in kept.traces.items() for name in traces]
    lost = "was not run, and values are kept of it"
    findings = [Finding(name, lost) for kind, name in wanted if (kind, name) not in there]
    largest: dict[str, float] = {}
    for one in done:
        findings += findings_of(one, kept, largest)
    made_there, digests = kept.provenance.environment, kept.provenance.digests
    if not same_arithmetic(made_with, made_there):
        note = "bits are not compared: the values kept are of another class of processor"
        return Verdict(tuple(findings), (note,), largest)
    other = [one.name for one in done if digests.get(one.name) != one.digest]
    versions = other_versions(made_with, made_there)
    if other and versions:
        note = f"other bits than kept in {len(other)} traces, by other versions: {versions}"
        return Verdict(tuple(findings), (note,), largest)
    told = {finding.trace for finding in findings}
    said = f"other bits {SAME}, by the same versions"
    findings += (Finding(name, said) for name in other if name not in told)
    return Verdict(tuple(findings), (), largest)


def findings_of(one: Done, kept: Kept, largest: dict[str, float]) -> Iterator[Finding]:
    """What does not hold of one run but for its bits; notes the largest deviations by kind."""
    if one.problem:
        yield Finding(one.name, f"does not run: {one.problem}")
        return
    golden = kept.traces.get(one.kind, {}).get(one.name)
    limit = kept.limits.exact.get(one.kind)
    if limit is None:
        yield Finding(one.name, f"limits.toml has no limit of kind {one.kind} under [exact]")
        return
    if golden is None:
        yield Finding(one.name, f"no values of kind {one.kind} are kept of it")
        return

    def note(kind: str, apart: float) -> None:
        largest[kind] = max(largest.get(kind, 0.0), apart)

    note(f"{one.kind} f64", 0.0)
    found = _exact(one.exact, golden, limit.tolerance)
    for _, said, apart in sorted(found, key=lambda found: found[0]):
        note(f"{one.kind} f64", apart)
        if said:
            yield Finding(one.name, said)
    for precision, real in one.real.items():
        apart_by_name = _forced(one, real, kept) if one.kind in FORCED else _real(one, real)
        for said, apart in apart_by_name:
            part = f" {said.split()[0]}" if one.kind in FORCED else ""
            note(f"{one.kind} {precision}{part}", apart)
            allowed = kept.limits.of_real(precision, one.kind, said)
            if apart > allowed:
                far = f"{apart:.1g} from float64, tolerance {allowed:g}"
                yield Finding(one.name, f"{precision}: {said} {far}")


def _exact(found: Series, golden: Series, limit: float) -> Iterator[tuple[int, str, float]]:
    """Of each quantity in float64, the step of the first value that differs from what is kept, what
    is to be said of it, and how far any lies away. The first step is nearest to the cause.
    """
    for name in golden:
        if name not in found:
            yield -1, f"{name} is missing", 0.0
    for name, values in found.items():
        kept = golden.get(name)
        if kept is None:
            yield -1, f"{name} is new: no value is kept of it", 0.0
        elif len(values) != len(kept):
            yield -1, f"{name} has {len(values)} values instead of {len(kept)}", 0.0
        else:
            apart = _apart(values, kept)
            at = next((step for step, far in enumerate(apart) if far > limit), -1)
            said = ""
            if at >= 0:
                # series of a training's steps have a plain name, those of a record the path in it
                where = f"value {at} of {name}" if "." in name else f"step {at}, {name}"
                far = f"{apart[at]:.1g} relative, " if math.isfinite(apart[at]) else ""
                instead = f"{_shown(values[at])} instead of {_shown(kept[at])}"
                said = f"{where} {instead}, {far}tolerance {limit:g}"
            yield at, said, max(apart, default=0.0)


def _real(one: Done, real: Series) -> Iterator[tuple[str, float]]:
    """Of each quantity of a measure in real arithmetic, its distance from float64."""
    if set(real) - set(one.exact):
        yield "other quantities", math.inf
        return
    for name, values in real.items():
        if len(values) != len(one.exact[name]):
            yield f"another number of {name}", math.inf
        else:
            yield name, max(_apart(values, one.exact[name]), default=0.0)


def _forced(one: Done, real: Series, kept: Kept) -> Iterator[tuple[str, float]]:
    """Of each quantity of forced steps, what the share of them that must exceed a limit exceeds or
    meets, whatever single spikes flipped. A norm is relative to itself, a projection to its norm.
    Float64 may have more steps, evenly between.
    """
    for name, values in real.items():
        if name in _NOT_IN_REAL:
            continue
        every = -(-len(one.exact[name]) // len(values))
        norms = one.exact[name.removesuffix(" projected")][::every]
        exact = one.exact[name][::every]
        apart = [
            _off(a, b, abs(float(norm or 0.0)))
            for a, b, norm in zip(values, exact, norms, strict=True)
        ]
        said = f"{name} of most of {len(apart)} steps"
        yield said, sorted(apart, reverse=True)[math.ceil(kept.limits.share * len(apart)) - 1]


def _apart(values: Numbers, others: Numbers) -> list[float]:
    """How far each lies from the other, relative to the largest size among these."""
    sizes = [abs(one) for one in others if isinstance(one, int | float)]
    scale = max((one for one in sizes if math.isfinite(one)), default=0.0)
    return [_off(one, other, scale) for one, other in zip(values, others, strict=True)]


def _off(found: Value, golden: Value, scale: float) -> float:
    """How far a value lies from another, relative to `scale`; infinite where they cannot be
    compared, 0 where both are undefined or the same word.
    """
    if isinstance(found, int | float) and isinstance(golden, int | float):
        apart = abs(found - golden)
        if math.isnan(apart):
            return math.inf
        return apart / scale if scale else (math.inf if apart else 0.0)
    return 0.0 if found == golden else math.inf


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return "undefined" if value is None else value
