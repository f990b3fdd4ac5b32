"""Direct encoding and folding."""

from __future__ import annotations

import pytest
import torch

from harness.engine.encoding import fold
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
