"""From pairs to scores: scikit-learn's numbers, by every way to them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.regression import Regressed, feature_pairs, regress
from harness.engine.regression.moments import Residuals
from harness.engine.regression.ridge import ridge
from harness.errors import HarnessError
from harness.parts.regressions import DescentFit, Regression, RidgeFit
from tests.engine.regression.cases import features


def fitted(fit: Regression, images: int = 90, size: int = 12, seed: int = 0) -> Regressed:
    pairs = (feature_pairs(*features(images, size)), feature_pairs(*features(40, size, seed=1)))
    return regress(*pairs, fit, seed=seed)


@pytest.mark.parametrize(
    ("images", "size", "limit", "solver"),
    [
        (90, 12, 2**30, "normal equations"),
        (20, 40, 2**30, "gram"),
        (39, 40, 42_000, "normal equations"),  # the images' features do not fit
    ],
)
def test_ridge_is_scikit_learns_with_its_scores(
    images: int, size: int, limit: int, solver: str
) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    got = fitted(RidgeFit(alpha=2.0, memory_gib=limit / 2**30), images, size)
    assert got.fitted.solver == solver
    train, test = features(images, size), features(40, size, seed=1)
    theirs = linear_model.Ridge(alpha=2.0, solver="cholesky").fit(*(one.double() for one in train))
    for score, (x, targets) in ((got.train, train), (got.test, test)):
        y, predicted = targets.double().numpy(), theirs.predict(x.double())
        assert score.images == len(y)
        assert score.mse == pytest.approx(metrics.mean_squared_error(y, predicted), rel=1e-6)
        weighted = metrics.r2_score(y, predicted, multioutput="variance_weighted")
        assert score.r2 == pytest.approx(weighted, abs=1e-7)
        assert score.variance == pytest.approx(y.var(0).mean())
        wanted = metrics.mean_squared_error(y, predicted, multioutput="raw_values")
        torch.testing.assert_close(score.mse_K, torch.from_numpy(wanted), rtol=1e-6, atol=0)


def test_the_other_way_is_the_regression_of_the_swapped_features() -> None:
    x, y = features()
    pairs, swapped = feature_pairs(x, y).reversed(), feature_pairs(y, x)
    assert regress(pairs, pairs, RidgeFit()).test.mse == pytest.approx(
        regress(swapped, swapped, RidgeFit()).test.mse
    )


def test_the_error_grows_with_the_scale_of_the_targets_and_r2_does_not() -> None:
    x, y = features()
    small, large = (
        regress(feature_pairs(x, k * y), feature_pairs(x, k * y), RidgeFit()) for k in (1.0, 10.0)
    )
    assert large.test.mse == pytest.approx(100 * small.test.mse)
    assert large.test.variance == pytest.approx(100 * small.test.variance)
    assert large.test.r2 == pytest.approx(small.test.r2)


def easy(seed: int) -> tuple[Tensor, Tensor]:
    """Uncorrelated features of one scale, on which SGD ends at the optimum."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(512, 6, generator=generator) + 5
    law = torch.randn(6, 3, generator=torch.Generator().manual_seed(9))
    return x, x @ law + torch.randn(512, 3, generator=generator)


def test_sgd_ends_at_least_squares_where_that_is_easy() -> None:
    pairs = feature_pairs(*easy(0)), feature_pairs(*easy(1))
    exact = regress(*pairs, RidgeFit(alpha=0.0))
    got = regress(*pairs, DescentFit(epochs=60, batch=64))
    assert got.fitted.solver == "sgd"
    assert got.train.mse == pytest.approx(exact.train.mse, rel=1e-3)
    assert got.test.mse == pytest.approx(exact.test.mse, rel=1e-2)
    assert got.train.mse >= exact.train.mse - 1e-9  # nothing is below the optimum


def test_sgd_stops_short_where_features_are_correlated_and_does_not_diverge() -> None:
    exact, got = fitted(RidgeFit(alpha=0.0)), fitted(DescentFit(epochs=30, batch=16))
    assert exact.train.mse < got.train.mse < exact.train.variance


def test_the_losses_of_a_descent_are_those_of_its_batches() -> None:
    """By another hand: the error of each batch before its step, over an epoch."""
    x, y = easy(0)
    got = fitted_easy(epochs=2)
    centred_x, centred_y = x - x.double().mean(0).float(), y - y.double().mean(0).float()
    weight, velocity = torch.zeros(6, 3), torch.zeros(6, 3)
    lr = 0.5 / float(centred_x.double().square().sum(1).mean())
    pairs, wanted = feature_pairs(centred_x, centred_y), []
    for epoch in range(2):
        errors = []
        for number, (a, b) in enumerate(pairs.shuffled(0, epoch, 64)):
            residual = a @ weight - b
            errors.append(float(residual.square().mean()))
            velocity = 0.9 * velocity + a.T @ residual / len(a)
            step = lr * (1 + math.cos(math.pi * (8 * epoch + number) / 16)) / 2
            weight = weight - step * velocity
        wanted.append(sum(errors) / len(errors))
    assert got.fitted.losses == pytest.approx(wanted, rel=1e-4)
    assert got.fitted.losses[1] < got.fitted.losses[0]
    assert fitted(RidgeFit()).fitted.losses == ()


def fitted_easy(epochs: int) -> Regressed:
    pairs = feature_pairs(*easy(0))
    return regress(pairs, pairs, DescentFit(epochs=epochs, batch=64))


def test_sgd_is_its_seeds() -> None:
    first, again, other = (fitted(DescentFit(), seed=seed).test.mse for seed in (0, 0, 1))
    assert first == again != other


def test_targets_that_do_not_vary_have_no_r2() -> None:
    x, _ = features()
    pairs = feature_pairs(x, torch.ones(len(x), 2))
    assert math.isnan(regress(pairs, pairs, RidgeFit()).test.r2)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-20, 1e10, 0.0])
@pytest.mark.parametrize("images", [1, 2, 7, 1000, 5001])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_rounding_leaves_of_a_constant_is_nothing(
    dtype: torch.dtype, images: int, value: float
) -> None:
    """As a target it has no R²; as a feature it predicts nothing, neither here nor elsewhere."""
    constant = torch.full((images, 2), value, dtype=dtype)
    nearly = constant * (1 + torch.finfo(dtype).eps * torch.arange(2 * images).view(-1, 2).fmod(2))
    for target in (constant, nearly):
        residuals = Residuals(2)
        for part in target.split(37):
            residuals.update(torch.zeros_like(part).double(), part)
        assert math.isnan(residuals.score().r2)
    y = torch.arange(float(images), dtype=dtype)[:, None]
    wide = torch.nn.functional.pad(constant, (0, images if images < 100 else 0))
    for x in (constant, wide):  # solved on the features' side and on that of the images
        found = ridge(x, y, alpha=0.0)
        assert float(found.weight_DK.abs().max()) == 0.0


def test_a_small_spread_about_a_large_mean_is_no_rounding() -> None:
    y = 1000 + 1e-6 * torch.arange(7.0, dtype=torch.float64)[:, None]
    residuals = Residuals(1)
    residuals.update(y, y)
    assert residuals.score().r2 == 1.0


def test_sgd_is_not_led_away_by_a_constant_feature() -> None:
    x, y = (side.double() for side in features())
    x[:, 3] = 0.1
    pairs = feature_pairs(x, y)
    found = regress(pairs, pairs, DescentFit()).fitted.map
    moved = x.clone()
    moved[:, 3] = 0.2
    torch.testing.assert_close(found(moved), found(x), rtol=0, atol=1e-6)
    still = feature_pairs(torch.full_like(x, 0.1), y)
    assert float(regress(still, still, DescentFit()).fitted.map.weight_DK.abs().max()) == 0.0


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"memory_gib": 1e-7}, "regression memory"),
        ({"alpha": -1.0}, "regression alpha"),
    ],
)
def test_bad_values_are_refused(choice: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        fitted(RidgeFit(**choice))


@pytest.mark.parametrize(
    "numbers", [{"epochs": 0}, {"relative_lr": 2.5}, {"momentum": 1.0}, {"batch": 0}]
)
def test_a_descent_that_goes_nowhere_is_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match=f"regression {next(iter(numbers))}"):
        DescentFit(**numbers)
