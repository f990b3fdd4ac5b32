"""Numbers that are no longer finite end the run with their place."""

from __future__ import annotations

import pickle

import pytest
import torch

from harness.engine.networks.neurons import Lif
from harness.engine.training import Diverged, train
from harness.engine.training.state import check_finite
from harness.errors import ExitCode
from tests.engine.training.cases import RECIPE, images, network


def test_the_first_bad_step_is_named() -> None:
    losses = torch.tensor([2.0, 1.0, float("inf"), float("nan")])
    with pytest.raises(Diverged) as caught:
        check_finite(losses, network(), 4)
    assert (caught.value.epoch, caught.value.step) == (4, 2)
    assert caught.value.code is ExitCode.RUN_FAILED
    assert "epoch 4, step 2: the loss is NaN" in str(caught.value)


def test_weights_gone_bad_in_the_last_update_are_found() -> None:
    broken = network()
    with torch.no_grad():
        broken.get_submodule("s1.b0.conv1").weight.fill_(float("nan"))
    with pytest.raises(Diverged, match=r"s1\.b0\.conv1\.weight is NaN"):
        check_finite(torch.ones(3), broken, 0)


@pytest.mark.parametrize("backend", ["auto", "torch", "reference"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_broken_current_turns_the_loss_of_its_own_step_bad(backend: str, bad: float) -> None:
    """Below the threshold it would pass for silence, and training would go on."""

    class Breaks(torch.nn.Module):
        """The second step's currents are not finite."""

        def __init__(self) -> None:
            super().__init__()
            self.inner, self.calls = network(), 0
            for layer in self.inner.modules():
                if isinstance(layer, Lif):
                    layer.backend = backend
            self.inner.bn1.register_forward_hook(self._break)

        def _break(self, layer: object, inputs: object, currents: torch.Tensor) -> torch.Tensor:
            self.calls += self.training  # the first look at an image is no step
            return currents * (bad if self.calls == 2 else 1.0)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.inner(images)
            return logits

    with pytest.raises(Diverged) as caught:
        train(Breaks(), images(), RECIPE, seed=0)
    assert (caught.value.epoch, caught.value.step, caught.value.what) == (0, 1, "the loss")


def test_finite_numbers_pass() -> None:
    check_finite(torch.ones(3), network(), 0)


def test_it_crosses_a_pipe_whole() -> None:
    again = pickle.loads(pickle.dumps(Diverged(1, 2, "the loss")))
    assert (again.epoch, again.step, again.what, again.code) == (1, 2, "the loss", 3)
