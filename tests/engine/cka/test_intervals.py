"""Intervals over images: exactly what deleting each image once gives, and they cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.cka import cka_heatmap, cka_intervals
from harness.engine.cka import intervals as engine
from harness.engine.networks import Network, record, resnet
from harness.errors import HarnessError
from tests.engine.cka.oracle import Matrix, gram, unbiased_hsic

DRAW = torch.Generator().manual_seed(0)
LAYERS = ["conv1", "s1.b0", "s3.b0"]
BATCHES = [torch.randn(m, 3, 16, 16, generator=DRAW) for m in (7, 5)]


def networks() -> tuple[Network, Network]:
    made = (resnet(8, base_width=2, neuron="relu", seed=seed).eval() for seed in (0, 1))
    return next(made), next(made)


def deleted(k: Matrix, l: Matrix) -> list[float]:  # noqa: E741
    """HSIC₁ without each image, less HSIC₁ of all."""
    whole = unbiased_hsic(k, l)
    found = []
    for image in range(len(k)):
        keep = [other for other in range(len(k)) if other != image]
        found.append(unbiased_hsic(k[np.ix_(keep, keep)], l[np.ix_(keep, keep)]) - whole)
    return found


def expected(y: list[Matrix], x: list[Matrix], level_z: float) -> tuple[float, float]:
    sums = [
        math.fsum(unbiased_hsic(a, b) for a, b in zip(one, other, strict=True))
        for one, other in ((y, x), (y, y), (x, x))
    ]
    cross, own_y, own_x = sums
    theta = cross / math.sqrt(own_y * own_x)
    variance = 0.0
    for k, l in zip(y, x, strict=True):  # noqa: E741
        rows = zip(deleted(k, l), deleted(k, k), deleted(l, l), strict=True)
        moved = [theta * (a / cross - b / own_y / 2 - c / own_x / 2) for a, b, c in rows]
        mean = math.fsum(moved) / len(moved)
        variance += (len(k) - 1) / len(k) * math.fsum((one - mean) ** 2 for one in moved)
    width = level_z * math.sqrt(variance) / (1 - theta**2)
    return math.tanh(math.atanh(theta) - width), math.tanh(math.atanh(theta) + width)


def test_it_is_every_image_deleted_once() -> None:
    y, x = networks()
    found = cka_intervals(y, x, BATCHES, LAYERS)
    grams = [
        [{name: gram(of[0]) for name, of in record(one, batch, LAYERS)} for batch in BATCHES]
        for one in (y, x)
    ]
    for row, name in enumerate(LAYERS):
        for column, other in enumerate(LAYERS):
            of_y, of_x = [one[name] for one in grams[0]], [one[other] for one in grams[1]]
            low, high = expected(of_y, of_x, 1.959964)
            assert float(found.low[row, column]) == pytest.approx(low, abs=1e-4)
            assert float(found.high[row, column]) == pytest.approx(high, abs=1e-4)


def test_the_values_lie_inside_and_are_those_of_the_map() -> None:
    y, x = networks()
    found = cka_intervals(y, x, BATCHES, LAYERS)
    whole = cka_heatmap(y, x, BATCHES, LAYERS)
    torch.testing.assert_close(found.values, whole.values, rtol=0, atol=1e-5)
    assert (found.names_y, found.names_x) == (whole.names_y, whole.names_x)
    assert ((found.low < found.values) & (found.values < found.high)).all()
    wider = cka_intervals(y, x, BATCHES, LAYERS, level=0.99)
    assert ((wider.low < found.low) & (found.high < wider.high)).all()


def test_a_layer_with_itself_has_no_width() -> None:
    y, _ = networks()
    found = cka_intervals(y, y, BATCHES, LAYERS)
    torch.testing.assert_close(found.low.diagonal(), torch.ones(3).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(found.high.diagonal(), torch.ones(3).double(), rtol=0, atol=1e-5)


def test_a_silent_layer_has_none() -> None:
    y, x = networks()
    with torch.no_grad():
        x.get_submodule("conv1").weight.zero_()  # type: ignore[union-attr, operator]
    found = cka_intervals(y, x, BATCHES, LAYERS)
    assert found.low[:, 0].isnan().all()
    assert found.high[:, 0].isnan().all()


def test_too_few_images_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"at least 5 \(got 4\)"):
        cka_intervals(*networks(), [BATCHES[0][:4]])


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_they_cover_the_similarity_of_the_population(noise: float) -> None:
    """Of Gaussian features with known covariances: CKA is ‖C_yx‖²/(‖C_yy‖·‖C_xx‖)."""
    mix = torch.randn(4, 4, generator=DRAW, dtype=torch.float64)
    own_x, cross = torch.eye(4).double(), mix.T
    own_y = mix.T @ mix + noise**2 * torch.eye(4)
    truth = float(cross.square().sum() / (own_y.norm() * own_x.norm()))
    covered, draws = 0, 400
    for _ in range(draws):
        x = torch.randn(96, 4, generator=DRAW, dtype=torch.float64)
        y = x @ mix + noise * torch.randn(96, 4, generator=DRAW, dtype=torch.float64)
        moments = engine._moments(*(centred(one)[None].float() for one in (y, x)))
        _, low, high = engine._interval(moments, 0.95)
        covered += bool(low <= truth <= high)
    assert 0.92 <= covered / draws <= 0.98


def centred(features: Tensor) -> Tensor:
    k = (features @ features.T).fill_diagonal_(0)
    m = len(k)
    rows = k.sum(1)
    k = k - rows[:, None] / (m - 2) - rows / (m - 2) + rows.sum() / ((m - 1) * (m - 2))
    return k.fill_diagonal_(0)
