"""What a device gives is worked out from seconds and counts, and kept for plans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.execute.environment import processor
from harness.measures.work import Work
from harness.plan.device import MEASURED, read_measured
from harness.runs import speed
from tests.cli.typed import typed


@pytest.mark.parametrize("waiting", [0.0, 1e-3])
def test_each_number_comes_from_the_network_that_waits_for_it(
    waiting: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a device of 4 GFLOP/s (8 in 16 bits), 2 GB/s and so many seconds an operation."""
    work = {
        speed.FRAMEWORK: Work(1.0, 1.0, 1000.0),
        speed.ARITHMETIC: Work(40e9, 1.0, 300.0),
        speed.MEMORY: Work(1.0, 6e9, 200.0),
    }
    took = {("f32", speed.ARITHMETIC): 10.0, ("bf16", speed.ARITHMETIC): 5.0}

    def timed(kind: str, shape: tuple[int, ...], images: int, precision: str) -> tuple[float, Work]:
        busy = took.get((precision, shape), 3.0 if shape == speed.MEMORY else 0.0)
        return busy + waiting * work[shape].launches, work[shape]

    monkeypatch.setattr(speed, "_timed", timed)
    found = speed.measure("cpu")
    assert found is not None
    assert found.flops == pytest.approx(4e9)
    assert found.half_flops == pytest.approx(8e9)
    assert found.bandwidth == pytest.approx(2e9)
    assert found.launch == pytest.approx(waiting)
    assert found.is_measured


def test_the_doctor_measures_and_plans_rest_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "REPEATS", 1)
    monkeypatch.setattr(speed, "IMAGES", {"cpu": 2})
    store = tmp_path / "store"
    before = {one["what"]: one for one in doctor(store, "", monkeypatch, capsys)}
    assert before["speed of cpu"]["found"].startswith("stated for a CPU core: 100 GFLOP/s")
    assert before["speed of cpu"]["fix"] == "harness doctor --measure"
    after = {one["what"]: one for one in doctor(store, "--measure ", monkeypatch, capsys)}
    assert after["speed of cpu"]["found"].startswith("measured here: ")
    assert after["speed of cpu"]["fix"] == ""
    kept = read_measured(store / "cache" / "devices.json")[processor()]
    assert kept.label == MEASURED
    assert min(kept.flops, kept.half_flops, kept.bandwidth, kept.launch) > 0
    said = typed(f"plan tableD1 --costs -q --store {store}", monkeypatch, capsys).out
    assert "rests on: 100% measured here" in said


def doctor(
    store: Path, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, str]]:
    said = typed(f"doctor {line}--json --store {store}", monkeypatch, capsys).out
    found: list[dict[str, str]] = json.loads(said)
    return found
