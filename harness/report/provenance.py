"""Where the numbers of an exhibit come from: spec, keys, seeds, data, machine, command; and where
the sources of its settings differ.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness import words
from harness.canonical import flatten
from harness.execute.events import Failed
from harness.measures.base import MEASURED, TRAINED
from harness.parts.base import Deviation, Spec
from harness.parts.cifar import is_accepted
from harness.plan.expand import Plan, PlannedExhibit, Point
from harness.report import wording
from harness.report.wording import Fact
from harness.spec.blocks import Blocks, Recipes
from harness.spec.document import Document
from harness.spec.profile import Profile, Substitution
from harness.store.manifest import Manifest

Manifests = Mapping[str, Manifest | None]
SHORT = 8  # digits of a key that people read
VERSION = 1  # of provenance.json


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of an exhibit come from. A run is a line of its label, the start of its
    key, state, duration, memory, beginning and key; `widest` are the letters of the longest label.
    """

    facts: tuple[Fact, ...]
    settings: tuple[Fact, ...]
    environment: tuple[Fact, ...]
    runs: tuple[tuple[str, ...], ...]
    widest: int
    spec: Document
    command: str


class Failure(NamedTuple):
    """A run that went wrong, and the labels of all others with the same problem."""

    label: str
    first: Failed
    others: tuple[str, ...]


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
    # those of the trainings that a run measures are runs of the plan, too
    specs = [
        {name: value for name, value in plan.nodes[key].spec.items() if name not in ("x", "y")}
        for key in planned.nodes
    ]
    labels = {key: plan.nodes[key].label for key in planned.nodes}
    return Provenance(
        facts=tuple(_facts(planned, stored)),
        settings=tuple(_settings(specs)),
        environment=tuple(_environment(stored)),
        runs=tuple(
            (label, key[:SHORT], *_state(manifests.get(key), key in failures), key)
            for key, label in labels.items()
        ),
        widest=max(map(len, labels.values())),
        spec=document,
        command=command(planned, profile),
    )


def command(planned: PlannedExhibit, profile: Profile) -> str:
    """What reproduces exactly this exhibit, ready to be pasted into a shell."""
    words = ["python", "-m", "harness", "reproduce", planned.exhibit.id, "--profile", profile.id]
    for override in planned.overridden:
        words += ["--set", override.typed]
    for one in planned.only:
        words += ["--only", one.typed]
    if any(map(is_accepted, planned.data)):
        words.append("--repacked-data")
    if planned.brought and planned.brought.given:
        words += ["--weights", planned.brought.given.path]
    return shlex.join(words)


def _facts(planned: PlannedExhibit, stored: Sequence[Manifest]) -> Iterator[Fact]:
    seeds = dict.fromkeys(point.seed for point in planned.points)
    if not planned.exhibit.at_published_size:
        yield Fact("seeds", ", ".join(map(str, seeds)))
    for data in planned.data:
        yield Fact("data", data.provenance)
    if planned.brought and planned.brought.given:
        given, published = planned.brought.given, planned.brought.published
        which = f"{'' if planned.brought.are_published else 'not '}the published ones"
        found = f"{Path(given.path).name} {given.checksum}"
        yield Fact("weights", f"{found}, {which} ({published.name})")
    took = sum(one.wall_s for one in stored)
    total = words.counted(len(planned.nodes), "run")
    yield Fact("runs", f"{len(stored)} of {total} stored, {words.duration(took, digits=1)} in all")
    for label, name in (("code", "git"), ("machine", "processor")):
        said = dict.fromkeys(str(one.environment.get(name) or "") for one in stored)
        if any(said):
            yield Fact(label, ", ".join(word or "not known" for word in said))
    for name, skipped in dict.fromkeys(_skipped(one) for one in stored):
        if skipped:
            yield Fact("skipped events", f"{name}: {skipped}")
    resumed = sum(one.resumed > 0 for one in stored)
    if resumed:
        yield Fact("resumed", f"{words.counted(resumed, 'run')} went on after an interruption")


def _skipped(stored: Manifest) -> tuple[str, str]:
    """A data set, and which damaged records of it were left out; nothing where none was."""
    skipped = str(stored.numbers.get("skipped_events") or "")
    return (str(dict(flatten(stored.spec))["dataset.name"]), skipped) if skipped else ("", "")


def _settings(specs: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
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
            runs = (f"{said} ({words.counted(n, 'run')})" for said, n in values.most_common())
            yield Fact(name, ", ".join(runs))


def _state(manifest: Manifest | None, failed: bool) -> tuple[str, str, str, str]:
    """State, duration, memory and beginning of a run."""
    if manifest is None:
        return "failed" if failed else "not run", wording.NOTHING, wording.NOTHING, ""
    state = "stored" if not manifest.resumed else f"stored, resumed {manifest.resumed}×"
    peak = manifest.peak_memory_mb
    memory = f"{peak:.0f} MB" if peak is not None else wording.NOTHING
    started = manifest.started.replace("T", " ").replace("Z", " UTC")
    return state, words.duration(manifest.wall_s, digits=1), memory, started


def failures_of(
    planned: PlannedExhibit, plan: Plan, failures: Mapping[str, Failed]
) -> tuple[Failure, ...]:
    """The runs of this exhibit that went wrong, those with the same problem together."""
    alike: dict[str, list[Failed]] = {}
    for key in planned.nodes:
        if (one := failures.get(key)) is not None:
            alike.setdefault(one.problem, []).append(one)
    return tuple(
        Failure(plan.nodes[first.key].label, first, tuple(plan.nodes[o.key].label for o in others))
        for first, *others in alike.values()
    )


def provenance_json(
    planned: PlannedExhibit,
    plan: Plan,
    document: Document,
    profile: Profile,
    manifests: Manifests,
) -> bytes:
    """provenance.json: the spec as it was written, and each node as resolved and as it was run.

    `nodes[].spec`, `kind`, `revision` and `inputs` are what `key` is made of; the fields after
    `stored` are null for a node that is not.
    """
    content = {
        "version": VERSION,
        "exhibit": planned.exhibit.id,
        "profile": profile.id,
        "command": command(planned, profile),
        "set": [override.typed for override in planned.overridden],
        "only": [one.typed for one in planned.only],
        "spec": {"file": document.shown, "text": document.text},
        "nodes": [_record(key, plan, manifests) for key in planned.nodes],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _record(key: str, plan: Plan, manifests: Manifests) -> dict[str, Any]:
    node, stored = plan.nodes[key], manifests.get(key)
    said: dict[str, Any] = {"key": key}
    said |= {name: getattr(node, name) for name in ("kind", "revision", "label")}
    said |= {"spec": dict(node.spec), "inputs": dict(node.inputs), "stored": stored is not None}
    for name in ("started", "wall_s", "peak_memory_mb", "resumed", "environment"):
        said[name] = getattr(stored, name) if stored is not None else None
    said["skipped_events"] = (_skipped(stored)[1] or None) if stored is not None else None
    return said


def deviations(
    planned: PlannedExhibit, plan: Plan, blocks: Blocks, profile: Profile
) -> tuple[Deviation, ...]:
    """Each deviation once: of those parts of a run that the measure uses, and of the exhibit. One
    whose setting has another value in the run than in its block follows neither.
    """
    found: dict[Deviation, str] = {}
    for point in planned.points:
        for part, noted, block, used, variant in _parts(point, plan, blocks, profile):
            for one in noted:
                if one.only in (None, variant):
                    found[_as_run(one, block, used)] = part
    parts = ("network", "neuron", "dataset", *MEASURED, "recipe")
    ordered = sorted(found, key=lambda one: parts.index(found[one]))
    return tuple(dict.fromkeys((*ordered, *planned.exhibit.deviations)))


def _parts(
    point: Point, plan: Plan, blocks: Blocks, profile: Profile
) -> Iterator[tuple[str, Sequence[Deviation], Spec | None, Spec, str | None]]:
    """The parts of the runs of a point: what is noted of each, its block, what a run made of it,
    and of which networks it is.
    """
    for part, names in point.measure.blocks.items():
        made = getattr(plan.nodes[point.key].full, part)
        for name, one in zip(names, made if isinstance(made, tuple) else (made,), strict=True):
            block: Any = getattr(blocks, part)[name]
            yield part, block.deviations, block, one, None
    chosen = Substitution() if point.measure.at_published_size else profile.substitute
    swaps: Mapping[str, Mapping[str, str]] = {"dataset": chosen.dataset, "recipe": chosen.recipe}
    for side, training in zip(point.measure.sides, point.trainings, strict=True):
        variant = "snn" if training.neuron.is_spiking else "ann"
        for part in (part for part in TRAINED if part in point.measure.needs):
            called = str(getattr(side, part, None) or point.levels.get(part))
            called = swaps.get(part, {}).get(called, called)
            known, used = getattr(blocks, part).blocks.get(called), getattr(training, part)
            if isinstance(known, Recipes):
                yield part, known.deviations, getattr(known, variant), used, variant
            elif part != "recipe":
                yield part, used.deviations, known, used, variant


def _as_run(one: Deviation, block: Spec | None, used: Spec) -> Deviation:
    """With the value of its setting where that is another one than the block has."""
    name = one.setting.partition(".")[2]
    value = getattr(used, name, None)
    if not name or block is None or value == getattr(block, name, None):
        return one
    return one.model_copy(update={"follows": "neither", "reason": f"here it is {value}"})
