"""Gabor statistics: known gratings are found, noise is told from them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from harness.engine.visualise import gabor_statistics
from harness.errors import HarnessError


def gabor(bars: float, frequency: float, side: int = 11, phase: float = 0.4) -> Tensor:
    """A Gabor filter on three channels, [1, 3, K, K], drawn in x to the right and y upwards."""
    place = torch.arange(side, dtype=torch.float64) - side // 2
    x, y = place[None, :], -place[:, None]
    across = math.radians(bars - 90)  # the wave runs across its bars
    wave = 2 * math.pi * frequency * (x * math.cos(across) + y * math.sin(across))
    grating = torch.cos(wave + phase) * torch.exp(-(x**2 + y**2) / (2 * (side / 4) ** 2))
    return (grating * torch.tensor([1.0, -0.5, 0.2])[:, None, None])[None]


@pytest.mark.parametrize("bars", [0, 20, 45, 90, 135, 170])
@pytest.mark.parametrize("frequency", [0.15, 0.25, 0.35])
@pytest.mark.parametrize("phase", [0.0, 0.4, 1.5])
def test_orientation_and_frequency_of_a_gabor_filter(
    bars: float, frequency: float, phase: float
) -> None:
    found = gabor_statistics(gabor(bars, frequency, phase=phase) * 3 + 5)
    off = abs(float(found.orientation) - bars) % 180
    assert min(off, 180 - off) < 5
    assert float(found.frequency) == pytest.approx(frequency, abs=0.02)
    assert float(found.coherence) > 0.7
    assert float(found.concentration) > 0.7


def test_vertical_bars_are_90_degrees() -> None:
    stripes = torch.tensor([1.0, -1.0] * 4).expand(1, 1, 8, 8)
    found = gabor_statistics(stripes)
    assert float(found.orientation) == pytest.approx(90)
    assert float(found.frequency) == pytest.approx(0.5, abs=0.02)
    assert float(gabor_statistics(stripes.transpose(2, 3)).orientation) == pytest.approx(0)


def test_noise_and_rings_have_no_orientation() -> None:
    noise = torch.randn(200, 3, 11, 11, generator=torch.Generator().manual_seed(0))
    found = gabor_statistics(noise)
    assert float(found.coherence.median()) < 0.3
    assert float(found.concentration.median()) < 0.3
    place = torch.arange(11.0) - 5
    ring = torch.cos(torch.hypot(place[:, None], place[None, :]) * 1.5)[None, None]
    assert float(gabor_statistics(ring).coherence) < 0.05


def test_scale_does_not_matter_and_filters_are_apart() -> None:
    both = torch.cat([gabor(30, 0.2), 1e-3 * gabor(100, 0.3)])
    found = gabor_statistics(both)
    for index in range(2):
        one = gabor_statistics(both[index : index + 1] * 7)
        assert float(found.orientation[index]) == pytest.approx(float(one.orientation))
        assert float(found.coherence[index]) == pytest.approx(float(one.coherence))


def test_a_filter_without_contrast_is_undefined() -> None:
    found = gabor_statistics(torch.full((1, 3, 11, 11), 0.3))
    for column in (found.orientation, found.frequency, found.coherence, found.concentration):
        assert bool(column.isnan().all())


def test_kernels_that_are_not_square_are_refused() -> None:
    with pytest.raises(HarnessError, match="kernels: expected"):
        gabor_statistics(torch.zeros(2, 3, 5, 4))
