"""`check --canary` and `golden --canary`: all runs, held against what is kept, or kept anew."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from harness.canary.kept import kept_of, read_kept, read_limits, write_kept, write_networks
from harness.canary.run import runs, trained_networks
from harness.canary.task import Done
from harness.canary.verdict import judged
from harness.errors import HarnessError
from harness.execute.cores import default_slots, usable_cores
from harness.execute.environment import environment, sees_gpu
from harness.files import os_errors
from harness.layout import Layout
from harness.terminal.output import Voice
from harness.words import duration


def canary_holds(layout: Layout, device: str, jobs: int | None, voice: Voice) -> bool:
    """Run the canary and say what came of it; whether it holds.

    Raises:
        HarnessError: its values cannot be read, or there is no GPU.
    """
    if device == "cuda" and not sees_gpu():
        raise HarnessError("--device cuda", "torch finds no GPU here", hint="--device cpu")
    kept = read_kept(layout.golden)
    done = _canary_runs(layout, device, jobs, voice)
    verdict = judged(done, kept, made_with(layout, device))
    for sentence in verdict.sentences:
        voice.say(f"canary: {sentence}", "red")
    for note in verdict.notes:
        voice.say(f"canary: {note}", "yellow")
    for name, apart in sorted(verdict.largest.items()):
        voice.detail(f"canary: {name}: largest deviation {apart:.1g}")
    said = "does not hold" if verdict.findings else "holds"
    voice.say(f"canary {said}: {len(done)} short runs of {len({one.kind for one in done})} kinds")
    return not verdict.findings


def canary_written(layout: Layout, jobs: int | None, voice: Voice, command: str) -> bool:
    """Measure the canary and write its values; whether they were, which they are not where a run
    fails or real arithmetic lies too far from float64.
    """
    jobs = jobs or default_slots(usable_cores(), False)
    read_limits(layout.golden)  # before minutes of work
    with os_errors(layout.golden):
        write_networks(layout.golden, trained_networks(layout, jobs=jobs))
    done = _canary_runs(layout, "cpu", jobs, voice)
    made = made_with(layout, "cpu")
    kept = kept_of(done, layout.golden, made)
    verdict = judged(done, kept, made)
    for sentence in verdict.sentences:
        voice.say(f"canary: {sentence}", "red")
    if verdict.findings:
        voice.say("canary: only the networks in golden/canary/late were written", "red")
        return False
    largest = {name: float(f"{apart:.2g}") for name, apart in sorted(verdict.largest.items())}
    with os_errors(layout.golden):
        provenance = kept.provenance.model_copy(update={"command": command, "largest": largest})
        written = write_kept(layout.golden, replace(kept, provenance=provenance))
    for path in written:
        voice.say(f"written: {layout.shown(path)}")
    return True


def _canary_runs(layout: Layout, device: str, jobs: int | None, voice: Voice) -> list[Done]:
    began = time.monotonic()
    voice.tell("canary: every kind of run for a moment, held against what it gave before")
    done = []
    for one in runs(layout, device=device, jobs=jobs or default_slots(usable_cores(), False)):
        voice.detail(f"canary: {one.kind} {one.name}, {one.seconds:.1f} s")
        done.append(one)
    spent: dict[str, float] = {}
    for one in done:
        spent[one.kind] = spent.get(one.kind, 0.0) + one.seconds
    by_kind = ", ".join(f"{kind} {seconds:.0f}" for kind, seconds in spent.items() if seconds > 1)
    voice.tell(f"canary: {duration(time.monotonic() - began)}; seconds of a core: {by_kind}")
    return done


def made_with(layout: Layout, device: str) -> dict[str, Any]:
    """What the canary's numbers are made with here; a GPU is no class of processor."""
    found = environment(layout.project)
    return found if device == "cpu" else {**found, "arithmetic": {}}
