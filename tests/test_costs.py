"""What exhibits cost, on the screen and as JSON; nothing stated is called measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.plan.node import Node
from harness.store.manifest import Manifest, Provenance
from harness.store.store import Store
from tests.cli.typed import typed
from tests.synthetic import plan


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")


def publish(store: Store, nodes: Sequence[Node], *, wall_s: float, rate: float) -> None:
    """Each node as a run of so many seconds would leave it, with one file of 1000 bytes."""
    for node in nodes:
        identity = Node.of(node.kind, node.revision, node.spec, node.inputs)
        with store.lease(identity.key):
            partial = store.claim(identity)
            assert not isinstance(partial, Manifest)
            (partial.files / "metrics.json").write_bytes(b" " * 1000)
            numbers = {"images_per_second": rate}
            now = datetime(2026, 1, 2, tzinfo=UTC)
            store.publish(identity, partial, Provenance(now, wall_s, numbers=numbers))


def costs(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    said = typed(f"plan {line} --costs --json", monkeypatch, capsys)
    found: dict[str, Any] = json.loads(said.out)["costs"]
    return found


@pytest.mark.parametrize(
    ("profile", "unit", "other"),
    [
        ("smoke", "core_hours", "gpu_hours"),
        ("quick", "core_hours", "gpu_hours"),
        ("paper", "gpu_hours", "core_hours"),
    ],
)
def test_every_profile_is_priced_without_a_run(
    profile: str,
    unit: str,
    other: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = costs(f"all --profile {profile}", monkeypatch, capsys)
    rows = made["exhibits"]
    assert sum(row["added_seconds"] for row in rows) == pytest.approx(made["seconds"], abs=5)
    assert made[unit] > 100 * made[other]
    assert made[unit] + made[other] == pytest.approx(made["seconds"] / 3600, abs=0.01)
    assert made["seconds_by_basis"] == {"measured": 0, "scaled": 0, "stated": made["seconds"]}
    assert {row["basis"] for row in made["trainings"]} == {"stated"}
    assert all(row["images_per_second"] > 0 for row in made["trainings"])


def test_what_is_stored_is_measured_and_stays_in_the_sum(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = plan("table1", profile="smoke").nodes.values()
    publish(store, list(nodes), wall_s=36.0, rate=400.0)
    made = costs("table1", monkeypatch, capsys)
    (row,) = made["exhibits"]
    assert row["alone_seconds"] == row["added_seconds"] == made["seconds"] == 36.0 * len(nodes)
    assert row["slowest"] == {"images_per_second": 400.0, "basis": "measured"}
    assert row["disk_bytes"] == 1000 * len(nodes)
    assert made["seconds_by_basis"]["measured"] == made["seconds"]
    assert {one["basis"] for one in made["trainings"]} == {"measured"}


def test_runs_on_a_cpu_measure_nothing_on_a_gpu(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(store, list(plan("table1", profile="smoke").nodes.values()), wall_s=36.0, rate=400.0)
    made = costs("table1 --device cuda", monkeypatch, capsys)
    assert made["seconds_by_basis"]["stated"] == made["seconds"] > 0


def test_the_screen_marks_what_is_not_measured(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan("table1", profile="smoke").nodes.values()
    one = next(node for node in found if node.label == "resnet-20 relu digits seed 0")
    publish(store, [one], wall_s=6.0, rate=2000.0)
    said = typed("plan table1 tableD1 --costs", monkeypatch, capsys).out
    row = next(line for line in said.splitlines() if line.startswith("table1"))
    slowest, fastest = row.split()[6:8]
    assert slowest.startswith("~")
    assert fastest == "2,000"
    rests = next(line for line in said.splitlines() if line.startswith("rests on: "))
    assert "measured here" in rests
    assert "scaled by runs of the same kind and device" in rests
    assert rests.endswith("stated constants")  # the architectures of Table D.1
    kinds = [line for line in said.splitlines() if line.startswith("resnet ")]
    assert sum(line.endswith("measured") for line in map(str.rstrip, kinds)) == 1
    assert sum(line.endswith("scaled") for line in map(str.rstrip, kinds)) == 17


def test_the_plan_counts_what_rests_on_stated_constants_beside_earlier_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = list(plan("tableD1", profile="smoke").nodes.values())
    publish(store, nodes[:1], wall_s=1.0, rate=0.0)
    said = typed("plan fig3 tableD1 -q", monkeypatch, capsys).out
    assert "from 1 earlier runs, 3 nodes from stated constants" in " ".join(said.split())


def test_stated_hours_of_a_gpu_say_that_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("plan table1 --profile paper --costs -q", monkeypatch, capsys).out
    assert "rests on: 100% stated constants" in said
    assert "GPU-hours, each node once" in said
    assert "60 times one CPU thread, which was never measured" in said
    assert "precision" not in said  # the kinds of training are not for --quiet
    publish(store, list(plan("table1").nodes.values())[:1], wall_s=3600.0, rate=9000.0)
    corrected = typed("plan table1 --profile paper --costs -q", monkeypatch, capsys).out
    assert "stated" not in corrected.partition("rests on: ")[2]
    smoke = typed("plan table1 --costs -q", monkeypatch, capsys).out
    assert "core-hours, each node once" in smoke
    assert "a GPU is stated" not in smoke
