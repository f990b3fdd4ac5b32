"""What exhibits cost, on the screen and as JSON; nothing stated is called measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.execute.costs import costs_record
from harness.execute.environment import processor
from harness.execute.survey import Survey
from harness.plan.device import MEASURED
from harness.plan.estimate import DEVICES, Basis, Past, estimate
from harness.plan.expand import Plan
from harness.plan.footprint import Footprint
from harness.plan.node import Node
from harness.store.manifest import Manifest, Provenance
from harness.store.store import Store
from harness.terminal.costs import print_costs
from tests.cli.typed import typed
from tests.synthetic import library, plan


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


def surveyed(made: Plan, *past: Past) -> Survey:
    """A plan held against an empty store, with estimates from such runs."""
    estimates = estimate(made.nodes.values(), past)
    return Survey(made, {}, {}, estimates, DEVICES, {}, {}, {})


def smoke(*names: str) -> Plan:
    return plan(*names, profile="smoke")


def by_id(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in record["exhibits"]}


SHARING = ("fig3", "fig2", "table1")  # fig3 is part of fig2, which shares trainings with table1


def test_the_dearest_is_first_and_what_they_add_sums_to_the_plan() -> None:
    record = costs_record(surveyed(smoke(*SHARING)))
    rows = record["exhibits"]
    assert {row["id"] for row in rows} == set(SHARING)
    assert all(a["alone_seconds"] >= b["alone_seconds"] for a, b in pairwise(rows))
    assert rows[0]["id"] != SHARING[0]
    assert sum(row["added_seconds"] for row in rows) == pytest.approx(record["seconds"], abs=0.2)
    assert sum(row["alone_seconds"] for row in rows) > 1.1 * record["seconds"]
    assert rows[0]["added_seconds"] == rows[0]["alone_seconds"]


def test_what_is_shared_is_counted_at_the_cheaper_exhibit() -> None:
    made = smoke(*SHARING)
    rows = by_id(costs_record(surveyed(made)))
    fig3 = rows["fig3"]
    assert (fig3["nodes"], fig3["trainings"]) == (3, 2)
    assert (fig3["nodes_shared"], fig3["trainings_shared"], fig3["added_seconds"]) == (3, 2, 0)
    shared = sum(row["nodes_shared"] for row in rows.values())
    assert shared == sum(row["nodes"] for row in rows.values()) - len(made.nodes)


def test_an_exhibit_costs_alone_what_it_costs_without_the_others() -> None:
    (alone,) = costs_record(surveyed(smoke("fig2")))["exhibits"]
    beside = by_id(costs_record(surveyed(smoke(*SHARING))))["fig2"]
    assert beside["alone_seconds"] == alone["alone_seconds"]
    assert beside["disk_bytes"] == alone["disk_bytes"]


def test_slowest_and_fastest_are_those_of_its_trainings() -> None:
    held = surveyed(smoke("table1", "tableD1"))
    rows = by_id(costs_record(held))
    rates = {
        node.label: round(held.estimates[key].images_per_second or 0, 1)
        for key, node in held.plan.nodes.items()
    }
    slowest, fastest = (rows["table1"][name] for name in ("slowest", "fastest"))
    assert slowest["images_per_second"] == rates["resnet-20 x16 lif T=4 digits seed 0"]
    assert fastest["images_per_second"] == rates["resnet-20 relu digits seed 0"]
    assert rows["tableD1"]["slowest"] is None  # it trains nothing


def test_each_basis_has_its_seconds() -> None:
    made = smoke("table1", "tableD1")
    first = next(node for node in made.nodes.values() if node.kind == "train")
    record = costs_record(surveyed(made, Past("train", first.spec, 50.0)))
    seconds, rows = record["seconds_by_basis"], by_id(record)
    assert seconds["measured"] == 50.0
    assert seconds["scaled"] > 0
    assert seconds["stated"] > 0
    assert sum(seconds.values()) == pytest.approx(record["seconds"], abs=0.2)
    assert rows["tableD1"]["seconds_by_basis"]["stated"] == seconds["stated"]
    assert rows["table1"]["seconds_by_basis"]["stated"] == 0


def test_each_training_is_of_one_kind_and_shortcuts_make_none() -> None:
    made = smoke("table1", "table2")
    found = costs_record(surveyed(made))["trainings"]
    trainings = [node for node in made.nodes.values() if node.kind == "train"]
    assert sum(one["trainings"] for one in found) == len(trainings) > len(found)
    assert [one["seconds"] for one in found] == sorted((s["seconds"] for s in found), reverse=True)
    assert any(one["trainings"] == 2 and one["depth"] == 38 for one in found)


def test_stages_of_one_step_and_devices_are_kinds_of_their_own() -> None:
    (paper, *_) = costs_record(surveyed(plan("table1")))["trainings"]
    assert (paper["device"], paper["dataset"]) == ("cuda", "cifar10")
    steps = costs_record(surveyed(smoke("table3")))["trainings"]
    assert {tuple(one["one_step_stages"]) for one in steps} == {(), ("1",), ("3",)}


def test_a_kind_says_what_was_measured_of_it_and_nothing_else() -> None:
    made = smoke("table1", "table2")
    alike = [
        node
        for node in made.nodes.values()
        if node.spec["network"]["depth"] == 38 and node.spec["neuron"]["kind"] == "lif"
    ]
    assert len(alike) == 2  # with shortcuts and without
    past = Past("train", alike[0].spec, 20.0, images_per_second=700.0)
    found = costs_record(surveyed(made, past))["trainings"]
    (one,) = [one for one in found if one["basis"] is Basis.MEASURED]
    assert (one["trainings"], one["rests_on"]) == (2, 1)
    assert (one["images_per_second"], one["seconds"]) == (700.0, 20.0)
    assert all(other["basis"] is Basis.SCALED for other in found if other is not one)


@pytest.mark.parametrize("width", [80, 119, 120, 200])
def test_no_name_and_no_digit_is_lost_however_narrow_the_terminal(width: int) -> None:
    held = surveyed(plan("figA1", "table1", "ablation-cka", "lab-fig1"))
    console = Console(width=width, legacy_windows=False)
    with console.capture() as captured:
        print_costs(held, console, trainings=False)
    lines = captured.get().splitlines()
    assert lines[0].split()[0] == "exhibit"
    for row in costs_record(held)["exhibits"]:
        (line,) = [line for line in lines if line.startswith(f"{row['id']} ")]
        cells = line.split()
        assert cells[1:3] == [str(row["trainings"]), str(row["trainings_shared"])]
        slowest = f"~{row['slowest']['images_per_second']:,.0f}"
        assert slowest in cells
        assert "…" not in line


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
    assert "measured by stored runs" in rests
    assert "corrected by 1 stored runs" in rests
    assert rests.endswith("stated for a CPU core")  # the architectures of Table D.1
    kinds = [line for line in said.splitlines() if line.startswith("resnet-")]
    assert sum(line.endswith("measured") for line in map(str.rstrip, kinds)) == 1
    assert sum(line.endswith("scaled") for line in map(str.rstrip, kinds)) == 17


def test_the_plan_says_what_each_part_of_its_hours_rests_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = list(plan("tableD1", profile="smoke").nodes.values())
    publish(store, nodes[:1], wall_s=1.0, rate=0.0)
    said = " ".join(typed("plan fig3 tableD1 -q", monkeypatch, capsys).out.split())
    assert "from 1 stored runs, 3 nodes stated for a CPU core" in said
    said = " ".join(typed("plan fig3 --profile paper -q", monkeypatch, capsys).out.split())
    assert ", stated for H100 SXM; " in said


def test_hours_of_a_gpu_say_which_and_how_its_numbers_are_known(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("plan table1 --profile paper --costs -q", monkeypatch, capsys).out
    assert "rests on: 100% stated for H100 SXM" in said
    assert "GPU-hours, each node once" in said
    assert "roofline, stated for H100 SXM: 197,880 GFLOP/s" in said
    assert "precision" not in said  # the kinds of training are not for --quiet
    publish(store, list(plan("table1").nodes.values())[:1], wall_s=3600.0, rate=9000.0)
    corrected = typed("plan table1 --profile paper --costs -q", monkeypatch, capsys).out
    assert "corrected by 1 stored runs" in corrected
    assert "stated" not in corrected.partition("rests on: ")[2]
    smoke = typed("plan table1 --costs -q", monkeypatch, capsys).out
    assert "core-hours, each node once" in smoke
    assert "H100" not in smoke


def test_numbers_of_a_device_that_were_measured_take_the_place_of_stated_ones(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = costs("table1", monkeypatch, capsys)
    half = {"flops": 50e9, "half_flops": 80e9, "bandwidth": 3e9, "launch": 160e-6}
    path = store.tree.room("cache") / "devices.json"
    path.parent.mkdir(parents=True)
    store.tree.prepare()
    path.write_text(json.dumps({processor(): {"label": MEASURED, **half}}))
    measured = costs("table1", monkeypatch, capsys)
    assert measured["seconds"] == pytest.approx(2 * stated["seconds"], rel=0.01)
    assert measured["devices"]["cpu"]["label"] == "measured here"
    said = typed("plan table1 -q", monkeypatch, capsys).out
    assert ", measured here; " in " ".join(said.split())
    path.write_text("{ damaged")
    assert costs("table1", monkeypatch, capsys)["seconds"] == stated["seconds"]


def test_plan_and_reproduce_count_the_same_workers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.execute.survey.usable_cores", lambda: 3)
    for line, workers in (
        ("fig2 -q", "3 workers"),
        ("fig2 --profile paper -q", "1 worker,"),
        ("fig2 --device cuda -q", "1 worker,"),
    ):
        assert f" on {workers}" in " ".join(typed(f"plan {line}", monkeypatch, capsys).out.split())
    held = surveyed(smoke("fig2"))
    assert (held.slots, surveyed(plan("fig2")).slots) == (3, 1)


def test_nodes_share_a_gpu_where_the_memory_of_all_of_them_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.execute.survey.usable_cores", lambda: 16)
    monkeypatch.setattr("harness.execute.survey.gpu_megabytes", lambda: [80_000.0])
    made = plan("table1")
    held = surveyed(made)
    memory = {key: Footprint(900.0, 6_000.0) for key in made.nodes}
    assert replace(held, memory=memory).slots == 9  # 1.25 · 6 GB + 0.8 GB each
    one, *_ = memory
    assert replace(held, memory=memory | {one: Footprint(900.0, None)}).slots == 1
    several = plan("table1", overrides=("numerics.world_size=2",))
    peaks = {key: Footprint(900.0, 6_000.0) for key in several.nodes}
    assert replace(surveyed(several), memory=peaks).slots == 1


def test_a_training_says_what_bounds_it() -> None:
    found = costs_record(surveyed(plan("table1", "figA1")))["trainings"]
    bound = {(one["network"], one["width"], one["depth"], one["neuron"]): one for one in found}
    assert bound["vgg", 10, 13, "lif"]["bound"] == "FLOPs"
    assert bound["resnet", 1, 164, "lif"]["bound"] == "bytes"
    assert bound["resnet", 1, 20, "relu"]["bound"] == "launches"


def test_the_hours_of_the_paper_are_those_that_the_docs_say(root: Path) -> None:
    hours, trainings = dict[str, float](), dict[str, int]()
    for one in costs_record(surveyed(plan(*library().exhibits)))["trainings"]:
        name, count = one["bound"], one["trainings"]
        hours[name] = hours.get(name, 0) + count * one["seconds"] / 3600
        trainings[name] = trainings.get(name, 0) + count
    said = (root / "docs" / "machines.md").read_text(encoding="utf-8")
    assert (
        f"the {sum(trainings.values())} trainings of the profile `paper` take "
        f"{sum(hours.values()):.0f} hours of one H100: FLOPs bound {trainings['FLOPs']} of them "
        f"({hours['FLOPs']:.0f} hours), bytes {trainings['bytes']} ({hours['bytes']:.0f} hours), "
        f"and launches {trainings['launches']} ({hours['launches']:.0f} hours)"
    ) in said


def test_what_nobody_can_estimate_is_told_and_not_counted_as_nothing() -> None:
    """As of a network that was trained elsewhere: its size is known once it has been built."""
    held = surveyed(smoke("table1", "tableD1"))
    known = costs_record(held)
    assert known["unknown_nodes"] == 0
    first = held.plan.exhibits[0].nodes[0]
    nothing = {first: replace(held.estimates[first], seconds=0.0)}
    held = replace(held, estimates={**held.estimates, **nothing})
    rows = by_id(costs_record(held))
    assert (rows["table1"]["unknown_nodes"], rows["tableD1"]["unknown_nodes"]) == (1, 0)
    console = Console(width=140, legacy_windows=False)
    with console.capture() as captured:
        print_costs(held, console, trainings=False)
    said = captured.get()
    assert "?: 1 node, unknown until one like it has run" in said
    (row,) = [line for line in said.splitlines() if line.startswith("table1 ")]
    assert " + ? " in row
