"""Contrast inside a box and outside."""

from __future__ import annotations

import math

import pytest
import torch

from harness.engine.visualise import Box, contrast


def test_it_is_the_spread_about_each_colours_own_mean() -> None:
    image = torch.full((3, 8, 8), 0.2)
    image[1] = 0.9  # a colour is no contrast
    image[:, 2:4, 2:4] += torch.tensor([[0.1, -0.1], [-0.1, 0.1]])
    inside, outside = contrast(image, Box(2, 2, 4, 4))
    assert inside == pytest.approx(0.1)
    assert outside == pytest.approx(0.0, abs=1e-7)


def test_a_margin_grows_the_box_and_stops_at_the_edge() -> None:
    image = torch.zeros(3, 8, 8)
    image[:, 0, 3] = 1.0
    assert contrast(image, Box(1, 1, 4, 4)).outside > 0
    assert contrast(image, Box(1, 1, 4, 4), margin=1).outside == 0
    assert math.isnan(contrast(image, Box(1, 1, 4, 4), margin=9).outside)
