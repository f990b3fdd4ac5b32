"""Made-up results of the canary and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.canary.kept import Exact, Kept, Limits, Provenance, Real
from harness.canary.task import Done

HERE = {"arithmetic": {"model": "A"}, "packages": {"torch": "2.15.0"}}
EXACT = Exact(tolerance=1e-9, basis="made up")
REAL = Real(tolerance=1e-5, basis="made up")
LIMITS = Limits(
    share=7 / 12,
    exact={"train": EXACT, "cka": EXACT},
    real={"f32": {"train": REAL, "cka": REAL}},
)
LOSS = [2.0 - step / 12 for step in range(24)]


def trace(**changes: Any) -> Done:
    """A training of 24 steps, with a step forced from every other of its states."""
    exact = {"loss": LOSS, "gradient": [0.5] * 24, "gradient projected": [-0.01] * 24}
    real = {name: list(values[::2]) for name, values in exact.items()}
    fields = {"kind": "train", "name": "lif", "exact": exact, "real": {"f32": real}, "seconds": 1.0}
    return Done(**(fields | changes))


def kept(*done: Done, environment: Mapping[str, Any] = HERE) -> Kept:
    """Values as if they had been measured there, of these."""
    traces: dict[str, Any] = {}
    for one in done:
        traces.setdefault(one.kind, {})[one.name] = one.exact
    digests = {one.name: one.digest for one in done}
    return Kept(traces, LIMITS, Provenance(environment=dict(environment), digests=digests))
