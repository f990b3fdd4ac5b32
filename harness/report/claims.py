"""The claims of a report as an index: what each says, what was measured, and at which scale."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from types import MappingProxyType

from harness.check.claims import ClaimResult, unevaluated
from harness.check.record import estimate_record
from harness.check.status import Status
from harness.check.verdict import Verdict
from harness.frames.frame import Frame
from harness.plan.expand import PlannedExhibit
from harness.plan.node import Node
from harness.report import wording
from harness.report.controls import Control, Robustness, controls_of, summary
from harness.report.scale import Scale, published_scale, scale_of, together
from harness.report.wording import Fact, Mark
from harness.spec.claim import Claim
from harness.spec.exhibit import Exhibit
from harness.spec.library import Library
from harness.store.manifest import Manifest
from harness.words import duration

VERSION = 2  # of claims.json
_HOLDS: Mapping[Status, bool] = {Status.PASS: True, Status.FAIL: False}


class Finding(StrEnum):
    """What a report says of a claim."""

    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    SMALLER = "only at a smaller scale"
    HOLDS = "holds here"
    FAILS = "does not hold here"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    NOT_ASKED = "not asked for"


MARKS: Mapping[Finding, Mark] = {
    Finding.VERIFIED: Mark(Finding.VERIFIED, "✓", "good"),
    Finding.CONTRADICTED: Mark(Finding.CONTRADICTED, "✕", "bad"),
    Finding.SMALLER: Mark(Finding.SMALLER, "◐", "open"),
    Finding.HOLDS: Mark(Finding.HOLDS, "✓", "calm"),
    Finding.FAILS: Mark(Finding.FAILS, "✕", "calm"),
    Finding.INCONCLUSIVE: Mark(Finding.INCONCLUSIVE, "≈", "open"),
    Finding.NOT_RUN: Mark(Finding.NOT_RUN, "○", "calm"),
    Finding.NOT_ASKED: Mark(Finding.NOT_ASKED, "·", "calm"),
}


@dataclass(frozen=True)
class Entry:
    """A claim with what is said of it; `published` is the scale that its document has."""

    exhibit: str
    document: str
    claim: ClaimResult
    finding: Finding
    why: str
    here: Scale
    published: Scale | None
    robust: Robustness
    seconds: float | None = None  # of the runs that it rests on, as they took when they were made

    @property
    def name(self) -> str:
        """`fig2/brighter-with-width`, as a control refers to it."""
        return f"{self.exhibit}/{self.claim.id}"

    @property
    def more(self) -> tuple[Fact, ...]:
        """What stands beside it on the page, where there is any of it."""
        return (
            Fact("interval", wording.interval(self.claim.estimate)),
            Fact("repeats", self.claim.repeats),
            Fact("controls", ": ".join(filter(None, (self.robust.word, self.robust.sentence)))),
            Fact("rests on", f"{duration(self.seconds)} of runs" if self.seconds else ""),
        )

    @property
    def mark(self) -> Mark:
        return MARKS[self.finding]

    @property
    def holds(self) -> bool | None:
        """Whether its predicate holds at this scale; None where it could not be evaluated."""
        return _HOLDS.get(self.claim.status)

    @property
    def scale(self) -> tuple[Fact, ...]:
        return tuple(self.here.beside(self.published))


@dataclass(frozen=True)
class Index:
    """All claims of the exhibits of a report; `elsewhere` are those of other exhibits, which were
    not run. `names` says what the documents are called.
    """

    entries: tuple[Entry, ...]
    elsewhere: tuple[Entry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> tuple[Entry, ...]:
        """Those that are counted: a control that repeats a claim is none of its own, unless there
        is nothing else.
        """
        return tuple(one for one in self.entries if not one.claim.repeats) or self.entries

    @property
    def sentence(self) -> str:
        """`Of 7 claims, 4 hold here, 2 do not hold and 1 could not be evaluated`"""
        said = Counter(entry.claim.status for entry in self.own)
        does = {
            Status.PASS: ("holds here", "hold here"),
            Status.FAIL: ("does not hold", "do not hold"),
            Status.UNDEFINED: ("could not be evaluated", "could not be evaluated"),
            Status.NOT_ASKED: ("was not asked for", "were not asked for"),
        }
        parts = [f"{said[how]} {does[how][said[how] != 1]}" for how in does if said[how]]
        total = len(self.own)
        return f"Of {total} claim{'s' * (total != 1)}, {wording.listed(parts)}"

    @property
    def weight(self) -> str:
        """What that says of the documents."""
        counted = sum(entry.claim.counted for entry in self.own)
        if counted == len(self.own):
            return ""
        some = "None" if not counted else f"Only {counted}"
        if not any(entry.published for entry in self.own):
            return f"{some} of them counts: nothing is published of what they speak of."
        return f"{some} of them was tested at the published scale, and only there a claim counts."

    @property
    def counts(self) -> dict[Finding, int]:
        found = Counter(entry.finding for entry in self.own)
        return {one: found[one] for one in Finding if found[one]}

    @property
    def by_exhibit(self) -> dict[str, list[Entry]]:
        return _grouped(self.entries, lambda entry: entry.exhibit)

    @property
    def not_run(self) -> dict[str, list[Entry]]:
        """Those of other exhibits, by exhibit."""
        return _grouped(self.elsewhere, lambda entry: entry.exhibit)

    @property
    def documents(self) -> dict[str, dict[str, int]]:
        """Document → how many claims it has, how many of these hold, do not, or are open, as they
        are not run, and how many that hold are robust, or not.
        """

        def whose(entry: Entry) -> str:
            name = self.names.get(entry.document, entry.document)
            return f"{name}, repeated" if entry.claim.repeats else name

        every = _grouped((*self.entries, *self.elsewhere), whose)
        order = [name + how for how in ("", ", repeated") for name in self.names.values()]
        return {name: _counted(every[name]) for name in order if name in every}

    @property
    def robust(self) -> str:
        """How many of those that hold do so under each of their controls."""
        return summary([entry.robust for entry in self.own])

    @property
    def failing(self) -> tuple[Entry, ...]:
        """Those that do not hold; of a sentence with several predicates the first of them."""
        quoted = {
            (entry.exhibit, entry.claim.text): entry
            for entry in reversed(self.own)
            if entry.holds is False
        }
        return tuple(reversed(quoted.values()))

    @property
    def scale(self) -> tuple[Fact, ...]:
        """The scale of all of them together: of those whose document has one, if there are any."""
        with_one = [one for one in self.entries if one.published] or self.entries
        published = [one.published for one in with_one if one.published]
        here = together(one.here for one in with_one)
        return tuple(here.beside(together(published) if published else None))


def _grouped(entries: Iterable[Entry], by: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(by(entry), []).append(entry)
    return found


def _counted(entries: Sequence[Entry]) -> dict[str, int]:
    holds = Counter(entry.holds for entry in entries)
    tried = [
        entry.robust.is_robust is True for entry in entries if entry.holds and entry.robust.said
    ]
    return {
        "claims": len(entries),
        "hold": holds[True],
        "do_not_hold": holds[False],
        "open": holds[None],
        "robust": tried.count(True),
        "not_robust": tried.count(False),
    }


def index(
    found: Iterable[tuple[PlannedExhibit, Frame, Verdict]],
    library: Library,
    nodes: Mapping[str, Node] = MappingProxyType({}),
    manifests: Mapping[str, Manifest | None] = MappingProxyType({}),
) -> Index:
    """The claims of these exhibits, in their order, then those of all others; `nodes` and
    `manifests` of the plan say what the runs took.
    """
    order = [*library.study.documents]
    found = sorted(found, key=lambda one: order.index(one[0].exhibit.source.document))
    holds = {
        (verdict.exhibit, claim.id): _HOLDS.get(claim.status)
        for _, frame, verdict in found
        for claim in verdict.claims
        if _was_run(claim, frame)
    }
    controls = controls_of(library, holds)
    entries: list[Entry] = []
    shown = set()
    for planned, frame, verdict in found:
        name, document = planned.exhibit.id, planned.exhibit.source.document
        shown.add(name)
        if verdict.claims:
            here = scale_of(planned)
            there = published_scale(name, library) if document in library.published else None
            for claim in verdict.claims:
                said = _finding(claim, verdict, frame, is_published=there is not None)
                robust = Robustness(
                    _HOLDS.get(claim.status), controls.get(f"{name}/{claim.id}", ())
                )
                spent = _seconds(claim.keys, nodes, manifests)
                entries.append(Entry(name, document, claim, *said, here, there, robust, spent))
    others = [one for name, one in library.exhibits.items() if name not in shown]
    others.sort(key=lambda one: (order.index(one.source.document), wording.natural(one.id)))
    names = {name: one.name for name, one in library.study.documents.items()}
    elsewhere = tuple(_not_run(one, claim, controls) for one in others for claim in one.claim)
    return Index(tuple(entries), elsewhere, names)


def _not_run(exhibit: Exhibit, claim: Claim, controls: Mapping[str, tuple[Control, ...]]) -> Entry:
    why = "its exhibit is not in this report"
    said = unevaluated(claim, why)
    robust = Robustness(None, controls.get(f"{exhibit.id}/{claim.id}", ()))
    document, none = exhibit.source.document, Scale((), (), (), (), ())
    return Entry(exhibit.id, document, said, Finding.NOT_RUN, why, none, None, robust)


def _seconds(
    keys: Iterable[str], nodes: Mapping[str, Node], manifests: Mapping[str, Manifest | None]
) -> float | None:
    """What the nodes with these keys took, each with all that it needs; None of what is not known,
    as nothing is stored.
    """
    every: set[str] = set()
    left = [key for key in keys if key in nodes]
    while left:
        key = left.pop()
        if key not in every:
            every.add(key)
            left += [needed for needed in nodes[key].inputs.values() if needed in nodes]
    known = [made.wall_s for key in sorted(every) if (made := manifests.get(key))]
    return sum(known) if known else None


def _was_run(claim: ClaimResult, frame: Frame) -> bool:
    """Whether what it reads was run, so that it is decided, or nothing more would decide it."""
    if claim.status is Status.UNDEFINED:
        return not any(point.absence for point in frame.points)
    return claim.status is not Status.NOT_ASKED


def _finding(
    claim: ClaimResult, verdict: Verdict, frame: Frame, *, is_published: bool
) -> tuple[Finding, str]:
    if claim.status is Status.NOT_ASKED:
        return Finding.NOT_ASKED, claim.sentence
    if claim.status is Status.UNDEFINED:
        was_run = _was_run(claim, frame)
        return (Finding.INCONCLUSIVE if was_run else Finding.NOT_RUN), claim.sentence
    if claim.counted:
        held = claim.status is Status.PASS
        return (Finding.VERIFIED if held else Finding.CONTRADICTED), claim.sentence
    if verdict.overridden or verdict.repacked:
        what = "a spec that was changed" if verdict.overridden else "other data than the published"
        return Finding.INCONCLUSIVE, f"{claim.sentence}, on {what}"
    if not is_published:
        which = Finding.HOLDS if claim.status is Status.PASS else Finding.FAILS
        return which, f"{claim.sentence}; nothing is published to be verified"
    if claim.status is Status.PASS:
        return Finding.SMALLER, "the predicate holds at this scale; the published one was not run"
    return Finding.INCONCLUSIVE, (
        "the predicate does not hold at this scale, which decides nothing about the published one"
    )


def claims_json(found: Index, profile: str) -> bytes:
    """claims.json: every claim of the study, those of exhibits that are not in this report as "not
    run", which `counts` leaves out. `holds` is null where a claim could not be evaluated; `verdict`
    says what that means for the document, whose own scale stands beside the one here.
    """
    content = {
        "version": VERSION,
        "profile": profile,
        "counts": dict(found.counts),
        "documents": found.documents,
        "claims": [_record(entry) for entry in (*found.entries, *found.elsewhere)],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _record(entry: Entry) -> dict[str, object]:
    claim = entry.claim
    said: dict[str, object] = {"exhibit": entry.exhibit, "document": entry.document}
    said |= {name: getattr(claim, name) for name in ("id", "text", "place", "predicate", "basis")}
    said |= {"measured": claim.measured, "noise": None if math.isnan(claim.noise) else claim.noise}
    said |= {"estimate": estimate_record(claim)}
    said |= {"holds": entry.holds, "counted": claim.counted, "verdict": entry.finding}
    published = asdict(entry.published) if entry.published else None
    controls = [asdict(control) for control in entry.robust.controls]
    return said | {
        "sentence": entry.why,
        "robust": entry.robust.is_robust,
        "controls": controls,
        "controls_say": entry.robust.sentence,
        "repeats": claim.repeats or None,
        "scale": {
            "here": asdict(entry.here) if entry.here.data else None,
            "published": published,
        },
        "seconds": entry.seconds,
    }
