"""Activation grids and sparsity."""

from __future__ import annotations

import math

import pytest
import torch

from harness.engine.visualise import channel_tiles, sparsity, tiled
from harness.errors import HarnessError


@pytest.mark.parametrize(
    ("numbers", "zero", "hoyer", "treves_rolls"),
    [
        ([1.0, 1.0, -1.0, 1.0], 0.0, 0.0, 0.0),
        ([0.0, 0.0, 5.0, 0.0], 0.75, 1.0, 0.75),
        ([3.0, 4.0, 0.0, 0.0], 0.5, (2 - 7 / 5) / (2 - 1), 1 - (7 / 4) ** 2 / (25 / 4)),
    ],
)
def test_sparsity_by_hand(
    numbers: list[float], zero: float, hoyer: float, treves_rolls: float
) -> None:
    found = sparsity(torch.tensor(numbers))
    assert found.zero_share == zero
    assert found.hoyer == pytest.approx(hoyer)
    assert found.treves_rolls == pytest.approx(treves_rolls)


def test_sparsity_grows_with_rectification_and_not_with_scale() -> None:
    dense = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    sparse = dense.clamp(min=1)
    sparse = sparse - 1
    one, other, scaled = sparsity(dense), sparsity(sparse), sparsity(1000 * dense)
    assert other.hoyer > one.hoyer + 0.2
    assert other.treves_rolls > one.treves_rolls + 0.2
    assert other.near_zero_share > 0.8 > one.near_zero_share
    assert (one.hoyer, one.near_zero_share) == pytest.approx((scaled.hoyer, scaled.near_zero_share))


def test_silence_has_no_pattern() -> None:
    found = sparsity(torch.zeros(8))
    assert (found.zero_share, found.near_zero_share) == (1.0, 1.0)
    assert math.isnan(found.hoyer)
    assert math.isnan(found.treves_rolls)


def test_channels_of_one_image_are_the_mean_over_time() -> None:
    feature = torch.randn(3, 4, 5, 2, 2)
    assert torch.equal(channel_tiles(feature, 2), feature[:, 2].mean(0))
    with pytest.raises(HarnessError, match="activation grid"):
        channel_tiles(feature[0], 2)


def test_tiles_go_row_by_row_with_gaps() -> None:
    tiles = torch.arange(1.0, 4.0)[:, None, None].expand(-1, 2, 1)
    wanted = [[1, 9, 2], [1, 9, 2], [9, 9, 9], [3, 9, 9], [3, 9, 9]]
    assert tiled(tiles, fill=9.0).tolist() == wanted
    assert tiled(tiles, columns=3, gap=0).tolist() == [[1, 2, 3], [1, 2, 3]]
    colours = tiles[:, None].expand(-1, 3, -1, -1)
    assert torch.equal(tiled(colours, fill=9.0)[1], torch.tensor(wanted, dtype=torch.float32))


def test_bad_values_are_refused() -> None:
    with pytest.raises(HarnessError, match="tiles"):
        tiled(torch.zeros(2, 2))
    with pytest.raises(HarnessError, match="two numbers"):
        sparsity(torch.zeros(1))
