"""What seeds say: against scipy's t-tests, at the edges, and how often it would be wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # scikit-learn brings it

from harness.check.equivalence import (
    LEVEL,
    NO_SPREAD,
    Sample,
    Spread,
    Uncertainty,
    beside,
    by_seeds,
    sample,
    single_runs,
    together,
    untested,
    weighed,
)
from harness.check.status import Word
from harness.check.tolerance import Exact, Printed

YES, NO, OPEN = Word.REPRODUCED, Word.NOT_REPRODUCED, Word.INCONCLUSIVE


def seeds(values: list[float]) -> Sample:
    return sample(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))


def held(values: list[float], golden: float, margin: float) -> Uncertainty:
    return weighed(seeds(values), golden, margin, None)


@given(
    values=st.lists(st.floats(80, 100), min_size=2, max_size=8, unique=True),
    golden=st.floats(80, 100),
    margin=st.floats(0.1, 5),
)
def test_the_answers_are_those_of_scipys_one_sided_tests(
    values: list[float], golden: float, margin: float
) -> None:
    found = held(values, golden, margin)
    low = stats.ttest_1samp(values, golden - margin, alternative="greater").pvalue
    high = stats.ttest_1samp(values, golden + margin, alternative="less").pvalue
    if min(abs(p - edge) for p in (low, high) for edge in (0.05, 0.95)) < 1e-5:
        return  # on the edge of a test the last digits decide
    if max(low, high) <= 0.05:
        assert found.word is YES
    elif max(low, high) >= 0.95:
        assert found.word is NO
    else:
        assert found.word is OPEN
    interval = stats.t.interval(0.9, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(interval)
    assert LEVEL == 0.9


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ([91.0, 91.1, 91.2], YES, "the 90% interval 90.931 to 91.269 lies inside 91.06 ± 0.5"),
        ([89.0, 89.1, 89.2], NO, "lies outside 91.06 ± 0.5"),
        ([90.2, 91.0, 91.8], OPEN, "reaches over an end of 91.06 ± 0.5"),
        ([91.5, 91.56, 91.62], OPEN, "reaches over an end"),  # the mean on the end of the margin
        ([91.06, 91.06], YES, "91.06 to 91.06 lies inside"),  # no spread: the mean decides
        ([91.56, 91.56], YES, "lies inside"),  # the end belongs to the margin, as in a check
        ([91.57, 91.57], NO, "lies outside"),
    ],
)
def test_the_interval_shows_the_answer(values: list[float], status: Word, said: str) -> None:
    found = held(values, 91.06, 0.5)
    assert found.word is status
    assert said in found.sentence
    assert found.sentence.startswith(status)


RESNET110 = Spread(0.16, 5, 1, "5 runs of ResNet-110, He et al. 2016a, not this network")


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        (
            91.06,
            "as close as two runs of one recipe would be (± 0.63 in 19 of 20; spread 0.16 from",
        ),
        (91.68, "as close as two runs"),
        (90.44, "as close as two runs"),
        (91.70, "further from the published run than two runs would be (± 0.63 in 19 of 20; "),
        (80.0, "further from the published run"),
    ],
)
def test_one_run_beside_one_run_is_never_called_reproduced(mean: float, said: str) -> None:
    found = beside(mean, 91.06, RESNET110)
    assert found.word is OPEN
    assert found.why.startswith(said)
    assert found.why.endswith("5 runs of ResNet-110, He et al. 2016a, not this network)")
    assert math.isnan(found.low) and math.isnan(found.p_outside)


def test_the_interval_of_a_further_run_is_that_of_two_draws() -> None:
    half = stats.t.ppf(0.975, 4) * 0.16 * math.sqrt(2)
    for off, said in ((half - 1e-6, "as close"), (half + 1e-6, "further")):
        assert beside(91 + off, 91, RESNET110).why.startswith(said)
    of_five = Spread(0.16, 5, 5, "its own")  # the mean of its five runs
    narrower = stats.t.ppf(0.975, 4) * 0.16 * math.sqrt(1 + 1 / 5)
    assert beside(91 + narrower + 1e-6, 91, of_five).why.startswith("further")
    assert beside(91, 91, None).why == NO_SPREAD


def test_the_published_run_is_a_draw_too() -> None:
    """The test of Welch, whatever the number of seeds here; its degrees of freedom rounded down."""
    own = seeds([91.0, 91.1, 91.2])
    found = weighed(own, 91.06, 0.5, RESNET110)
    a, b = 0.1**2 / 3, 0.16**2
    df = math.floor((a + b) ** 2 / (a**2 / 2 + b**2 / 4))
    half = stats.t.ppf(0.95, df) * math.sqrt(a + b)
    assert (found.low, found.high) == pytest.approx((91.1 - half, 91.1 + half))
    assert found.word is YES
    assert "the published value spreads by 0.16: 5 runs of ResNet-110" in found.sentence


def test_with_identical_truth_18_cells_are_rarely_called_not_reproduced() -> None:
    """Without the spread of the published run it were 16 %, the more seeds the surer."""
    draw, wrong = np.random.default_rng(3), 0
    for _ in range(200):
        published = draw.normal(90, 0.2, 18)
        here = draw.normal(90, 0.2, (18, 200))
        spread = Spread(0.2, 1000, 1, "known")
        cells = [
            weighed(seeds(row.tolist()), float(g), 0.5, spread)
            for row, g in zip(here, published, strict=True)
        ]
        wrong += together(cells) is NO
    assert wrong / 200 <= 0.05


def test_nothing_measured_and_no_spread_have_no_interval() -> None:
    for found in (sample(math.nan, math.nan, 0, Printed("1", 1, 0.1, 5)), sample(1.0, math.nan, 1)):
        assert all(map(math.isnan, found.interval()))


def test_what_no_seed_changes_is_the_same_or_not() -> None:
    rule, seven = Exact(rule="exact", basis="b"), Printed("7", 7)
    for published in (None, seven):
        assert by_seeds(sample(7, math.nan, 1), published, rule, 0.0, same=True).word is YES
        assert by_seeds(sample(8, math.nan, 1), published, rule, 0.0, same=False).word is NO


@pytest.mark.parametrize("n", [2, 3, 5])
def test_wrong_answers_are_as_rare_as_stated(n: int) -> None:
    """2,000 experiments a case, fixed draws; four standard errors of a share are allowed for."""
    draw = np.random.default_rng(7)
    golden, margin, runs = 90.0, 0.5, 2000

    def share(true: float, std: float, wanted: Word) -> float:
        found = [held(row, golden, margin) for row in draw.normal(true, std, (runs, n)).tolist()]
        return sum(one.word is wanted for one in found) / runs

    def four(share: float) -> float:
        return 4 * math.sqrt(share * (1 - share) / runs)

    outside, inside = golden + margin, golden - margin  # both ends: just outside, just inside
    for std in (0.05, 0.3, 2.0):
        assert share(outside, std, YES) <= 0.05 + four(0.05)
        assert share(inside, std, NO) <= 0.10 + four(0.10)  # too low or too high
    assert share(outside, 0.05, YES) == pytest.approx(0.05, abs=four(0.05))  # and not too shy
    assert share(inside, 0.05, NO) == pytest.approx(0.05, abs=four(0.05))
    assert share(golden, 0.05, YES) > 0.8
    assert share(golden + 3 * margin, 0.05, NO) > 0.8


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    draws = np.random.default_rng(8).normal(90, 1, (2000, 3)).tolist()
    covered = [one.low <= 90 <= one.high for one in (held(row, 90, 1) for row in draws)]
    assert np.mean(covered) == pytest.approx(LEVEL, abs=4 * math.sqrt(0.09 / 2000))


def cell(status: Word, p_outside: float) -> Uncertainty:
    return Uncertainty(status, "", p_outside=p_outside)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], Word.NOT_TESTED),
        ([cell(YES, 1.0)] * 20, YES),
        ([cell(YES, 1.0)] * 19 + [cell(OPEN, 0.3)], OPEN),
        ([cell(YES, 1.0)] * 19 + [cell(OPEN, math.nan)], OPEN),  # one seed
        ([cell(NO, 0.02)], NO),
        ([cell(NO, 0.02)] + [cell(YES, 1.0)] * 19, OPEN),  # one of twenty, by chance
        ([cell(NO, 0.001)] + [cell(YES, 1.0)] * 19, NO),
    ],
)
def test_an_exhibit_is_no_surer_than_its_cells(cells: list[Uncertainty], said: Word) -> None:
    assert together(cells) is said


def test_what_is_not_tested_still_has_an_interval() -> None:
    found = untested("why", seeds([1.0, 2.0, 3.0]))
    assert found.word is Word.NOT_TESTED
    assert found.low < 2 < found.high
    assert not found.is_tested


def test_cells_of_one_run_each_are_told_together_and_never_called_reproduced() -> None:
    """t(1 − 0.025/18, 4) · 0.16 · √2 = 1.49: of 18 cells one lies beyond 0.63 by chance."""
    close, further = beside(91.5, 91.06, RESNET110), beside(92.06, 91.06, RESNET110)
    assert (close.short, further.short) == ("as close as two runs", "further than two runs")
    assert single_runs([close] * 16 + [further] * 2) == (
        "16 as close as two runs of one recipe would be, 2 further from the published run than two "
        "runs would be, all within the ± 1.49 that hold 18 together"
    )
    far = beside(93.06, 91.06, RESNET110)
    assert "not all within the ± 1.49" in single_runs([close] * 17 + [far])
    lone = beside(91, 91.06, None)
    assert lone.short == "one run, no spread known"
    assert single_runs([lone]) == "1 of one run beside one run; no spread known"
    assert single_runs([close]) == "1 as close as two runs of one recipe would be"
    assert single_runs([weighed(sample(91.1, 0.1, 3), 91.06, 0.5, None)]) == ""
