"""Accuracy in evaluation mode."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.engine.training import Normalisation, accuracy
from tests.engine.training.cases import images, network

HALF = Normalisation((0.5,) * 3, (0.25,) * 3)


def test_it_is_the_percentage_of_right_answers_over_all_images() -> None:
    data = images(test=600)  # more than two evaluation batches
    made = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    with torch.no_grad():
        answers = made(HALF(data.test_images)).argmax(1)
    right = int((answers == data.test_labels).sum())
    got = accuracy(made, data.test_images, data.test_labels, HALF)
    assert got == pytest.approx(100.0 * right / 600)


def test_mode_and_running_statistics_are_left_as_they_were() -> None:
    made, data = network(), images()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    accuracy(made.train(), data.test_images, data.test_labels, HALF)
    assert made.training
    for name, tensor in made.state_dict().items():
        assert torch.equal(tensor, before[name]), name
