"""Ridge in closed form is scikit-learn's, on whichever side it is solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness.engine.regression.moments import Moments
from harness.engine.regression.ridge import gram_bytes, normal_equation_bytes, ridge, ridge_of
from harness.errors import HarnessError
from tests.engine.regression.cases import features

CASES = [(90, 12), (90, 90), (20, 40)]  # images, features: either side may be the smaller


@pytest.mark.parametrize(("images", "size"), CASES)
@pytest.mark.parametrize("alpha", [0.01, 1.0, 300.0])
def test_it_is_scikit_learns_ridge(images: int, size: int, alpha: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = features(images, size)
    theirs = linear_model.Ridge(alpha=alpha, solver="cholesky").fit(x.double(), y.double())
    got = ridge(x, y, alpha=alpha)
    np.testing.assert_allclose(got.weight_DK.T, theirs.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(got.bias_K, theirs.intercept_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(got(x), theirs.predict(x.double()), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("images", "size"), CASES)
def test_without_alpha_it_is_scikit_learns_least_squares_of_least_norm(
    images: int, size: int
) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = features(images, size)
    theirs = linear_model.LinearRegression().fit(x.double(), y.double())
    got = ridge(x, y)
    np.testing.assert_allclose(got(x), theirs.predict(x.double()), atol=1e-5)
    np.testing.assert_allclose(got.weight_DK.T, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_streamed_normal_equations_give_the_same_map(alpha: float) -> None:
    x, y = features()
    moments = Moments(12, 5)
    for part_x, part_y in zip(x.split(25), y.split(25), strict=True):
        moments.update(part_x, part_y)
    whole, parts = ridge(x, y, alpha=alpha), ridge_of(moments, alpha=alpha)
    torch.testing.assert_close(parts.weight_DK, whole.weight_DK, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(parts.bias_K, whole.bias_K, rtol=1e-7, atol=1e-7)


def test_each_side_is_held_to_the_memory_limit() -> None:
    cases = ((20, 40, gram_bytes(20, 40, 5)), (90, 12, normal_equation_bytes(12, 5)))
    for images, size, wanted in cases:
        ridge(*features(images, size), alpha=1.0, memory_limit=wanted)
        with pytest.raises(HarnessError, match="regression memory"):
            ridge(*features(images, size), alpha=1.0, memory_limit=wanted - 1)


def test_the_features_handed_in_are_left_as_they_were() -> None:
    x, y = (one.double() for one in features(20, 40))
    before = x.clone(), y.clone()
    ridge(x, y, alpha=1.0)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alpha": -1.0}, "regression alpha"),
        ({"alpha": float("nan")}, "regression alpha"),
        ({"y_MK": torch.zeros(3, 5)}, "90 images in x_MD, 3 in y_MK"),
    ],
)
def test_bad_values_are_refused(change: dict[str, Any], said: str) -> None:
    x, y = features()
    with pytest.raises(HarnessError, match=said):
        ridge(**{"x_MD": x, "y_MK": y, **change})


def test_no_images_have_no_solution() -> None:
    with pytest.raises(HarnessError, match="no images"):
        ridge_of(Moments(3, 2))
