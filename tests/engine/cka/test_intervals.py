"""Intervals over images: exactly what deleting each image once gives, and they cover."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.cka import (
    MEMORY_LIMIT,
    MinibatchCKA,
    cka_heatmap,
    clean_against_attacked,
    intervals,
    time_cka,
)
from harness.engine.networks import Network, record, resnet
from harness.errors import HarnessError
from harness.measures.reading import Map
from tests.engine.cka.oracle import Matrix, gram, unbiased_hsic

DRAW = torch.Generator().manual_seed(0)
LAYERS = ["conv1", "s1.b0", "s3.b0"]
BATCHES = [torch.randn(m, 3, 16, 16, generator=DRAW) for m in (7, 5)]
Z = 1.959964


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


def expected(y: Sequence[Matrix], x: Sequence[Matrix]) -> float:
    """The standard error, from the Gram matrices of each minibatch."""
    pairs = [list(zip(*both, strict=True)) for both in ((y, x), (y, y), (x, x))]
    cross, own_y, own_x = (math.fsum(unbiased_hsic(a, b) for a, b in of) for of in pairs)
    theta = cross / math.sqrt(own_y * own_x)
    variance = 0.0
    for k, l in pairs[0]:  # noqa: E741
        rows = zip(deleted(k, l), deleted(k, k), deleted(l, l), strict=True)
        moved = [theta * (a / cross - b / own_y / 2 - c / own_x / 2) for a, b, c in rows]
        mean = math.fsum(moved) / len(moved)
        variance += (len(k) - 1) / len(k) * math.fsum((one - mean) ** 2 for one in moved)
    return math.sqrt(variance)


def grams(network: Network, images: Tensor) -> list[Matrix]:
    return [gram(features.flatten(2)[0]) for _, features in record(network, images, LAYERS)]


def of_all(y: Network, x: Network) -> list[list[float]]:
    sides = [[grams(one, batch) for batch in BATCHES] for one in (y, x)]
    ups, acrosses = (list(zip(*side, strict=True)) for side in sides)
    return [[expected(up, across) for across in acrosses] for up in ups]


def near(found: Tensor | None, wanted: object) -> None:
    assert found is not None
    wanted = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("limit", [MEMORY_LIMIT, 1], ids=["at once", "in groups and blocks"])
def test_it_is_every_image_deleted_once(limit: int) -> None:
    y, x = networks()
    near(cka_heatmap(y, x, BATCHES, LAYERS, memory_limit=limit).se, of_all(y, x))
    near(cka_heatmap(y, y, BATCHES, LAYERS, memory_limit=limit).se, of_all(y, y))


def test_so_it_is_of_a_few_images_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = networks()
    monkeypatch.setattr(intervals, "_AT_ONCE", 200)
    near(cka_heatmap(y, x, BATCHES, LAYERS).se, of_all(y, x))


def test_time_steps_have_one() -> None:
    network = resnet(8, base_width=2, neuron="lif", time_steps=2, seed=0).eval()
    found = time_cka(network, BATCHES, ["s1.b0"])["s1.b0"]
    recorded = [dict(record(network, batch, ["s1.b0"]))["s1.b0"] for batch in BATCHES]
    steps = [[gram(features[t]) for features in recorded] for t in range(2)]
    near(found.se, [[expected(a, b) for b in steps] for a in steps])


def test_clean_and_attacked_images_have_one() -> None:
    network, _ = networks()
    pairs = [(clean, clean + 0.3 * torch.randn(clean.shape, generator=DRAW)) for clean in BATCHES]
    found = clean_against_attacked(network, pairs, LAYERS)
    clean, attacked = (
        list(zip(*[grams(network, batch[side]) for batch in pairs], strict=True)) for side in (0, 1)
    )
    near(found.se, [expected(a, b) for a, b in zip(clean, attacked, strict=True)])
    low, high = found.interval()
    assert ((low < found.values) & (found.values < high)).all()


@pytest.mark.parametrize("scale", [1e-90, 1e-30, 1e18, 1e90])
def test_no_scale_of_the_features_changes_it(scale: float) -> None:
    """HSIC of features of 1e90 is 1e360, its moments are more. One minibatch weighs less."""
    first, second = torch.randn(2, 9, 6, generator=DRAW, dtype=torch.float64)
    ordinary, scaled = MinibatchCKA(["y"], ["x"]), MinibatchCKA(["y"], ["x"])
    for some, size in ((slice(0, 9), 1.0), (slice(2, 8), 0.8)):
        y, x = size * first[some], size * (first + second)[some]
        ordinary.update([y], [x])
        scaled.update([y * scale], [x / scale])
    for end, other in zip(ordinary.result().interval(), scaled.result().interval(), strict=True):
        near(other, end.tolist())


def test_the_interval_is_that_of_the_hyperbolic_arctangent() -> None:
    y, x = networks()
    found = cka_heatmap(y, x, BATCHES, LAYERS)
    assert found.se is not None
    theta, se = float(found.values[0, 1]), float(found.se[0, 1])
    width = Z * se / (1 - theta**2)
    low, high = found.interval()
    assert float(low[0, 1]) == pytest.approx(math.tanh(math.atanh(theta) - width), abs=1e-5)
    assert float(high[0, 1]) == pytest.approx(math.tanh(math.atanh(theta) + width), abs=1e-5)
    wider = found.interval(level=0.99)
    assert ((wider[0] < low) & (high < wider[1])).all()


def test_a_layer_with_itself_has_no_width() -> None:
    y, _ = networks()
    for end in cka_heatmap(y, y, BATCHES, LAYERS).interval():
        torch.testing.assert_close(end.diagonal(), torch.ones(3).double(), rtol=0, atol=1e-5)


def test_what_rounds_to_more_than_1_lies_in_its_interval() -> None:
    values = torch.tensor([1 + 2e-8, -1 - 2e-8, 1.0, 1 - 1e-9], dtype=torch.float64)
    low, high = intervals.interval(values, torch.full_like(values, 1e-9), 0.95)
    assert bool((low <= values).all()) and bool((values <= high).all())


def test_a_silent_layer_has_none() -> None:
    first, second = torch.randn(2, 9, 6, generator=DRAW)
    both = MinibatchCKA(["y"], ["silent", "x"])
    both.update([first], [torch.zeros(9, 6), second])
    for end in both.result().interval():
        assert end.isnan().tolist() == [[True, False]]


def test_a_minibatch_in_which_a_layer_is_silent_counts_nothing() -> None:
    first, second = torch.randn(2, 9, 6, generator=DRAW)
    once, twice = MinibatchCKA(["y"], ["x"]), MinibatchCKA(["y"], ["x"])
    once.update([first], [first + second])
    twice.update([first], [first + second])
    twice.update([torch.zeros(6, 6)], [torch.zeros(6, 6)])
    for end, other in zip(once.result().interval(), twice.result().interval(), strict=True):
        near(other, end.tolist())


def test_of_four_images_there_is_none_and_the_value_stays() -> None:
    found = cka_heatmap(*networks(), [BATCHES[0], BATCHES[1][:4]], LAYERS)
    assert found.se is not None and found.se.isnan().all()
    assert not found.values.isnan().any()


def test_only_the_unbiased_estimator_has_one() -> None:
    found = cka_heatmap(*networks(), BATCHES, LAYERS, also=("corrected", "given-pixels"))
    near(found.se, of_all(*networks()))
    for other in (*found.also.values(), cka_heatmap(*networks(), BATCHES, estimator="biased")):
        with pytest.raises(HarnessError, match="unbiased estimator only"):
            other.interval()


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
        both = MinibatchCKA(["y"], ["x"])
        both.update([y], [x])
        low, high = both.result().interval()
        covered += bool(low <= truth <= high)
    assert 0.92 <= covered / draws <= 0.98


def test_who_reads_a_stored_run_finds_the_same_ends() -> None:
    y, x = networks()
    for found in (cka_heatmap(y, x, BATCHES, LAYERS), cka_heatmap(y, y, BATCHES, LAYERS)):
        assert found.se is not None
        read = Map("map", (), (), found.values.numpy(), se=found.se.numpy()).interval
        assert read is not None
        for end, other in zip(found.interval(), read, strict=True):
            near(torch.from_numpy(other), end.tolist())
