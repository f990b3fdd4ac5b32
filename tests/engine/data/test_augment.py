"""Batched crop and flip against a slow loop over images."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from harness.engine.data.augment import crop_flip, draw
from harness.engine.training import Normalisation
from harness.errors import HarnessError


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(images: Tensor, padding: int, flip: bool, seed: int = 0) -> Tensor:
    """The images with draws of a stream, which are as many whatever they are used for."""
    found = draw(len(images), padding, stream(seed)).to(images.device)
    return crop_flip(images, found, padding=padding, flip=flip)


def pixels(batch: int, height: int, width: int, dtype: torch.dtype = torch.uint8) -> Tensor:
    values = torch.randint(1, 256, (batch, 3, height, width), generator=stream(9))
    return values.to(dtype)


def one_by_one(images: Tensor, padding: int, flip: bool, seed: int) -> Tensor:
    """The same draws, applied pixel by pixel."""
    down, right, flipped = draw(len(images), padding, stream(seed))
    result = torch.zeros_like(images)
    _, channels, height, width = images.shape
    for b in range(len(images)):
        for y in range(height):
            for x in range(width):
                column = width - 1 - x if flip and flipped[b] else x
                row, column = y + int(down[b]) - padding, column + int(right[b]) - padding
                if 0 <= row < height and 0 <= column < width:
                    for c in range(channels):
                        result[b, c, y, x] = images[b, c, row, column]
    return result


@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(0, 4),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    padding=st.integers(0, 4),
    flip=st.booleans(),
    dtype=st.sampled_from([torch.uint8, torch.float32]),
    seed=st.integers(0, 99),
)
def test_it_is_what_a_loop_over_images_gives(
    batch: int, height: int, width: int, padding: int, flip: bool, dtype: torch.dtype, seed: int
) -> None:
    images = pixels(batch, height, width, dtype)
    result = drawn(images, padding, flip=flip, seed=seed)
    assert result.dtype == dtype
    assert torch.equal(result, one_by_one(images, padding, flip, seed))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_memory_format_stays_and_the_input_is_not_written_to(
    memory_format: torch.memory_format,
) -> None:
    images = pixels(5, 8, 8).contiguous(memory_format=memory_format)
    before = images.clone()
    result = drawn(images, 2, flip=True)
    assert result.is_contiguous(memory_format=memory_format)
    assert Normalisation((0.5,) * 3, (0.2,) * 3)(result).is_contiguous(memory_format=memory_format)
    assert torch.equal(images, before)


def test_every_place_is_drawn_and_half_of_the_images_are_flipped() -> None:
    down, right, flipped = draw(9_000, 1, stream())
    places = torch.bincount(down * 3 + right, minlength=9)
    assert places.min() > 850  # 1000 expected, standard deviation 30
    assert places.max() < 1150
    assert abs(int(flipped.sum()) - 4500) < 240  # five standard deviations


def test_the_flip_can_be_switched_off_without_moving_the_crops() -> None:
    images = pixels(16, 6, 6)
    _, _, flipped = draw(16, 2, stream())
    with_flip = drawn(images, 2, flip=True)
    without = drawn(images, 2, flip=False)
    assert torch.equal(with_flip[flipped == 0], without[flipped == 0])
    assert torch.equal(with_flip[flipped == 1], without[flipped == 1].flip(3))


def test_nothing_asked_for_gives_the_images_but_uses_up_the_draws() -> None:
    images = pixels(4, 5, 5)
    assert torch.equal(drawn(images, 0, flip=False), images)
    plain, padded = stream(), stream()
    draw(4, 0, plain), draw(4, 3, padded)
    assert torch.equal(plain.get_state(), padded.get_state())


def test_the_padding_is_black_before_and_so_below_the_mean_after_normalisation() -> None:
    white = torch.full((64, 3, 4, 4), 255, dtype=torch.uint8)
    cropped = drawn(white, 4, flip=False)
    assert set(cropped.unique().tolist()) == {0, 255}
    assert Normalisation((0.5,) * 3, (0.25,) * 3)(cropped).unique().tolist() == [-2.0, 2.0]


def test_crop_refuses_a_negative_padding_and_a_single_image() -> None:
    with pytest.raises(HarnessError, match="padding must be 0 pixels or more, got -1"):
        crop_flip(pixels(1, 2, 2), torch.zeros(3, 1), padding=-1, flip=False)
    with pytest.raises(HarnessError, match=r"needs \[B, C, H, W\], got \[3, 2, 2\]"):
        crop_flip(pixels(1, 2, 2)[0], torch.zeros(3, 1), padding=1, flip=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_sees_the_same_crops() -> None:
    images = pixels(32, 8, 8)
    on_cpu = drawn(images, 2, flip=True)
    on_gpu = drawn(images.cuda(), 2, flip=True)
    assert on_gpu.is_cuda
    assert torch.equal(on_gpu.cpu(), on_cpu)


def test_the_frames_of_a_recording_share_its_draw() -> None:
    frames = torch.randint(0, 9, (5, 3, 2, 6, 6), generator=stream(4)).to(torch.int16)
    found = drawn(frames, 2, flip=True, seed=1)
    assert found.shape == frames.shape
    assert found.dtype == torch.int16
    for step in range(3):
        alone = drawn(frames[:, step], 2, flip=True, seed=1)
        assert torch.equal(found[:, step], alone)
