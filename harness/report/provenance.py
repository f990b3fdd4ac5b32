"""Where the numbers of an exhibit come from: spec, keys, seeds, data, machine, command."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.canonical import flatten
from harness.execute.events import Failed
from harness.plan.expand import Plan, PlannedExhibit
from harness.report import wording
from harness.report.view import Fact, FailureView, NodeView, Provenance
from harness.spec.document import Document
from harness.spec.profile import Profile
from harness.store.manifest import Manifest

Manifests = Mapping[str, Manifest | None]
SHORT = 8  # digits of a key that people read


def provenance(
    planned: PlannedExhibit,
    plan: Plan,
    document: Document,
    profile: Profile,
    manifests: Manifests,
    failures: Mapping[str, Failed],
) -> Provenance:
    """The provenance of one exhibit."""
    stored = [one for key in planned.nodes if (one := manifests.get(key)) is not None]
    return Provenance(
        facts=tuple(_facts(planned, stored)),
        settings=tuple(shared_settings([_own(plan.nodes[key].spec) for key in planned.nodes])),
        environment=tuple(_environment(stored)),
        nodes=tuple(
            _node(key, plan.nodes[key].label, manifests.get(key), key in failures)
            for key in planned.nodes
        ),
        widest=max(len(plan.nodes[key].label) for key in planned.nodes),
        spec_name=document.shown,
        spec_text=document.text,
        command=command(planned, profile),
    )


def command(planned: PlannedExhibit, profile: Profile) -> str:
    """What reproduces exactly this exhibit, ready to be pasted into a shell."""
    words = ["python", "-m", "harness", "reproduce", planned.exhibit.id, "--profile", profile.id]
    for typed in planned.overridden:
        words += ["--set", typed]
    if any(point.run.dataset.is_repacked for point in planned.points):
        words.append("--repacked-data")
    if planned.brought and planned.brought.given:
        words += ["--weights", planned.brought.given.path]
    return shlex.join(words)


def _facts(planned: PlannedExhibit, stored: Sequence[Manifest]) -> Iterator[Fact]:
    seeds = dict.fromkeys(point.seed for point in planned.points)
    if not planned.exhibit.at_published_size:
        yield Fact("seeds", ", ".join(map(str, seeds)))
        for data in dict.fromkeys(point.run.dataset for point in planned.points):
            yield Fact("data", data.provenance)
    if planned.brought and planned.brought.given:
        given, published = planned.brought.given, planned.brought.published
        which = f"{'' if planned.brought.are_published else 'not '}the published ones"
        found = f"{Path(given.path).name} {given.checksum}"
        yield Fact("weights", f"{found}, {which} ({published.name})")
    took = sum(one.wall_s for one in stored)
    total = wording.counted(len(planned.nodes), "run")
    yield Fact("runs", f"{len(stored)} of {total} stored, {wording.duration(took)} in all")
    for label, name in (("code", "git"), ("machine", "processor")):
        said = dict.fromkeys(str(one.environment.get(name) or "") for one in stored)
        if any(said):
            yield Fact(label, ", ".join(word or "not known" for word in said))
    resumed = sum(one.resumed > 0 for one in stored)
    if resumed:
        yield Fact("resumed", f"{wording.counted(resumed, 'run')} went on after an interruption")


def _own(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """A spec without those of the trainings that it measures: they are runs of the plan, too."""
    return {name: value for name, value in spec.items() if name not in ("x", "y")}


def shared_settings(specs: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
    """Each field of the runs: its value where all have the same, else the values that occur."""
    seen: dict[str, Counter[str]] = {}
    for spec in specs:
        for name, value in flatten(spec):
            seen.setdefault(name, Counter())[json.dumps(value, ensure_ascii=False)] += 1
    for name, values in seen.items():
        some = "" if sum(values.values()) == len(specs) else " (where it applies)"
        yield Fact(name, " | ".join(values) + some)


def _environment(stored: Sequence[Manifest]) -> Iterator[Fact]:
    """What the runs were made with; where they differ, each value with its number of runs."""
    seen: dict[str, Counter[str]] = {}
    for manifest in stored:
        for name, value in flatten(manifest.environment):
            if value not in (None, "", []):
                said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                seen.setdefault(name, Counter())[said] += 1
    for name, values in seen.items():
        if len(values) == 1:
            yield Fact(name, next(iter(values)))
        else:
            runs = (f"{said} ({wording.counted(n, 'run')})" for said, n in values.most_common())
            yield Fact(name, ", ".join(runs))


def _node(key: str, label: str, manifest: Manifest | None, failed: bool) -> NodeView:
    start, rest = key[:SHORT], key[SHORT:]
    if manifest is None:
        state = "failed" if failed else "not run"
        return NodeView(label, start, rest, state, wording.NOTHING, wording.NOTHING, "")
    peak = manifest.peak_memory_mb
    return NodeView(
        label=label,
        key_start=start,
        key_rest=rest,
        state="stored" if not manifest.resumed else f"stored, resumed {manifest.resumed}×",
        took=wording.duration(manifest.wall_s),
        memory=f"{peak:.0f} MB" if peak is not None else wording.NOTHING,
        started=manifest.started.replace("T", " ").replace("Z", " UTC"),
    )


def failure_views(
    planned: PlannedExhibit, plan: Plan, failures: Mapping[str, Failed]
) -> tuple[FailureView, ...]:
    """The runs of this exhibit that went wrong, those with the same problem together."""
    alike: dict[str, list[Failed]] = {}
    for key in planned.nodes:
        if (one := failures.get(key)) is not None:
            alike.setdefault(one.problem, []).append(one)

    def label(failed: Failed) -> str:
        return plan.nodes[failed.key].label

    return tuple(
        FailureView(
            label(first),
            first.key[:SHORT],
            problem,
            str(first.log),
            tuple(first.tail),
            tuple(map(label, others)),
        )
        for problem, (first, *others) in alike.items()
    )
