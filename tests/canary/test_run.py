"""A short canary from end to end, here and in a process of its own, and what breaks it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.canary.kept import Kept, read_kept
from harness.canary.kinds import carried_out
from harness.canary.run import runs, tasks_of
from harness.canary.task import Room
from harness.canary.verdict import judged
from harness.engine.norm import TdBatchNorm
from harness.layout import layout
from harness.measures.base import Run
from harness.plan.node import Node

ELSEWHERE: dict[str, Any] = {"arithmetic": {}, "packages": {}}
NAME = "small relu digits seed 0"


@cache
def kept(*names: str) -> Kept:
    """What is kept of these alone."""
    whole = read_kept(layout().golden)
    some = {
        kind: {name: one for name, one in those.items() if name in names}
        for kind, those in whole.traces.items()
    }
    return replace(whole, traces=some)


def training() -> Node:
    return next(one for one in tasks_of(layout()) if one.label == NAME)


def done(folder: Path) -> Any:
    return carried_out(training(), Room(folder, layout().golden / "canary/late", "cpu"))


def test_a_short_canary_holds_here() -> None:
    names = (NAME, f"top 6 images of bn2, {NAME}", "neurons lif-text")
    found = list(runs(layout(), device="cpu", jobs=1, wanted=lambda node: node.label in names))
    verdict = judged(found, kept(*names), ELSEWHERE)
    assert [one.sentence for one in verdict.findings] == []
    assert {one.name for one in found} == set(names)
    assert all(one.real for one in found)


def test_every_kind_of_run_is_in_the_canary() -> None:
    known = {kind for kind in Run.kinds if ":" not in kind}
    without = {"given"}  # needs a file of somebody's weights, and tests them as a training does
    assert known - without <= {node.kind for node in tasks_of(layout())}


def test_a_quiet_break_is_seen_at_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = TdBatchNorm.__init__
    monkeypatch.setattr(
        TdBatchNorm, "__init__", lambda self, channels: plain(self, channels, momentum=0.0999)
    )
    found = [one.sentence for one in judged([done(tmp_path)], kept(NAME), ELSEWHERE).findings]
    assert found[0].startswith(f"{NAME}: step 0, statistics ")


def test_a_break_of_real_arithmetic_alone_is_seen_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.engine.norm import channels_last

    plain = channels_last.normalised
    monkeypatch.setattr(channels_last, "normalised", lambda *given: plain(*given) * 1.0001)
    found = [one.sentence for one in judged([done(tmp_path)], kept(NAME), ELSEWHERE).findings]
    assert found
    assert all(sentence.startswith(f"{NAME}: f32: ") for sentence in found)


def test_nothing_is_left_in_float64(tmp_path: Path) -> None:
    assert done(tmp_path).problem == ""
    assert torch.get_default_dtype() == torch.float32
