"""`harness gpu` goes its whole way on the CPU, with little of everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.cli import gpu as command
from harness.runs import card
from harness.runs.card import Extent
from tests.cli.typed import typed
from tests.synthetic import plan

LITTLE = Extent(copied=2**16, side=64, neurons=4096, batch=2, steps=1, seconds=1.0)


def measured(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any], str]:
    said = typed(f"gpu --device cpu -q --out {out} --store {out}/store", monkeypatch, capsys)
    record = json.loads((out / "gpu/gpu.json").read_text())
    return said.code, record, (out / "gpu/gpu.txt").read_text()


def test_it_says_what_the_device_is_gives_and_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(card, "EXTENTS", {"cpu": LITTLE})
    monkeypatch.setattr(command, "FEWER", (*command.FEWER, "network.base_width=1"))
    code, record, text = measured(tmp_path, monkeypatch, capsys)
    assert code == 0
    assert record["facts"]["torch"] == torch.__version__
    assert all(number > 0 for number in record["ceilings"].values())
    assert all(row["error"] <= row["limit"] for row in record["kernels"])
    done = [row for row in record["networks"] if "why" not in row]
    first = done[0]
    assert first["network"] == "resnet-20 lif T=4, 32 px"
    assert first["share"] == pytest.approx(first["images/s"] / first["limit"])
    left = [row["why"] for row in record["networks"] if "why" in row]
    assert set(left) <= {"not reached in 1 s"}
    kinds = [row["run"].split()[0] for row in record["runs"]]
    assert kinds == ["resnet-20", "resnet-20", "CKA", "PGD"]
    attacked = record["runs"][-1]["numbers"]
    assert 0 <= attacked["least_accuracy"] <= attacked["clean_accuracy"] <= 100
    for said in ("GEMM f32, GFLOP/s", "LIF, gradient", first["network"], f"{len(left)} more: not"):
        assert said in text


def test_a_kernel_that_is_off_ends_it_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = card.spikes_of
    monkeypatch.setattr(card, "spikes_of", lambda *given: real(*given) * 0.5)
    monkeypatch.setattr(card, "EXTENTS", {"cpu": LITTLE})
    monkeypatch.setattr(card, "roofline", lambda *given: iter(()))
    monkeypatch.setattr(card, "short_runs", lambda *given: iter(()))
    code, record, _ = measured(tmp_path, monkeypatch, capsys)
    assert code == 1
    off = [row["kernel"] for row in record["kernels"] if not row["holds"]]
    assert off == ["LIF, spikes", "LIF, gradient"]


def test_what_does_not_fit_is_told_with_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> dict[str, float]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(card, "_reached", full)
    limits = {"GEMM f32, GFLOP/s": 1.0, "GEMM bf16, GFLOP/s": 1.0, "copy, GB/s": 1.0}
    trainings = list(plan("table1").nodes.values())[:1]
    (row,) = card.roofline(trainings, "cpu", LITTLE, limits)
    assert row["why"] == "out of memory"
    assert row["limit"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(f"gpu --out {tmp_path}", monkeypatch, capsys)
    assert said.code == 2
    assert "finds no GPU here – --device cpu goes the same way" in said.err
