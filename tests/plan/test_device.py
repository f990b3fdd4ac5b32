"""The numbers of a device: which are taken, and what a damaged file of measured ones does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.plan.device import CORE, GPUS, MEASURED, Device, device_at, dumped, read_measured

MINE = Device(MEASURED, 1e9, 2e9, 3e9, 4e-6)


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("cpu", "mine", "measured here"),
        ("cpu", "another", "stated for a CPU core"),
        ("cuda", "NVIDIA H100 80GB HBM3", "stated for H100 SXM"),
        ("cuda", "NVIDIA H100 PCIe", "stated for H100 PCIe"),
        ("cuda", "NVIDIA H200", "stated for H200"),
        ("cuda", "NVIDIA A100-SXM4-80GB", "stated for A100 80 GB"),
        ("cuda", "Tesla T4", "stated for H100 SXM"),
        ("cuda", "", "stated for H100 SXM"),
    ],
)
def test_a_device_is_as_measured_or_as_stated_for_its_like(
    kind: str, name: str, label: str
) -> None:
    assert device_at(kind, name, {"mine": MINE}).label == label


def test_stated_gpus_are_shares_of_their_data_sheets() -> None:
    h100 = GPUS["H100"]
    assert h100.flops == pytest.approx(0.4 * 494.7e12)
    assert h100.half_flops == pytest.approx(2 * h100.flops)
    assert h100.bandwidth == pytest.approx(0.8 * 3.35e12)
    assert str(h100).startswith("stated for H100 SXM: 197,880 GFLOP/s (395,760 in 16 bits), 2,680")
    assert CORE.bandwidth < h100.bandwidth


def test_what_was_measured_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "devices.json").write_bytes(dumped({"mine": MINE}))
    assert read_measured(tmp_path / "devices.json") == {"mine": MINE}
    assert read_measured(tmp_path / "absent.json") == {}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{ damaged",
        json.dumps({"mine": 3}),
        json.dumps({"mine": {"label": MEASURED}}),
        json.dumps({"mine": asdict(MINE) | {"more": 1.0}}),
        json.dumps({"mine": asdict(MINE) | {"flops": "fast"}}),
        json.dumps({"mine": asdict(MINE) | {"bandwidth": 0.0}}),
        json.dumps({"mine": asdict(MINE) | {"launch": float("nan")}}),
    ],
)
def test_a_damaged_file_measures_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "devices.json").write_text(content)
    assert read_measured(tmp_path / "devices.json") == {}
