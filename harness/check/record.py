"""A verdict as the bytes of verdict.json."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.check.claims import ClaimResult
from harness.check.compare import CellResult
from harness.check.verdict import Verdict

VERSION = 1


def verdict_json(verdict: Verdict) -> bytes:
    """verdict.json: stable keys, statuses by name, the sentence beside each; null is "no number".

    `cells[].levels` holds the index; `golden`, `published` are texts as printed; `difference` and
    `tolerance` are in `unit`; `claims[].counted` says whether the claim enters `status`.
    """
    content = {
        "version": VERSION,
        "exhibit": verdict.exhibit,
        "profile": verdict.profile,
        "status": verdict.status.name,
        "holds": verdict.status.holds,
        "word": verdict.word,
        "sentence": verdict.explanation,
        "golden": verdict.golden,
        "overridden": list(verdict.overridden),
        "repacked": verdict.repacked,
        "counts": {
            "cells": {status.name: n for status, n in verdict.cell_counts.items()},
            "claims": {status.name: n for status, n in verdict.claim_counts.items()},
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
        number = getattr(cell, name)
        said[name] = None if math.isnan(number) else number
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
    return said


def _claim(claim: ClaimResult) -> dict[str, Any]:
    names = ("id", "text", "place", "predicate", "basis", "measured", "counted", "sentence")
    return {name: getattr(claim, name) for name in names} | {"status": claim.status.name}
