"""Direct encoding and folding."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks.layers import fold, in_steps
from harness.errors import HarnessError


def test_a_static_image_is_shown_at_each_step_in_step_order() -> None:
    images = torch.randn(2, 3, 4, 4)
    folded, steps = fold(images, 3)
    assert steps == 3
    assert torch.equal(folded.unflatten(0, (3, 2)), torch.stack([images] * 3))


def test_frames_bring_their_own_steps() -> None:
    frames = torch.randn(5, 2, 3, 4, 4)
    folded, steps = fold(frames, 3)
    assert steps == 5
    assert torch.equal(folded[2], frames[1, 0])


def test_one_step_costs_no_copy() -> None:
    images = torch.randn(2, 3, 4, 4)
    assert fold(images, 1)[0] is images


def test_other_shapes_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"\[3, 4, 4\]"):
        fold(torch.randn(3, 4, 4), 4)


def test_one_step_is_the_mean_over_time_and_repeats_in_step_order() -> None:
    frames = torch.randn(3, 2, 4, 5, 5)
    once = in_steps(frames.flatten(0, 1), 3, 1)
    torch.testing.assert_close(once, (frames[0] + frames[1] + frames[2]) / 3)
    assert torch.equal(in_steps(once, 1, 3), torch.cat([once] * 3))


def test_as_many_steps_as_before_are_the_same_tensor() -> None:
    folded = torch.randn(6, 2)
    assert in_steps(folded, 3, 3) is folded
