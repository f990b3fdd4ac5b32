"""Tolerances are derived from what is printed or was measured, and state it."""

from __future__ import annotations

import math

import pytest
from scipy import stats  # scikit-learn brings it

from harness.check.tolerance import (
    Exact,
    LastDigit,
    Margin,
    Printed,
    Seeds,
    allowed,
    half_digit,
    t_cdf,
    t_quantile,
)
from harness.errors import HarnessError


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("91.06", 0.005),
        ("93.00", 0.005),
        ("0.1", 0.05),
        ("40", 0.5),
        ("-1.5", 0.05),
        ("3.2e-08", 5e-10),
        ("1e3", 500),
    ],
)
def test_half_of_the_last_printed_digit(text: str, half: float) -> None:
    assert half_digit(text) == pytest.approx(half)
    assert allowed(LastDigit(rule="printed"), Printed(text, float(text)), 1).value == pytest.approx(
        half
    )


def test_exact_and_margin_say_what_they_say() -> None:
    golden = Printed("91.06", 91.06)
    assert allowed(Exact(rule="exact", basis="b"), golden, 1).value == 0
    margin = allowed(Margin(rule="margin", value=0.5, basis="stated"), golden, 1)
    assert (margin.value, margin.basis) == (0.5, "stated")


@pytest.mark.parametrize(
    ("n", "golden_n", "expected"),
    [
        (1, 5, 2.776445 * 0.4 * math.sqrt(1 + 1 / 5)),  # t at 0.975, of a table
        (5, 5, 2.776445 * 0.4 * math.sqrt(2 / 5)),
        (3, 10, 2.262157 * 0.4 * math.sqrt(1 / 3 + 1 / 10)),
    ],
)
def test_seeds_scale_the_measured_spread(n: int, golden_n: int, expected: float) -> None:
    rule = Seeds(rule="seeds", alpha=0.05, basis="t quantile")
    found = allowed(rule, Printed("79.5", 79.5, 0.4, golden_n), n)
    assert found.value == pytest.approx(expected)
    assert found.basis == "t quantile"
    quantile = {5: "2.78", 10: "2.26"}[golden_n]
    assert found.computed.startswith(f"{quantile} × 0.4 × √(1/")


def test_no_spread_still_allows_one_step_of_the_measurement() -> None:
    rule = Seeds(rule="seeds", alpha=0.05, resolution=0.25, basis="b")
    found = allowed(rule, Printed("98.5", 98.5, 0.0, 5), 1)
    assert found.value == 0.25
    assert found.computed.endswith("but at least 0.25")


def test_seeds_without_a_spread_is_an_error() -> None:
    rule = Seeds(rule="seeds", alpha=0.05, basis="b")
    with pytest.raises(HarnessError, match="has no std and n"):
        allowed(rule, Printed("98.5", 98.5), 1)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 10, 31, 200])
def test_the_distribution_and_its_quantiles_are_scipys(df: int) -> None:
    for t in (-300.0, -4.0, -0.5, 0.0, 0.01, 1.0, 2.776, 8.0, 1e6):
        assert t_cdf(t, df) == pytest.approx(stats.t.cdf(t, df), abs=1e-14)
    for p in (0.5, 0.6, 0.95, 0.975, 0.9995):
        assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-10, abs=1e-12)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        t_cdf(1.0, 0)
    for p in (0.4, 1.0):
        with pytest.raises(ValueError, match=r"0\.5 … 1"):
            t_quantile(p, 3)
