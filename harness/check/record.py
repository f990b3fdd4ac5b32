"""A verdict as the bytes of verdict.json."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.check.claims import ClaimResult
from harness.check.compare import CellResult
from harness.check.equivalence import LEVEL, Uncertainty
from harness.check.shift import POWER
from harness.check.together import Group
from harness.check.verdict import Verdict

VERSION = 1


def verdict_json(verdict: Verdict) -> bytes:
    """verdict.json: stable keys, statuses by name, the sentence beside each; null is "no number".

    `cells[].levels` holds the index; `golden`, `published` are texts as printed; `difference` and
    `tolerance` are in `unit`; `claims[].counted` says whether the claim enters `status`,
    `noise` how often noise alone would bear it out.
    `cells[].uncertainty` is the interval of the mean (Student's t at `level`, in `unit`) and what
    it says of the published value; `evidence` says the same of the exhibit. `sees` says which
    change the check would have shown with the chance `power`: `trainings` by ranks over all
    exhibits of the command (`shift`), `cells[].sees` in that cell alone.
    """
    content = {
        "version": VERSION,
        "exhibit": verdict.exhibit,
        "profile": verdict.profile,
        "status": verdict.status.name,
        "holds": verdict.status.holds,
        "word": verdict.word,
        "sentence": verdict.explanation,
        "evidence": {
            "status": verdict.evidence.name,
            "word": verdict.evidence.word,
            "level": LEVEL,
            "sentence": verdict.evidence.sentence(verdict.evidence_why),
        },
        "sees": {
            "sentence": verdict.sees,
            "power": POWER,
            "trainings": [_group(group) for group in verdict.ranks],
            "guard_nothing": sum(bool(cell.idle) for cell in verdict.cells),
            "asks_for_seeds": list(verdict.asks),
        },
        "golden": verdict.golden,
        "overridden": list(verdict.overridden),
        "repacked": verdict.repacked,
        "counts": {
            "cells": {status.name: n for status, n in verdict.cell_counts.items()},
            "claims": {status.name: n for status, n in verdict.claim_counts.items()},
            "evidence": {status.name: n for status, n in verdict.evidence_counts.items()},
        },
        "cells": [_cell(cell) for cell in verdict.cells],
        "claims": [_claim(claim) for claim in verdict.claims],
        "failures": dict(verdict.failures),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _cell(cell: CellResult) -> dict[str, Any]:
    said: dict[str, Any] = {"levels": dict(cell.levels), "quantity": cell.quantity}
    said |= {"status": cell.status.name, "sentence": cell.sentence}
    for name in ("value", "std", "difference", "tolerance"):
        said[name] = _number(getattr(cell, name))
    for name in (
        "n",
        "text",
        "unit",
        "golden",
        "basis",
        "computed",
        "place",
        "published",
        "published_place",
    ):
        said[name] = getattr(cell, name)
    said |= {"sees": _number(cell.sees), "guards_nothing": cell.idle}
    said["rank_p"] = cell.training.p if cell.training else None
    return said | {"uncertainty": _uncertainty(cell.uncertainty)}


def _group(group: Group) -> dict[str, Any]:
    test = group.test
    said = {
        name: getattr(test, name) for name in ("group", "statistic", "m", "value", "p", "alpha")
    }
    sees = group.sees if math.isfinite(group.sees) else None
    return said | {"alarms": test.alarms, "sees": sees, "unit": group.unit}


def _uncertainty(found: Uncertainty) -> dict[str, Any]:
    said: dict[str, Any] = {"status": found.status.name, "sentence": found.sentence}
    for name in ("low", "high", "level", "margin", "p_outside"):
        said[name] = _number(getattr(found, name))
    return said | {"n": found.n}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _claim(claim: ClaimResult) -> dict[str, Any]:
    names = ("id", "text", "place", "predicate", "basis", "measured", "counted", "sentence")
    said = {name: getattr(claim, name) for name in names} | {"status": claim.status.name}
    return said | {"noise": _number(claim.noise)}
