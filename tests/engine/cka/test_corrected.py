"""CKA corrected for finitely many channels (Chun et al. 2025): as the formula is printed, and where
its answer is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.cka import MinibatchCKA, calls, cka_heatmap, clean_against_attacked
from harness.engine.cka import gram as grams
from harness.engine.cka.hsic import Own, hsic_vector
from harness.engine.cka.stream import cross_hsic
from harness.engine.networks import record, resnet
from tests.engine.cka.oracle import gram, unbiased_hsic

DRAW = torch.Generator().manual_seed(0)


def own(features_MC: Tensor) -> float:
    """C/(C−1)·[HSIC₁(K, K) − Σ_c HSIC₁(K_c, K_c)]."""
    channels = features_MC.shape[1]
    k = gram(features_MC)
    parts = (gram(features_MC[:, c : c + 1]) for c in range(channels))
    within = math.fsum(unbiased_hsic(one, one) for one in parts)
    return channels / (channels - 1) * (unbiased_hsic(k, k) - within)


def expected(y: Sequence[Tensor], x: Sequence[Tensor]) -> float:
    """Of one layer each, over minibatches."""
    pairs = [(gram(a), gram(b)) for a, b in zip(y, x, strict=True)]
    cross = math.fsum(unbiased_hsic(*pair) for pair in pairs)
    return cross / math.sqrt(math.fsum(map(own, y)) * math.fsum(map(own, x)))


def found(y: Sequence[Tensor], x: Sequence[Tensor]) -> float:
    sums = MinibatchCKA(("y",), ("x",), estimator="corrected")
    for one, other in zip(y, x, strict=True):
        sums.update([one], [other])
    return float(sums.compute())


def related(shape: tuple[int, ...], batches: int) -> tuple[list[Tensor], list[Tensor]]:
    """Channels with something in common, so that the corrected HSIC is positive."""
    pairs = []
    for _ in range(batches):
        base = 2 * torch.randn(shape[0], 1, *shape[2:], generator=DRAW)
        pairs.append([base + torch.randn(shape, generator=DRAW) for _ in "yx"])
    y, x = zip(*pairs, strict=True)
    return list(y), list(x)


SHAPES = {  # columns of a channel: fewer than images, as many, more
    "a column": (7, 5),
    "few": (9, 4, 2, 3),
    "as many": (6, 3, 6),
    "many": (5, 4, 5, 3),
}


@pytest.mark.parametrize("kind", ["numbers", "spikes", "shifted", "large", "small"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("rows_at_once", [2, 256])
def test_it_is_the_formula(
    shape: tuple[int, ...], kind: str, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grams, "ROWS", rows_at_once)
    y, x = related(shape, 2)
    if kind == "spikes":
        y = [(one > 0).float() for one in y]
    if kind == "shifted":
        y = [one + 100 for one in y]
    scale = {"large": 1e25, "small": 1e-25}.get(kind, 1.0)
    got = found([scale * one for one in y], x)
    assert got == pytest.approx(expected(y, x), rel=2e-4 if kind == "shifted" else 2e-5)


def test_it_is_the_formula_for_networks_over_time_and_for_norms_behind_convolutions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = ["conv1", "bn1", "s1.b0.relu1"]
    shortcuts = []

    def counted(*given: Any, real: Any = calls.upper_gram_and_scaled, **how: Any) -> Any:
        shortcuts.append(how)
        return real(*given, **how)

    monkeypatch.setattr(calls, "upper_gram_and_scaled", counted)
    networks = [
        resnet(8, base_width=3, neuron="lif", time_steps=4, threshold=0.3, seed=seed).eval()
        for seed in (0, 1)
    ]
    bright = torch.randn(6, 1, 1, 1, generator=DRAW)  # what all channels have in common
    images = bright + torch.randn(6, 3, 8, 8, generator=DRAW)
    features = []
    for one in networks:
        made = record(one, images, layers)
        features.append({name: one_TM.permute(1, 2, 0, 3, 4) for name, one_TM in made})
    got = cka_heatmap(*networks, [images], layers, estimator="corrected")
    assert shortcuts == [{"within": True}] * 2  # the norms' come with their convolutions'
    grams, selves = (
        [{name: made(one) for name, one in side.items()} for side in features]
        for made in (gram, own)
    )
    for row, name in enumerate(layers):
        for column, other in enumerate(layers):
            cross = unbiased_hsic(grams[0][name], grams[1][other])
            wanted = cross / math.sqrt(selves[0][name] * selves[1][other])
            assert float(got.values[row, column]) == pytest.approx(wanted, rel=1e-3)


def test_the_numerator_is_that_of_the_unbiased_one() -> None:
    """So without correction on either side both say the same, up to the roots."""
    (y,), (x,) = related((8, 6, 3), 1)
    unbiased = MinibatchCKA(("y",), ("x",))
    unbiased.update([y], [x])
    ratio = math.prod(unbiased_hsic(gram(one), gram(one)) / own(one) for one in (y, x)) ** 0.5
    assert found([y], [x]) == pytest.approx(float(unbiased.compute()) * ratio, rel=1e-5)


@pytest.mark.parametrize("channels", [4, 16])
def test_channels_drawn_from_one_population_are_alike_however_few_they_are(channels: int) -> None:
    """Each channel of both sides is a draw from the same population, so the similarity of what they
    are drawn from is 1; uncorrected, it is the less the fewer they are.
    """
    latent = torch.randn(16, 6, generator=DRAW)
    y, x = (
        [
            hsic_vector([latent @ torch.randn(6, channels, generator=DRAW)], "corrected")
            for _ in range(600)
        ]
        for _ in "yx"
    )
    cross = float(cross_hsic(y, x).mean())
    own_y, own_x = (float(Own.of(side).hsic_EL.mean()) for side in (y, x))
    assert cross / math.sqrt(own_y * own_x) == pytest.approx(1.0, abs=0.06)
    alone_y, alone_x = (sum(one.norm**2 for one in side) / len(side) for side in (y, x))
    assert cross / math.sqrt(alone_y * alone_x) < {4: 0.6, 16: 0.85}[channels]


def test_it_may_exceed_1_and_is_not_clamped() -> None:
    (y,), _ = related((8, 3, 4), 1)
    curve = found([y], [y])
    k = gram(y)
    assert curve == pytest.approx(unbiased_hsic(k, k) / own(y), rel=1e-5)
    assert curve > 1


def test_what_has_no_root_says_why() -> None:
    single = torch.randn(8, 1, 5, generator=DRAW)
    # orthogonal and free of a mean: HSIC₁ between the two is below 0
    opposed = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]).repeat(2, 1)
    assert own(opposed) < 0
    for features in (single, opposed):
        sums = MinibatchCKA(("alone",), ("other",), estimator="corrected")
        sums.update([features], [related((8, 4, 3), 1)[0][0]])
        result = sums.result()
        assert "layer 'alone' has channels that share no more than chance" in result.reasons[0, 0]
        assert result.values.isnan().all()


def test_clean_against_attacked_is_corrected_too() -> None:
    network = resnet(8, base_width=4, neuron="relu").eval()
    images = torch.randn(6, 3, 16, 16, generator=DRAW)
    moved = images + 0.1 * torch.randn(images.shape, generator=DRAW)
    curve = clean_against_attacked(network, [(images, moved)], ["s3.b0"], estimator="corrected")
    with torch.no_grad():
        y, x = (record(network, one, ["s3.b0"])[0][1][0] for one in (images, moved))
    assert float(curve.values) == pytest.approx(expected([y], [x]), rel=1e-3)


@pytest.mark.parametrize("scale", [2e13, 2e-10])
def test_channels_whose_squares_float32_does_not_hold_count_alike(scale: float) -> None:
    """Gram matrices of these features are ordinary, and the squares of their numbers are not."""
    draw = torch.Generator().manual_seed(0)
    y, x = torch.randn(9, 1, 20, generator=draw) + 0.5 * torch.randn(2, 9, 3, 20, generator=draw)
    known, found = (MinibatchCKA(["y"], ["x"], estimator="corrected") for _ in range(2))
    known.update([y], [x + y])
    found.update([scale * y], [scale * (x + y)])
    torch.testing.assert_close(found.compute(), known.compute(), rtol=1e-4, atol=0)
