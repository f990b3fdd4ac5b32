"""Whether the canary holds: every trace against what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.canary.held import Finding, deviations, exact_findings, off, scale_of, settled
from harness.canary.kept import Kept, Limits
from harness.canary.task import Done
from harness.check.bits import other_versions, same_arithmetic

NAMED = 2  # traces of a finding that many share
FORCED = ("train", "late")  # kinds whose real arithmetic is one of forced steps
SAME = "on the class of processor of the kept values"


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
    """
    there = {(one.kind, one.name): one for one in done}
    findings: list[Finding] = []
    for kind, traces in kept.traces.items():
        for name in traces:
            if (kind, name) not in there:
                findings.append(Finding(name, "was not run, and values are kept of it"))
    largest: dict[str, float] = {}
    for one in done:
        findings += findings_of(one, kept, largest)
    other = _other_bits(done, kept, made_with)
    versions = other_versions(made_with, kept.environment)
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
    if golden is None or limit is None:
        yield Finding(one.name, f"no values of kind {one.kind} are kept of it")
        return
    yield from exact_findings(one.name, one.exact, golden, limit)
    _note(largest, f"{one.kind} f64", _largest(one.exact, golden))
    for precision, real in one.real.items():
        found = _real(one, real, kept.limits)
        for said, apart in found:
            part = f" {said.split()[0]}" if one.kind in FORCED else ""
            _note(largest, f"{one.kind} {precision}{part}", apart)
        for said, apart in found:
            allowed = kept.limits.of_real(precision, one.kind, said)
            if apart > allowed:
                yield Finding(
                    one.name, f"{precision}: {said} {apart:.1g} from float64, tolerance {allowed:g}"
                )


def _real(one: Done, real: Any, limits: Limits) -> list[tuple[str, float]]:
    """Of each quantity in real arithmetic, its distance from float64."""
    if one.kind in FORCED:
        return [
            (f"{name} of most of {len(apart)} steps", settled(apart, limits.share))
            for name, apart in deviations(real, one.exact).items()
        ]
    if set(real) - set(one.exact):
        return [("other quantities", float("inf"))]
    found = []
    for name, values in real.items():
        exact = one.exact[name]
        if len(values) != len(exact):
            found.append((f"another number of {name}", float("inf")))
            continue
        scale = scale_of(exact)
        apart = max((off(a, b, scale) for a, b in zip(values, exact, strict=True)), default=0.0)
        found.append((name, apart))
    return found


def _largest(found: Any, golden: Any) -> float:
    return max(
        (
            off(a, b, scale_of(golden[name]))
            for name, values in found.items()
            if name in golden
            for a, b in zip(values, golden[name], strict=False)
        ),
        default=0.0,
    )


def _note(largest: dict[str, float], name: str, apart: float) -> None:
    largest[name] = max(largest.get(name, 0.0), apart)


def _other_bits(done: Sequence[Done], kept: Kept, made_with: Mapping[str, Any]) -> list[str]:
    """Traces whose numbers are not the kept ones to the bit, where the processor says they are."""
    if not same_arithmetic(made_with, kept.environment):
        return []
    digests = kept.provenance.get("digests", {})
    return [one.name for one in done if digests.get(one.name, one.digest) != one.digest]
