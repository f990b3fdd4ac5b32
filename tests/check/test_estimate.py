"""The number that decides a claim has an interval over seeds, or says why it has none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy import stats

from harness.check.claims import evaluate
from harness.check.estimate import LEVEL, ONE_SEED, Estimate, estimate, seed_by_seed
from harness.frames.frame import frame_of
from harness.report.wording import interval
from harness.spec.claim import Claim
from harness.spec.claim.bound import Bound
from harness.spec.claim.predicate import RHO, SHARE, Outcome
from tests.check.cells import cells
from tests.synthetic import SyntheticStore, library, plan


def outcome(value: float, of: str = "", *, holds: bool | None = True) -> Outcome:
    return Outcome(holds, value=value, of=of)


def test_it_is_student_s_over_the_seeds_each_by_itself() -> None:
    values = [0.2, 0.5, 0.3, 0.4]
    found = estimate(outcome(0.35), "gap", "percent", [outcome(one) for one in values])
    low, high = stats.t.interval(LEVEL, 3, loc=0.35, scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert (found.of, found.unit, found.holds, found.seeds) == ("gap", "percent", 4, 4)
    assert interval(found) == (
        "gap 0.35: 0.14 to 0.56 at 95 %, over 4 seeds, by Student's t; it holds in 4 of 4"
    )


@pytest.mark.parametrize(("of", "least"), [(RHO, -1.0), (SHARE, 0.0)])
def test_it_ends_where_a_rank_correlation_or_a_share_does(of: str, least: float) -> None:
    found = estimate(outcome(0.0, of), "gap", "percent", [outcome(1.0), outcome(least)])
    assert (found.low, found.high, found.unit) == (least, 1.0, "")


def test_without_seeds_to_spread_it_has_none_and_says_so() -> None:
    alone = estimate(outcome(0.35), "gap", "", [])
    assert not alone.is_interval
    assert interval(alone) == f"none: {ONE_SEED}"
    one_open = [outcome(0.3), outcome(math.nan, holds=None)]
    found = estimate(outcome(0.35), "gap", "", one_open)
    assert not found.is_interval
    assert (found.holds, found.seeds) == (1, 2)
    assert interval(Estimate()) == ""


def test_a_claim_is_put_to_the_test_seed_by_seed() -> None:
    (gap, _) = library().exhibits["table1"].claim
    store = SyntheticStore(plan("table1", overrides=("seed=0,1,2",)))
    frame = frame_of(store.plan.exhibits[0], store, {})
    for point in store.plan.exhibits[0].points:  # in seed 2 the gap rises with the width
        if point.seed == 2 and point.axes["neuron"] == "lif":
            ann = {1: 91.06, 2: 93.36, 4: 94.52, 8: 94.78, 16: 94.78}[point.axes["width"]]
            store.contents[point.key]["best_accuracy"] = ann - point.axes["width"] / 100
    each = seed_by_seed(frame_of(store.plan.exhibits[0], store, {}))
    assert [len(one.runs) for one in each] == [len(frame.runs) // 3] * 3
    found = evaluate(gap, frame_of(store.plan.exhibits[0], store, {}), counted=True, each=each)
    assert (found.estimate.holds, found.estimate.seeds, found.estimate.of) == (2, 3, RHO)
    assert seed_by_seed(replace(frame, points=frame.points[:1])) == ()


def test_one_seed_has_the_interval_over_its_images_where_that_is_known() -> None:
    test = Bound(kind="bound", quantity="q", above=0.5, basis="b")
    one = replace(cells((), {(): 0.8}, unit="CKA"), se=(0.02,))
    claim = Claim(id="c", text="It is so.", place="p. 6", test=test)
    found = evaluate(claim, one, counted=True).estimate  # type: ignore[arg-type]
    half = 1.959964 * 0.02 / (1 - 0.8**2)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.8) - half), rel=1e-6)
    assert found.high == pytest.approx(math.tanh(math.atanh(0.8) + half), rel=1e-6)
    assert interval(found).endswith("for these networks; it says nothing of other seeds")


@pytest.mark.parametrize(("value", "seeds"), [(0.8, (1, 1)), (0.4, (0, 1)), ("diverged", (0, 0))])
def test_one_seed_is_counted_as_one(value: float | str, seeds: tuple[int, int]) -> None:
    test = Bound(kind="bound", quantity="q", above=0.5, basis="b")
    claim = Claim(id="c", text="It is so.", place="p. 6", test=test)
    found = evaluate(claim, cells((), {(): value}), counted=True).estimate  # type: ignore[arg-type]
    assert (found.holds, found.seeds) == seeds
