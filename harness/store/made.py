"""By what stored runs were made, held against what would make them here and now.

A key holds what a run computes. The code, the versions and the instruction set that compute it are
recorded beside it; a run that others made is used all the same, and this says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.plan.estimate import device_of
from harness.store.manifest import Manifest
from harness.words import counted

ROUNDING = ("torch", "numba", "numpy")  # packages that decide how numbers are rounded
INSTRUCTIONS = ("machine", "flags")  # of `arithmetic`: what a processor can be asked to do


@dataclass(frozen=True)
class Otherwise:
    """How many stored runs were made otherwise than they would be here, of how many; each way with
    its number of runs, and a run may have several.
    """

    runs: int = 0
    of: int = 0
    ways: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.runs > 0

    @property
    def sentence(self) -> str:
        """`3 of 9 stored runs were made otherwise than they would be here: 3 by other code`; empty
        where there is none.
        """
        if not self:
            return ""
        ways = ", ".join(f"{count} {way}" for way, count in self.ways.items())
        stored = counted(self.of, "stored run")
        verb = "was" if self.runs == 1 else "were"
        return f"{self.runs} of {stored} {verb} made otherwise than they would be here: {ways}"


def made_otherwise(stored: Iterable[Manifest], here: Mapping[str, Any]) -> Otherwise:
    """Those of the stored runs that `here` (`environment.making`) would make otherwise."""
    ways: Counter[str] = Counter()
    runs = of = 0
    for one in stored:
        found = tuple(ways_apart(one, here))
        ways.update(found)
        runs, of = runs + bool(found), of + 1
    return Otherwise(runs, of, dict(ways.most_common()))


def ways_apart(run: Manifest, here: Mapping[str, Any]) -> Iterator[str]:
    """In what a run was made otherwise than `here` would make it, a phrase each."""
    there = run.environment
    if there.get("code") != here["code"]:
        yield "by other code" if there.get("code") else "by code that left no digest"
    if versions := other_versions(there, here):
        yield f"by {versions}"
    # a processor decides what ran on it, and variables of GPUs what ran on one
    name = "gpu_arithmetic" if device_of(run.spec) == "cuda" else "arithmetic"
    was, now = there.get(name), here[name]
    was = was if isinstance(was, Mapping) else {}
    apart = [one for one in sorted({**was, **now}) if was.get(one) != now.get(one)]
    if any(one in INSTRUCTIONS for one in apart):
        yield "with another instruction set"
    for one in apart:
        if one.isupper():
            yield f"with {one}={was[one]}" if one in was else f"without {one}={now[one]}"


def other_versions(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """`torch 2.15.0 instead of 2.14.0`, or nothing where they are the same."""
    now, then = here.get("packages") or {}, there.get("packages") or {}
    return ", ".join(
        f"{name} {now.get(name)} instead of {then.get(name)}"
        for name in ROUNDING
        if now.get(name) != then.get(name)
    )
