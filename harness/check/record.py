"""Verdicts for programs: verdict.json, and JUnit XML, in which CI systems show what failed."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from harness.check.claims import ClaimResult
from harness.check.compare import CellResult
from harness.check.equivalence import LEVEL
from harness.check.estimate import LEVEL as CLAIM_LEVEL
from harness.check.shift import POWER
from harness.check.status import Status
from harness.check.together import Group
from harness.check.verdict import Verdict

VERSION = 1


def verdict_json(verdict: Verdict) -> bytes:
    """verdict.json: stable keys, statuses by name, the sentence beside each; null is "no number".

    `status` is the name of `word`, what the seeds bear out, and `holds` what the numbers as they
    are say. `cells[].levels` holds the index; `golden`, `published` are texts as printed;
    `difference` and `tolerance` are in `unit`; `claims[].counted` says whether the claim enters
    `holds`, `noise` how often noise alone would bear it out.
    `cells[].uncertainty` is the interval of the mean (Student's t at `level`, in `unit`) and what
    it says of the published value; `evidence` says the same of the exhibit. `sees` says which
    change the check would have shown with the chance `power`: `trainings` by ranks over all
    exhibits of the command (`shift`), `cells[].sees` in that cell alone. `held` says whether
    anything that counts could have failed; `asked` names the part that it is about, null for the
    whole; `disputed` says on how many runs merged sources disagree; `repeat` names runs that gave
    other bits than when the golden values were measured. `course` has the trainings that were not
    where they were known to be after some epoch, and whether that is an alarm or may be chance.
    """
    content = {
        "version": VERSION,
        "exhibit": verdict.exhibit,
        "profile": verdict.profile,
        "status": verdict.word.name,
        "holds": verdict.holds,
        "word": verdict.word,
        "sentence": verdict.explanation,
        "evidence": {
            "status": verdict.evidence.name,
            "word": verdict.evidence,
            "level": LEVEL,
            "sentence": f"{verdict.evidence}: {verdict.evidence_why}",
        },
        "sees": {
            "sentence": verdict.sees,
            "power": POWER,
            "trainings": [_group(group) for group in verdict.ranks],
            "guard_nothing": sum(bool(cell.idle) for cell in verdict.cells),
            "asks_for_seeds": list(verdict.asks),
        },
        "held": verdict.is_held,
        "repeat": {"other_bits": list(verdict.repeat.other), "notes": list(verdict.repeat.notes)},
        "course": [one._asdict() for one in verdict.strays],
        "golden": verdict.golden,
        "overridden": list(verdict.overridden),
        "asked": verdict.asked or None,
        "disputed": verdict.disputed or None,
        "repacked": verdict.repacked,
        "counts": {
            "cells": _by_name(verdict.cell_counts),
            "claims": _by_name(verdict.claim_counts),
            "evidence": _by_name(verdict.evidence_counts),
        },
        "cells": [cell_record(cell) for cell in verdict.cells],
        "claims": [_claim(claim) for claim in verdict.claims],
        "failures": dict(verdict.failures),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _by_name(counts: Mapping[Any, int]) -> dict[str, int]:
    return {status.name: n for status, n in counts.items()}


def _of(one: object, *names: str) -> dict[str, Any]:
    """These attributes: of a status its name, and None for a number that there is not."""
    said = {name: getattr(one, name) for name in names}
    for name, value in said.items():
        if isinstance(value, Enum):
            said[name] = value.name
        elif isinstance(value, float) and not math.isfinite(value):
            said[name] = None
    return said


def cell_record(cell: CellResult) -> dict[str, Any]:
    """A cell of verdict.json."""
    said = {"levels": dict(cell.levels)} | _of(cell, "quantity", "status", "sentence")
    said |= _of(cell, "value", "std", "difference", "tolerance", "n", "text", "unit", "golden")
    said |= _of(cell, "basis", "computed", "place", "published", "published_place", "sees")
    said |= {"guards_nothing": cell.idle, "rank_p": cell.training.p if cell.training else None}
    found = cell.uncertainty
    uncertainty = {"status": found.word.name} | _of(found, "sentence", "low", "high")
    margin = _of(cell, "tolerance")["tolerance"] if found.is_tested else None
    uncertainty |= {"level": LEVEL, "margin": margin} | _of(found, "p_outside") | _of(cell, "n")
    return said | {"uncertainty": uncertainty}


def _group(group: Group) -> dict[str, Any]:
    test = _of(group.test, "group", "statistic", "m", "value", "p", "alpha", "alarms")
    return test | _of(group, "sees", "unit")


def _claim(claim: ClaimResult) -> dict[str, Any]:
    said = _of(claim, "id", "text", "place", "predicate", "basis", "measured", "counted")
    said |= _of(claim, "sentence", "status", "noise")
    return said | {"estimate": estimate_record(claim), "repeats": claim.repeats or None}


def estimate_record(claim: ClaimResult) -> dict[str, Any]:
    """The number that decides a claim: `of` says what it is, `over` over what its interval is, or
    why it has none.
    """
    found = claim.estimate
    said = _of(found, "value", "of", "unit", "low", "high", "over")
    return said | {"level": CLAIM_LEVEL, "holds_in_seeds": found.holds, "seeds": found.seeds}


def junit_xml(verdicts: Sequence[Verdict]) -> bytes:
    """A suite per exhibit: a case per cell, per claim, and one for the verdict itself.

    A case fails where `check` would count it; what is compared with nothing, and a claim that does
    not count under this profile, is skipped with its reason. No clock: the same verdicts give the
    same bytes.
    """
    root = ElementTree.Element("testsuites")
    for verdict in verdicts:
        suite = ElementTree.SubElement(root, "testsuite", name=verdict.exhibit)
        for name, outcome, said in _cases(verdict):
            place = f"{verdict.profile}.{verdict.exhibit}"
            case = ElementTree.SubElement(suite, "testcase", classname=place, name=_text(name))
            if outcome:
                ElementTree.SubElement(case, outcome, message=_text(said))
    for group in (*root, root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            group.set(name, str(len(list(group.iter(tag)))))
    ElementTree.indent(root)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _cases(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """Name, `failure` or `skipped` or nothing, and what is to be said of it."""
    is_sure = verdict.is_held and not verdict.disputed
    whole = "failure" if not verdict.holds else "" if is_sure else "skipped"
    about = f"{verdict.exhibit} as a whole" if not verdict.asked else verdict.name
    yield about, whole, f"{verdict.word.name}: {verdict.explanation}"
    for cell in verdict.cells:
        levels = (f"{axis} {level}" for axis, level in cell.levels.items() if level)
        outcome, said = "skipped", cell.sentence
        if cell.status not in (Status.NOT_COMPARED, Status.IDLE):
            outcome = "" if cell.status is Status.PASS else "failure"
            measured = cell.text or f"{cell.value:g} {cell.unit}"
            said += f"; measured {measured}, golden {cell.golden or 'none'}"
            said += f", tolerance {cell.tolerance:g} ({cell.basis})" if cell.basis else ""
        yield " ".join((cell.quantity, *levels)), outcome, f"{cell.status.name}: {said}"
    for claim in verdict.claims:
        said = f"{claim.sentence}; {claim.predicate}: {claim.measured or 'nothing measured'}"
        if not claim.counted:
            yield f"claim {claim.id}", "skipped", f"{claim.status.name}, not counted: {said}"
        else:
            outcome = "" if claim.status is Status.PASS else "failure"
            yield f"claim {claim.id}", outcome, f"{claim.status.name}: {said}"


def _text(said: str) -> str:
    """Without the control characters that no XML can hold."""
    return "".join(c for c in said if c.isprintable() or c in "\n\t")
