"""Pixel normalisation."""

from __future__ import annotations

import pytest
import torch

from harness.engine.training import Normalisation
from harness.errors import HarnessError

PIXELS = torch.randint(
    0, 256, (50, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def test_measured_numbers_are_those_of_the_pixels() -> None:
    measured = Normalisation.of(PIXELS)
    bright = PIXELS.double() / 255
    assert measured.mean == pytest.approx(bright.mean((0, 2, 3)).tolist(), abs=1e-12)
    assert measured.std == pytest.approx(bright.std((0, 2, 3), correction=0).tolist(), abs=1e-12)


def test_normalised_pixels_follow_the_formula_and_the_originals_stay() -> None:
    given = Normalisation((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    before = PIXELS.clone()
    mean, std = torch.tensor(given.mean).view(3, 1, 1), torch.tensor(given.std).view(3, 1, 1)
    torch.testing.assert_close(given(PIXELS), (PIXELS / 255 - mean) / std, rtol=1e-5, atol=1e-5)
    assert torch.equal(PIXELS, before)


def test_a_channel_without_contrast_gives_zeros_and_no_nan() -> None:
    flat = torch.full((4, 1, 4, 4), 77, dtype=torch.uint8)
    assert Normalisation.of(flat)(flat).abs().max() < 1e-4


def test_faults() -> None:
    with pytest.raises(HarnessError, match="above 0"):
        Normalisation((0.5,), (0.0,))
    with pytest.raises(HarnessError, match="3 channels, but 1 means"):
        Normalisation((0.5,), (0.2,))(PIXELS)


def test_frames_get_mean_0_and_their_root_mean_square() -> None:
    frames = torch.tensor([[0, 3], [4, 0]], dtype=torch.int16).view(2, 1, 2, 1, 1)
    found = Normalisation.of(frames)
    assert found.mean == (0.0, 0.0)
    assert found.std == pytest.approx(((16 / 2) ** 0.5, (9 / 2) ** 0.5))
    assert found(frames).shape == (1, 2, 2, 1, 1)  # time first


def test_a_polarity_without_events_stays_0() -> None:
    frames = torch.zeros(2, 3, 2, 4, 4, dtype=torch.int16)
    assert Normalisation.of(frames)(frames).abs().sum() == 0
