"""Golden seeds against fresh ones, over trainings: from the file that is written to the verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.check.golden import read_golden
from harness.check.measured import write_exhibit
from harness.check.record import verdict_json
from harness.check.shift import ALPHA
from harness.check.status import Status, Word
from harness.check.verdict import Verdict, judge, settle
from harness.frames.frame import frame_of
from tests.small import recount
from tests.synthetic import ENVIRONMENT, PROJECT, SyntheticStore, library, plan

INDEX = ("neuron", "depth", "width")
SPREAD = 0.3  # of a seed, percentage points
Change = Callable[[str, int, int], float]
"""Neuron, depth and width → by how much the accuracy is off."""


def still(neuron: str, depth: int, width: int) -> float:
    return 0.0


def stored(
    seeds: Iterable[int], change: Change = still, names: tuple[str, ...] = ("table1",)
) -> SyntheticStore:
    """Trainings whose accuracy is drawn from its network and seed, and from nothing else."""
    override = f"seed={','.join(map(str, seeds))}"
    store = SyntheticStore(plan(*names, profile="smoke", overrides=(override,)))
    for exhibit in store.plan.exhibits:
        for point in exhibit.points:
            network, neuron = point.run.network, point.run.neuron.kind
            at = (network.depth, network.width, neuron == "lif", point.seed)
            noise = np.random.default_rng(at).normal(0, SPREAD)
            best = store.contents[point.key]
            best["best_accuracy"] += noise + change(neuron, network.depth, network.width)
    return store


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """Golden values of twelve seeds, each kept."""
    rules = (PROJECT / "golden/smoke/tolerances.toml").read_text(encoding="utf-8")
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke/tolerances.toml").write_text(rules, encoding="utf-8")
    (tmp_path / "paper").symlink_to(PROJECT / "golden/paper")
    store = stored(range(12))
    write_exhibit(tmp_path, "smoke", store.plan.exhibits[0], store, {})
    return tmp_path


def verdict(store: SyntheticStore, golden: Path) -> Verdict:
    made = store.plan.exhibits[0]
    profile = library().profile("smoke")
    found = judge(made, frame_of(made, store, {}), profile, [golden], {})
    (settled,) = settle([found])
    return settled


def at_20(lower: float) -> Change:
    return lambda neuron, depth, width: -lower * (neuron == "lif" and depth == 20 and width == 1)


def test_a_golden_file_keeps_the_number_of_each_seed(golden: Path) -> None:
    read = read_golden(golden, "smoke", "table1.csv", INDEX)
    assert read is not None
    store = stored([7])
    for cell in read.cells[:18]:
        assert list(cell.seeds) == list(range(12))
        assert cell.number is not None and cell.number.n == 12
    first = store.plan.exhibits[0].points[0]
    assert read.cells[0].seeds[7] == store.contents[first.key]["best_accuracy"]


def test_nothing_changed_is_no_change_seen_with_what_would_have_been(golden: Path) -> None:
    found = verdict(stored([0, 1]), golden)
    assert (found.word, found.holds) == ("no change seen (ranks)", True)
    tests = {(one.test.group, one.test.statistic): one for one in found.ranks}
    assert list(tests) == [
        ("accuracy of the SNNs", "S"),
        ("accuracy of the ANNs", "S"),
        ("accuracy of all networks", "S"),
        ("accuracy of the SNNs", "Q"),
    ]
    assert {one.test.m for one in found.ranks} == {9, 18}
    assert sum(one.test.alpha for one in found.ranks) == pytest.approx(ALPHA)
    snns = tests["accuracy of the SNNs", "S"]
    assert snns.sees == pytest.approx(snns.test.sees * SPREAD, rel=0.4)  # 10 seeds tell it so well
    assert f"{snns.sees:.2g} percentage points in the accuracy of the SNNs" in found.sentence
    said = json.loads(verdict_json(found))["sees"]
    assert said["trainings"][0]["sees"] == snns.sees
    assert said["guard_nothing"] == 0


def test_a_shift_of_all_snns_inside_every_band_is_a_change(golden: Path) -> None:
    found = verdict(stored([0, 1], lambda neuron, *_: -0.6 * (neuron == "lif")), golden)
    assert Status.FAIL not in found.cell_counts
    assert (found.word, found.holds) == ("changed", False)
    assert "accuracy of the SNNs: S = −" in found.why.replace("-", "−")


def test_seeds_that_are_golden_are_not_held_against_themselves(golden: Path) -> None:
    cell = verdict(stored([0, 1]), golden).cells[0]
    assert cell.training is not None
    assert (cell.training.design.golden, cell.training.design.fresh) == (10, 2)
    assert not set(cell.training.fresh) & set(cell.training.golden)
    cell = verdict(stored([0, 12, 13]), golden).cells[0]
    assert cell.training is not None and cell.training.design.golden == 11
    assert verdict(stored(range(12)), golden).ranks == ()


def test_one_cell_outside_of_its_band_asks_for_seeds_and_they_decide(golden: Path) -> None:
    """A cell that is off, and one whose first two seeds were bad luck."""
    asking = verdict(stored([0, 1], at_20(2.0)), golden)
    assert asking.word is Word.UNDECIDED
    assert not asking.holds
    assert asking.cell_counts[Status.APART] == 2  # and the gap, which is made of it
    assert asking.asks[0] == 12
    more = [0, 1, *asking.asks]
    off = verdict(stored(more, at_20(2.0)), golden)
    assert off.word == "changed"
    assert [cell.levels["depth"] for cell in off.cells if cell.status is Status.FAIL] == ["20"]

    unlucky = stored(more)
    keys = {p.seed: p.key for p in unlucky.plan.exhibits[0].points
            if dict(p.axes) == {"neuron": "lif", "depth": 20, "width": 1}}  # fmt: skip
    for seed in (0, 1):
        unlucky.contents[keys[seed]]["best_accuracy"] -= 8.0
    calm = verdict(unlucky, golden)
    assert calm.cell_counts[Status.APART] == 2
    assert calm.word == "no change seen (ranks)"


def test_networks_at_chance_and_derived_cells_take_no_part(golden: Path) -> None:
    collapsed = stored(
        range(12), lambda neuron, depth, _: -82.0 * (neuron == "lif" and depth > 100)
    )
    write_exhibit(golden, "smoke", collapsed.plan.exhibits[0], collapsed, {})
    found = verdict(stored([0, 1], lambda n, d, _: -82.0 * (n == "lif" and d > 100)), golden)
    sizes = {one.test.group: one.test.m for one in found.ranks}
    assert sizes == {
        "accuracy of the SNNs": 7,
        "accuracy of the ANNs": 9,
        "accuracy of all networks": 16,
    }


def test_a_training_that_two_exhibits_show_enters_once(golden: Path) -> None:
    store = stored([0, 1])
    made, profile = store.plan.exhibits[0], library().profile("smoke")
    one = judge(made, frame_of(made, store, {}), profile, [golden], {})
    alone, both = settle([one]), settle([one, one])
    assert [g.test for g in alone[0].ranks] == [g.test for g in both[0].ranks]


def test_a_band_that_reaches_chance_is_written_without_a_tolerance(golden: Path) -> None:
    def wild(neuron: str, depth: int, width: int) -> float:
        return -50.0 * (neuron == "lif" and depth == 164)

    store = stored(range(12), wild)
    points = [point for point in store.plan.exhibits[0].points if point.run.network.depth == 164]
    for point in (point for point in points if point.run.neuron.kind == "lif"):
        store.contents[point.key]["best_accuracy"] += 12 * math.cos(2.0 * point.seed)
    write_exhibit(golden, "smoke", store.plan.exhibits[0], store, {})
    read = read_golden(golden, "smoke", "table1.csv", INDEX)
    assert read is not None
    (cell,) = [c for c in read.cells if c.quantity == "accuracy" and c.rule == "unsettled"]
    assert cell.index == ("lif", "164", "1")
    assert "reaches chance, 10" in str(cell.text)
    assert len(cell.seeds) == 12  # and still takes part in the ranks
    found = verdict(stored([0, 1], wild), golden)
    held = {c.levels["depth"]: c for c in found.cells if c.levels["neuron"] == "lif"}["164"]
    assert held.status is Status.NOT_COMPARED and held.training is not None
    assert found.sees.endswith("1 cell guards nothing")


@pytest.mark.parametrize(
    ("std", "idle"), [(5.0, ""), (8.0, "reaches chance, 10"), (16.0, "holds all that there is")]
)
def test_a_band_of_an_older_file_that_guards_nothing_is_counted(
    golden: Path, std: float, idle: str
) -> None:
    """80 ± t(0.99935, 4)·std·√(1/2 + 1/5): ± 33, 54, 107."""
    line = f"accuracy,lif,164,1,80.0,{std},5,here\n"
    header = "quantity,neuron,depth,width,value,std,n,place\n"
    (golden / "smoke/table1.csv").write_text(header + line, encoding="utf-8")
    found = verdict(stored([0]), recount(golden))
    (cell,) = [c for c in found.cells if c.golden]
    assert idle in cell.idle and bool(idle) == bool(cell.idle)
    assert (cell.status is Status.IDLE) == bool(idle)
    assert json.loads(verdict_json(found))["sees"]["guard_nothing"] == bool(idle)
    assert found.sees.endswith("1 cell guards nothing") == bool(idle)


def test_a_seed_that_was_measured_gives_its_value_again_where_it_must(golden: Path) -> None:
    """By the same versions on the same class of processor a change inside every band is seen."""
    path = golden / "smoke/table1.provenance.json"
    here = {**ENVIRONMENT, "arithmetic": {"model": "A"}}
    rests_on = json.loads(path.read_text()) | {"environment": here, "keys": []}
    path.write_text(json.dumps(rests_on))
    calm, changed = stored([0, 1]), stored([0, 1], at_20(0.01))

    def held(store: SyntheticStore, environment: dict[str, Any]) -> Verdict:
        made = store.plan.exhibits[0]
        stored_here = [m for m in map(store.get, made.nodes) if m]
        manifests = [m.model_copy(update={"environment": environment}) for m in stored_here]
        frame = frame_of(made, store, {})
        found = judge(made, frame, library().profile("smoke"), [golden], {}, manifests)
        return settle([found])[0]

    assert held(calm, here).word == "no change seen (ranks)"
    found = held(changed, here)
    assert (found.word, found.holds) == ("changed", False)
    (cell, gap) = [one for one in found.cells if one.status is Status.FAIL]
    assert cell.levels == {"neuron": "lif", "depth": "20", "width": "1"}
    assert gap.is_derived
    assert cell.sentence.startswith("seed 0 gives ") and "when it was measured" in cell.sentence
    assert held(changed, here | {"arithmetic": {"model": "B"}}).holds
    assert held(changed, here | {"packages": {"torch": "1.0.0"}}).holds
