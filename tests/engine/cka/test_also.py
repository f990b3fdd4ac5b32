"""Several estimates from one sweep: each is what a sweep of its own gives, and the partial one what
is left of both layers once the pixels are regressed out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.cka import cka_heatmap
from harness.engine.cka.partial import without_pixels
from harness.engine.cka.result import CkaMap
from harness.engine.cka.stream import joined, stream_of
from harness.engine.cka.sums import MEMORY_LIMIT, HsicSums
from harness.engine.networks import Network, record, resnet
from harness.errors import HarnessError
from tests.engine.cka import oracle
from tests.engine.cka.test_sweep import ann, images, snn

LAYERS = ["conv1", "bn1", "s1.b0", "pool"]
EVERY: Any = ("corrected", "biased", "given-pixels")


def each(
    y: Network, x: Network, batches: list[Tensor], **how: Any
) -> tuple[CkaMap, dict[str, CkaMap]]:
    found = cka_heatmap(y, x, batches, LAYERS, also=EVERY, **how)
    return found, dict(found.also)


def u_centred(features: Tensor) -> np.ndarray[Any, Any]:
    """Székely and Rizzo 2014, eq. 3.1, its cells in a row, whose products are HSIC₁."""
    k = oracle.gram(features)
    n = len(k)
    np.fill_diagonal(k, 0.0)
    row = k.sum(1)
    centred = k - (row[:, None] + row[None, :]) / (n - 2) + row.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0.0)
    return centred.ravel() / np.sqrt(n * (n - 3))


def residual(of: np.ndarray[Any, Any], given: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return of - (of @ given) / (given @ given) * given


def partial(y: list[Tensor], x: list[Tensor], z: list[Tensor]) -> float:
    """The cosine of what is left of two layers over all minibatches once the third is out."""
    a, b, c = (np.concatenate([u_centred(part) for part in parts]) for parts in (y, x, z))
    left_a, left_b = residual(a, c), residual(b, c)
    return float(left_a @ left_b / np.sqrt((left_a @ left_a) * (left_b @ left_b)))


def features(network: Network, batch: Tensor) -> dict[str, Tensor]:
    made = record(network, batch, LAYERS)
    return {name: one.transpose(0, 1).flatten(1) for name, one in made}


@pytest.mark.parametrize("layers_held", [2, 3, 99])
@pytest.mark.parametrize("is_own", [False, True])
def test_each_is_that_of_a_sweep_of_its_own(layers_held: int, is_own: bool) -> None:
    """Also where the minibatches differ in size, and not all layers are held at once."""
    y = ann()
    x, batches = y if is_own else snn(1), [images(0), images(1, count=6)]
    limit = 4 * 28 * layers_held
    found, also = each(y, x, batches, memory_limit=limit)
    assert list(also) == list(EVERY)
    assert found.names_y == found.names_x == also["biased"].names_y == tuple(LAYERS)
    for name, one in [("unbiased", found), *also.items()]:
        if name != "given-pixels":
            alone = cka_heatmap(y, x, batches, LAYERS, estimator=name)  # type: ignore[arg-type]
            # what has no root in one has none in the other
            np.testing.assert_allclose(one.values, alone.values, rtol=2e-5, atol=1e-6)
            assert one.reasons == alone.reasons and one.estimator == name


def test_the_first_is_to_the_bit_what_it_is_alone() -> None:
    y, x = ann(), snn(1)
    found = cka_heatmap(y, x, [images(0)], LAYERS, also=("biased",))
    assert torch.equal(found.values, cka_heatmap(y, x, [images(0)], LAYERS).values)


def test_the_biased_one_is_the_printed_formula() -> None:
    y, x, batches = ann(), snn(1), [images(0), images(1, count=6)]
    _, also = each(y, x, batches)
    a, b = ([list(features(one, batch).values()) for batch in batches] for one in (y, x))
    np.testing.assert_allclose(also["biased"].values, oracle.cka(a, b, "biased"), atol=1e-6)


def test_given_pixels_is_what_is_left_of_both_layers() -> None:
    y, x, batches = ann(), snn(1), [images(0), images(1, count=6)]
    found, also = each(y, x, batches)
    of_y, of_x = ([features(one, batch) for batch in batches] for one in (y, x))
    wanted = [
        [partial([f[a] for f in of_y], [f[b] for f in of_x], batches) for b in LAYERS]
        for a in LAYERS
    ]
    np.testing.assert_allclose(also["given-pixels"].values, wanted, rtol=0, atol=2e-5)
    assert (found.values - also["given-pixels"].values).abs().max() > 0.05


def given(y: Tensor, x: Tensor, pixels: Tensor) -> CkaMap:
    """One layer of each network, given the pixels."""
    sums = HsicSums(("unbiased",), MEMORY_LIMIT)
    streams = [
        joined(stream_of([[pixels]], "unbiased"), stream_of([[one]], "unbiased")) for one in (y, x)
    ]
    sums.add(streams[0], streams[1], len(pixels))
    return without_pixels(sums.result(("pixels", "y"), ("pixels", "x"), ("y", "x")))


def test_layers_that_share_nothing_but_the_pixels_are_not_alike_given_them() -> None:
    draw = torch.Generator().manual_seed(0)
    pixels, *noise = (torch.randn(512, 8, generator=draw) for _ in range(3))
    found = given(*(torch.cat([pixels, one], 1) for one in noise), pixels)
    assert float(found.values) == pytest.approx(0.5, abs=0.05)
    assert float(found.also["given-pixels"].values) == pytest.approx(0.0, abs=0.02)


def test_layers_that_have_nothing_of_the_pixels_are_as_alike_as_before() -> None:
    draw = torch.Generator().manual_seed(0)
    pixels, shared, *noise = (torch.randn(512, 8, generator=draw) for _ in range(4))
    found = given(*(torch.cat([shared, one], 1) for one in noise), pixels)
    expected = float(found.values)
    assert float(found.also["given-pixels"].values) == pytest.approx(expected, abs=0.01)


def test_a_layer_that_is_the_pixels_has_nothing_left() -> None:
    draw = torch.Generator().manual_seed(0)
    pixels, other = (torch.randn(32, 8, generator=draw) for _ in range(2))
    found = given(pixels.flip(1), other, pixels).also["given-pixels"]
    assert found.values.isnan().all()
    assert "layer 'y' has nothing beyond the pixels" in found.reasons[0, 0]
    same = given(other, other, torch.ones(32, 8)).also["given-pixels"]
    assert same.values.isnan().all() and "'pixels' has the same features" in same.reasons[0, 0]


def test_frames_are_the_pixels_of_every_step() -> None:
    network = resnet(8, base_width=2, neuron="lif", time_steps=2, threshold=0.3).eval()
    frames = torch.stack([images(0), images(1)])
    found = cka_heatmap(network, network, [frames], ["conv1", "bn1"], also=("given-pixels",))
    made = {
        name: one.transpose(0, 1).flatten(1)
        for name, one in record(network, frames, ["conv1", "bn1"])
    }
    shown = frames.transpose(0, 1).flatten(1)
    wanted = partial([made["conv1"]], [made["bn1"]], [shown])
    assert float(found.also["given-pixels"].values[0, 1]) == pytest.approx(wanted, abs=2e-5)


def test_what_does_not_come_from_one_sweep_is_refused() -> None:
    for how in ({"estimator": "biased", "also": ("corrected",)},
                {"estimator": "corrected", "also": ("given-pixels",)}):  # fmt: skip
        with pytest.raises(HarnessError, match=r"begin with 'unbiased'|with 'unbiased' only"):
            cka_heatmap(ann(), snn(), [images(0)], LAYERS, **how)  # type: ignore[arg-type]
