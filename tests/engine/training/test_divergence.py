"""Numbers that are no longer finite end the run with their place."""

from __future__ import annotations

import pickle

import pytest
import torch

from harness.engine.training import Diverged
from harness.engine.training.divergence import check_finite
from harness.errors import ExitCode
from tests.engine.training.cases import network


def test_the_first_bad_step_is_named() -> None:
    losses = torch.tensor([2.0, 1.0, float("inf"), float("nan")])
    with pytest.raises(Diverged) as caught:
        check_finite(losses, network(), 4)
    assert (caught.value.epoch, caught.value.step) == (4, 2)
    assert caught.value.code is ExitCode.RUN_FAILED
    assert "epoch 4, step 2: the loss is NaN" in str(caught.value)


def test_weights_that_a_spiking_layer_hides_from_the_loss_are_found() -> None:
    broken = network()
    with torch.no_grad():
        broken.get_submodule("s1.b0.conv1").weight.fill_(float("nan"))
    assert torch.isfinite(broken(torch.randn(4, 3, 8, 8)).sum())  # the spikes are silent
    with pytest.raises(Diverged, match=r"s1\.b0\.conv1\.weight is NaN"):
        check_finite(torch.ones(3), broken, 0)


def test_finite_numbers_pass() -> None:
    check_finite(torch.ones(3), network(), 0)


def test_it_crosses_a_pipe_whole() -> None:
    again = pickle.loads(pickle.dumps(Diverged(1, 2, "the loss")))
    assert (again.epoch, again.step, again.what, again.code) == (1, 2, "the loss", 3)
