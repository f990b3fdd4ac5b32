"""Gram matrices in blocks, of any memory format, of spikes in integers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.cka import gram as grams
from harness.engine.cka.gram import column_blocks, constant, rows, spike_gram, upper_gram

DRAW = torch.Generator().manual_seed(0)
REAL = torch.randn(2, 9, 3, 5, 4, generator=DRAW)
SPIKES = (REAL > 0.5).float()


def centred(gram: Tensor) -> Tensor:
    """H·K·H of a Gram matrix of which only the upper triangle is right."""
    whole = gram.triu().double()
    whole = whole + whole.triu(1).T
    h = torch.eye(len(gram), dtype=torch.float64) - 1 / len(gram)
    return h @ whole @ h


def expected(features_TM: Tensor) -> Tensor:
    matrix = features_TM.transpose(0, 1).flatten(1).double()
    matrix = matrix - matrix.mean(0)
    return matrix @ matrix.T


@pytest.mark.parametrize("rows_at_once", [2, 4, 9, 100])
@pytest.mark.parametrize("columns", [1, 7, 60, 119, 1000])
@pytest.mark.parametrize("features", [REAL, SPIKES, 1000 + REAL], ids=["real", "spikes", "shifted"])
def test_blocks_of_any_size_add_up(
    rows_at_once: int, columns: int, features: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grams, "ROWS", rows_at_once)
    monkeypatch.setattr(grams, "COLUMNS", columns)
    found = centred(upper_gram(features.unbind(0)))
    torch.testing.assert_close(found, expected(features), rtol=1e-5, atol=1e-3)


def test_channels_last_is_not_copied() -> None:
    features = REAL[0].contiguous(memory_format=torch.channels_last)
    assert rows(features).data_ptr() == features.data_ptr()
    torch.testing.assert_close(
        centred(upper_gram([features])), expected(REAL[:1]), rtol=1e-5, atol=1e-4
    )


def test_steps_are_views_of_equal_width_without_copies() -> None:
    blocks = list(column_blocks(REAL.unbind(0), 50))
    assert [sum(piece.shape[1] for piece in block) for block in blocks] == [50, 50, 20]
    inside = range(REAL.data_ptr(), REAL.data_ptr() + 4 * REAL.numel())
    assert all(piece.data_ptr() in inside for block in blocks for piece in block)


def test_spikes_are_counted_exactly() -> None:
    found = spike_gram(SPIKES.unbind(0), 50, 4)
    if found is None:
        pytest.skip("integers are not faster on this CPU, so they are not used")
    matrix = SPIKES.transpose(0, 1).flatten(1)
    assert torch.equal(found.triu(), (matrix @ matrix.T).triu())


@pytest.mark.parametrize("images", [1, 9, 32, 40])
@pytest.mark.parametrize("columns", [1, 8, 50])
@pytest.mark.parametrize("whole", [(1, 8), (32, 8)], ids=["cpu", "cuda"])
def test_sizes_that_no_kernel_takes_are_filled_up(
    images: int, columns: int, whole: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a single column, which torch 2.11 multiplies wrongly on a CPU."""
    monkeypatch.setattr(grams, "_integers_are_faster", lambda device: True)
    monkeypatch.setattr(grams, "_WHOLE", {"cpu": whole})
    taken = []

    def watched(a: Tensor, b: Tensor, product: Any = torch._int_mm) -> Tensor:
        taken.append((len(a), a.shape[1], b.shape[1]))
        return product(a, b)

    monkeypatch.setattr(torch, "_int_mm", watched)
    spikes = torch.rand(2, images, 61, generator=torch.Generator().manual_seed(images)) > 0.5
    found = spike_gram(spikes.float().unbind(0), columns, 32)
    matrix = spikes.transpose(0, 1).flatten(1).double()
    assert found is not None
    assert torch.equal(found.triu().double(), (matrix @ matrix.T).triu())
    least = (whole[0], whole[1], whole[0])
    assert not any(n % of for call in taken for n, of in zip(call, least, strict=True))


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, 1 + 1e-6, float("nan"), float("inf")])
@pytest.mark.parametrize("place", [(0, 0, 0, 0, 0), (1, 8, 2, 4, 3)])
def test_one_number_that_is_no_spike_makes_them_real_numbers(
    value: float, place: tuple[int, ...]
) -> None:
    features = SPIKES.clone()
    features[place] = value
    assert spike_gram(features.unbind(0), 50, 4) is None


def test_constant_means_to_the_bit() -> None:
    same = REAL[:, :1].expand_as(REAL).clone()
    assert constant(same.unbind(0))
    same[1, 4, 2, 0, 0] += 1e-6
    assert not constant(same.unbind(0))
