"""The schedule of a plan, as a user reads it and as a program does."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.typed import typed


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))


def test_all_of_the_paper_on_eight_machines_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("plan all --profile paper --nodes 8x4 --json", monkeypatch, capsys)
    record = json.loads(said.out)
    made, nodes = record["schedule"], {one["key"]: one for one in record["nodes"]}
    assert {one["key"] for one in made["order"]} == set(nodes)
    assert made["measured_costs"] == 0
    assert made["stated_costs"] == len(nodes)
    assert made["lower_bound_seconds"] <= made["makespan_seconds"] <= made["gpu_hours"] * 3600
    assert made["gpu_hours"] <= made["gpu_hours_held"]
    assert made["gpu_hours_held"] == pytest.approx(made["makespan_seconds"] * 32 / 3600, rel=1e-3)
    path = made["critical_path"]
    assert sum(one["seconds"] for one in path) == pytest.approx(
        made["critical_path_seconds"], abs=1
    )
    for before, after in pairwise(path):
        assert before["key"] in nodes[after["key"]]["inputs"].values()
    assert {one["machine"] for one in made["order"]} == set(range(8))
    assert {one["slot"] for one in made["order"]} == set(range(4))


def test_it_says_what_bounds_it_and_what_it_rests_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = typed("plan table1 --profile paper --nodes 1x1 -q", monkeypatch, capsys).out
    assert "on 1x1: ~" in one
    assert "100% of 1 slots busy" in one
    assert "the work of all nodes, shared by all slots" in one
    assert "all 18 costs are stated constants" in one
    many = typed("plan table1 --profile paper --nodes 99x4 -q", monkeypatch, capsys).out
    assert "the critical path, which more machines do not shorten" in many
    assert "GPU-hours worked" in many
    assert "GPU-hours" not in typed("plan table1 --nodes 1x2 -q", monkeypatch, capsys).out


def test_a_wrong_number_of_machines_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("plan table1 --nodes 8", monkeypatch, capsys)
    assert said.code == 2
    assert "as in --nodes 8x4" in said.err
