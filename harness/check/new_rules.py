"""Rules for what is measured and has none in tolerances.toml: added there, each with its basis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.check.golden import level_text
from harness.check.tolerance import FILE, Exact, Rule, Seeds, Unsettled, read_tolerances
from harness.spec.safe_text import decoded

ALPHA = 0.0013  # of one cell
HEADING = "# How far a run may lie from what was measured here, by quantity, and why."
UNSETTLED = "unsettled"  # the rule of golden/<name>/tolerances.toml for a line without a value


def known_rules(folder: Path, name: str) -> Mapping[str, Rule]:
    """The rules of set `name` in its `folder`: none where it has no file of them."""
    return read_tolerances(folder, f"golden/{name}") if (folder / FILE).exists() else {}


def added_rules(
    folder: Path, name: str, chosen: Sequence[Mapping[str, Any]], derived: Mapping[str, str]
) -> dict[Path, str]:
    """tolerances.toml with a rule for each of these cells, where it lacks one; else nothing."""
    known = known_rules(folder, name)
    lacking: dict[str, Rule] = {}
    for row in chosen:
        rule = UNSETTLED if row["open"] else row["quantity"]
        if rule not in known:
            lacking.setdefault(rule, _rule(row, known.get(derived.get(row["quantity"], ""))))
    if not lacking:
        return {}
    path = folder / FILE
    before = decoded(path.read_bytes(), str(path)).rstrip() if path.exists() else HEADING
    return {path: "\n\n".join([before, *(_table(*one) for one in lacking.items())]) + "\n"}


def _rule(row: Mapping[str, Any], of: Rule | None) -> Rule:
    """The rule of a quantity that has none: that of what it is the difference `of`, if any."""
    if row["open"]:
        basis = "the measured seeds give the cell no tolerance, for the reason in its line"
        return Unsettled(rule="unsettled", basis=basis)
    if level_text(row["text"]):
        return Exact(rule="exact", basis="words are the same or not")
    if isinstance(of, Seeds):
        basis = "of the difference itself, paired by seed, which may take two steps of a side"
        return Seeds(rule="seeds", alpha=of.alpha, resolution=2 * of.resolution, basis=basis)
    basis = "from the spread of the seeds; written with the values, for want of a rule"
    return Seeds(rule="seeds", alpha=ALPHA, basis=basis)


def _table(name: str, rule: Rule) -> str:
    fields = (
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in rule.model_dump().items()
    )
    return "\n".join([f"[{json.dumps(name) if '.' in name else name}]", *fields])
