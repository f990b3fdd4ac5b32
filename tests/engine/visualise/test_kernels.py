"""Kernels as images."""

from __future__ import annotations

import pytest
import torch

from harness.engine.visualise import (
    gabor_statistics,
    kernel_images,
    normalised_kernels,
    shuffled_kernels,
)
from harness.errors import HarnessError

WEIGHT = torch.randn(6, 4, 5, 5, generator=torch.Generator().manual_seed(0))


def test_each_filter_spans_0_to_1_whatever_its_scale_and_offset() -> None:
    scales = torch.logspace(-3, 3, 6)[:, None, None, None]
    got = normalised_kernels(WEIGHT * scales - 2 * scales)
    torch.testing.assert_close(got, normalised_kernels(WEIGHT), rtol=0, atol=1e-5)
    assert torch.equal(got.amin((1, 2, 3)), torch.zeros(6))
    assert torch.equal(got.amax((1, 2, 3)), torch.ones(6))


def test_channels_keep_their_proportions_within_a_filter() -> None:
    weight = torch.zeros(1, 3, 2, 2)
    weight[0, 0], weight[0, 1] = 1.0, 0.5
    assert normalised_kernels(weight)[0, :, 0, 0].tolist() == [1.0, 0.5, 0.0]


def test_a_filter_without_contrast_is_grey() -> None:
    assert torch.equal(
        normalised_kernels(torch.full((1, 3, 2, 2), 7.0)), torch.full((1, 3, 2, 2), 0.5)
    )


def test_three_channels_are_colours() -> None:
    assert torch.equal(kernel_images(WEIGHT[:, :3]), normalised_kernels(WEIGHT[:, :3]))
    with pytest.raises(HarnessError, match="kernels on 4 channels have no three colours"):
        kernel_images(WEIGHT)


def test_single_channels_follow_filter_by_filter() -> None:
    scaled, single = normalised_kernels(WEIGHT), kernel_images(WEIGHT, "single")
    assert single.shape == (24, 3, 5, 5)
    assert torch.equal(single[6], scaled[1, 2].expand(3, -1, -1))


def test_the_strongest_channels_stand_in_their_order_and_span_0_to_1() -> None:
    weight = WEIGHT.clone()
    weight[0, 2] *= 0.01  # of filter 0 the third channel is the weakest, of filter 1 the first
    weight[1, 0] *= 0.01
    got = kernel_images(weight, "strongest")
    assert torch.equal(got[:1], normalised_kernels(weight[:1, [0, 1, 3]]))
    assert torch.equal(got[1:2], normalised_kernels(weight[1:2, [1, 2, 3]]))
    with pytest.raises(HarnessError, match="no three colours"):
        kernel_images(WEIGHT[:, :2], "strongest")


def test_shuffled_kernels_have_the_same_pixels_in_one_other_order_for_all_channels() -> None:
    shuffled = shuffled_kernels(WEIGHT, torch.Generator().manual_seed(1))
    assert not torch.equal(shuffled, WEIGHT)
    pixels = [set(map(tuple, one.flatten(2)[0].T.tolist())) for one in (WEIGHT[:1], shuffled[:1])]
    assert pixels[0] == pixels[1]  # a pixel keeps all its channels
    again = shuffled_kernels(WEIGHT, torch.Generator().manual_seed(1))
    assert torch.equal(shuffled, again)


def test_a_kernel_of_one_value_up_to_rounding_shows_no_pattern() -> None:
    weight = torch.full((1, 3, 5, 5), 0.1)
    weight[0, 0, ::2] *= 1 + torch.finfo(torch.float32).eps
    assert torch.equal(normalised_kernels(weight), torch.full_like(weight, 0.5))
    assert gabor_statistics(weight).coherence.isnan().all()


def test_bad_values_are_refused() -> None:
    with pytest.raises(HarnessError, match="expected"):
        kernel_images(WEIGHT[0])
    with pytest.raises(HarnessError, match="'single' or 'strongest'"):
        kernel_images(WEIGHT, "grey")  # type: ignore[arg-type]
