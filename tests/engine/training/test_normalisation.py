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


def test_normalisation_is_torchvisions_to_the_bit() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(2, 3, -1, -1)
    mean, std = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
    expected = torch.stack(
        [((images[:, c].float() / 255) - mean[c]) / std[c] for c in range(3)], dim=1
    )  # ToTensor, then Normalize
    assert torch.equal(Normalisation(mean, std)(images), expected)


def test_counts_are_normalised_in_events_and_come_time_first() -> None:
    counts = torch.tensor([4, 7, 5, 1], dtype=torch.int16).view(1, 2, 2, 1, 1)
    found = Normalisation((0.0, 1.0), (2.0, 3.0))(counts)
    assert found.dtype == torch.float32
    assert found.flatten().tolist() == [2.0, 2.0, 2.5, 0.0]
    assert found.shape == (2, 1, 2, 1, 1)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (PIXELS.float(), r"needs raw uint8 \[B, C, H, W\], got float32"),
        (PIXELS[0], r"got uint8 \[3, 4, 4\]"),
        (torch.zeros(1, 1, 3, 4, 4), r"needs int16 \[B, T, C, H, W\], got float32"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.int16), r"got int16 \[1, 3, 4, 4\]"),
        (torch.zeros(1, 1, 2, 4, 4, dtype=torch.int16), "2 channels, but 3 means and 3"),
    ],
)
def test_what_is_neither_pixels_nor_counts_is_refused(images: torch.Tensor, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        Normalisation((0.5,) * 3, (0.2,) * 3)(images)
