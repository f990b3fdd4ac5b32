"""Student's t against scipy's."""

from __future__ import annotations

import pytest
from scipy import stats  # scikit-learn brings it

from harness.check.student import cdf, quantile


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 10, 31, 200])
def test_the_distribution_and_its_quantiles_are_scipys(df: int) -> None:
    for t in (-300.0, -4.0, -0.5, 0.0, 0.01, 1.0, 2.776, 8.0, 1e6):
        assert cdf(t, df) == pytest.approx(stats.t.cdf(t, df), abs=1e-14)
    for p in (0.5, 0.6, 0.95, 0.975, 0.9995):
        assert quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-10, abs=1e-12)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        cdf(1.0, 0)
    for p in (0.4, 1.0):
        with pytest.raises(ValueError, match=r"0\.5 … 1"):
            quantile(p, 3)
