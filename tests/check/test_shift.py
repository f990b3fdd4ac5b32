"""Rank tests over trainings: against scipy, against every choice written out, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats  # scikit-learn brings it

from harness.check.shift import (
    ALPHA,
    ALPHA_SINGLE,
    POWER,
    Design,
    Training,
    critical,
    detectable,
    rank_tests,
    seeds_to_decide,
    squared,
    tail,
)
from tests.power import Case, rates


def drawn(seed: int, *, golden: int = 10, fresh: int = 2, shift: float = 0.0) -> Training:
    values = np.random.default_rng(seed).standard_normal(golden + fresh)
    return Training(tuple(values[:golden].tolist()), tuple((values[golden:] + shift).tolist()))


@pytest.mark.parametrize(("golden", "fresh"), [(5, 1), (10, 2), (10, 3), (10, 10)])
def test_one_training_is_the_exact_test_of_mann_and_whitney(golden: int, fresh: int) -> None:
    for seed in range(20):
        one = drawn(seed, golden=golden, fresh=fresh, shift=seed / 5)
        peer = stats.mannwhitneyu(one.fresh, one.golden, method="exact")
        assert one.d == 2 * peer.statistic - golden * fresh
        assert one.p == pytest.approx(peer.pvalue)
        variance = golden * fresh * (golden + fresh + 1) / 12  # of U
        assert one.z == pytest.approx((peer.statistic - golden * fresh / 2) / math.sqrt(variance))


def every_d(one: Training) -> list[int]:
    """D of each choice of the fresh among all values."""
    pooled = one.golden + one.fresh
    chosen = itertools.combinations(range(len(pooled)), len(one.fresh))
    parts = [
        (
            tuple(v for i, v in enumerate(pooled) if i not in fresh),
            tuple(pooled[i] for i in fresh),
        )
        for fresh in chosen
    ]
    return [Training(golden, fresh).d for golden, fresh in parts]


def test_p_is_the_share_of_all_choices_ties_and_all() -> None:
    a = Training((1.0, 1.0, 2.0, 3.0, 3.0), (3.0, 3.0))
    b = Training((5.0, 6.0, 7.0), (6.0, 8.0))
    pairs = list(itertools.product(every_d(a), every_d(b)))
    laws = [a.null(), b.null()]
    for at in range(17):
        share = sum(abs(x + y) >= at for x, y in pairs) / len(pairs)
        assert tail(laws, at) == pytest.approx(share)
        share = sum(x * x + y * y >= at * at for x, y in pairs) / len(pairs)
        assert tail([squared(law) for law in laws], at * at) == pytest.approx(share)
    assert a.p == pytest.approx(sum(abs(x) >= abs(a.d) for x in every_d(a)) / len(every_d(a)))


def test_the_thresholds_of_21_trainings_with_10_and_2_seeds() -> None:
    design, alpha = Design(10, 2), 2.5e-4
    edge = critical([design.null()] * 21, alpha)
    assert edge is not None
    assert edge / design.deviation / math.sqrt(21) == pytest.approx(3.63, abs=0.01)  # normal: 3.66
    assert tail([design.null()] * 21, edge) <= alpha < tail([design.null()] * 21, edge - 2)
    edge = critical([squared(design.null())] * 21, alpha)
    assert edge is not None
    assert edge / design.deviation**2 == pytest.approx(42.4, abs=0.1)


def test_one_shift_that_all_share_is_seen_in_s_and_opposite_ones_in_q() -> None:
    still = {"SNNs": [drawn(i) for i in range(21)], "ANNs": [drawn(90 + i) for i in range(14)]}
    still["all"] = still["SNNs"] + still["ANNs"]
    calm = rank_tests(still, scattered=("SNNs",))
    assert [(one.statistic, one.group, one.m) for one in calm] == [
        ("S", "SNNs", 21),
        ("S", "ANNs", 14),
        ("S", "all", 35),
        ("Q", "SNNs", 21),
    ]
    assert not any(one.alarms for one in calm)
    assert sum(one.alpha for one in calm) == pytest.approx(ALPHA)
    moved = rank_tests({"SNNs": [drawn(i, shift=-1.5) for i in range(21)]}, scattered=("SNNs",))
    assert next(one.statistic for one in moved if one.alarms) == "S"
    apart = [drawn(i, shift=2.5 * (-1) ** i) for i in range(21)]
    assert [one.statistic for one in rank_tests({"SNNs": apart}, ("SNNs",)) if one.alarms] == ["Q"]


def test_too_few_trainings_to_ever_alarm_are_not_tested() -> None:
    assert rank_tests({"all": [drawn(1, shift=90)]}, scattered=()) == ()
    (one,) = rank_tests({"all": [drawn(1, shift=90), drawn(2, shift=90)]}, scattered=())
    assert one.alarms and one.alpha == ALPHA
    assert rank_tests({"all": []}, scattered=("all",)) == ()


def test_what_would_be_seen_is_seen_that_often() -> None:
    design, m, alpha = Design(10, 2), 21, 2.5e-4
    sees = detectable([design] * m, alpha)
    edge = critical([design.null()] * m, alpha)
    assert edge is not None
    values = np.random.default_rng(7).standard_normal((4000, m, 12))
    fresh, golden = values[..., :2] + sees, values[..., 2:]
    d = np.sign(fresh[..., :, None] - golden[..., None, :]).sum((1, 2, 3))
    assert np.mean(np.abs(d) >= edge) == pytest.approx(POWER, abs=0.005)
    assert detectable([design] * 2, alpha) == math.inf


def test_a_single_training_is_called_changed_by_as_many_seeds_as_that_takes() -> None:
    fresh = seeds_to_decide(35, 10)
    apart = Training(tuple(range(10)), tuple(range(10, 10 + fresh)))
    assert 35 * apart.p <= ALPHA_SINGLE
    fewer = Training(tuple(range(10)), tuple(range(10, 10 + fresh - 1)))
    assert 35 * fewer.p > ALPHA_SINGLE


def test_false_alarms_keep_to_the_stated_rate_and_failed_runs_do_not_matter() -> None:
    found = rates(Case(snns=21, anns=14, errors="t5", failed=0.02), Design(10, 2), runs=10_000)
    calm = found["nothing"]
    assert calm.runs == 10_000
    assert calm.alarms / calm.runs <= ALPHA + 3 * math.sqrt(ALPHA / calm.runs)
    assert found["SNNs 1 s"].alarms / found["SNNs 1 s"].runs > 0.9
