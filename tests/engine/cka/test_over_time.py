"""Rate and single time steps as features, against the formulas and against cases that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.cka import calls, cka_heatmap
from harness.engine.cka.over_time import over_time
from harness.engine.networks import Network, record, resnet
from harness.errors import HarnessError
from tests.engine.cka import oracle
from tests.engine.cka.test_sweep import ERROR, ann, images, snn


def features(network: Network, batch: Tensor, how: str) -> list[Tensor]:
    """Of each layer in float64, by the definition: mean over the steps, or one of them."""
    found = []
    for _, one in record(network, batch):
        steps = [one[t].double() for t in range(len(one))]
        if how == "rate":
            found.append(sum(steps[1:], steps[0]) / len(steps))
        else:
            found.append(steps[min(int(how[-1]), len(steps)) - 1])
    return found


@pytest.mark.parametrize("how", ["rate", "step-1", "step-3"])
def test_a_map_is_that_of_the_mean_or_of_one_step(how: str) -> None:
    first, second, batch = ann(), snn(1), images(0)
    found = cka_heatmap(first, second, [batch], time_x=how)
    a = [features(first, batch, "rate")]  # has one step
    b = [features(second, batch, how)]
    np.testing.assert_allclose(found.values, oracle.cka(a, b), rtol=0, atol=ERROR)


def test_each_side_has_its_own_also_of_one_network() -> None:
    network, batch = snn(), images(0)
    found = cka_heatmap(network, network, [batch], time="rate", time_x="step-2")
    a, b = ([features(network, batch, how)] for how in ("rate", "step-2"))
    np.testing.assert_allclose(found.values, oracle.cka(a, b), rtol=0, atol=ERROR)


def test_the_rate_of_equal_steps_is_all_of_them() -> None:
    network, other = resnet(8, base_width=2, neuron="relu").eval(), ann(1)
    frames = images(0).expand(3, *images(0).shape)
    whole, rate, step = (
        cka_heatmap(other, network, [(images(0), frames)], time_x=how)
        for how in ("concatenated", "rate", "step-2")
    )
    for found in (rate, step):
        torch.testing.assert_close(found.values, whole.values, rtol=0, atol=ERROR, equal_nan=True)


def test_a_norm_beside_its_convolution_has_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    network, batch = resnet(8, base_width=2, time_steps=2).eval(), torch.randn(6, 3, 16, 16)
    together: list[int] = []
    plain = calls.upper_gram_and_scaled

    def counted(*given: Any, **how: Any) -> Any:
        together.append(len(given[0]))
        return plain(*given, **how)

    monkeypatch.setattr(calls, "upper_gram_and_scaled", counted)
    found = cka_heatmap(network, network, [batch], ["conv1", "bn1"], time="rate")
    assert together == [1]  # one Gram matrix of the mean, for both
    stem = features(network, batch, "rate")[:2]
    expected = oracle.cka([stem], [stem])
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=ERROR)


@pytest.mark.parametrize(
    ("how", "said"),
    [("mean", "there is no 'mean'"), ("step-0", "there is no 'step-0'"), ("step-4", "no step 4")],
)
def test_what_there_is_not_is_refused(how: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        over_time(how)(torch.zeros(3, 2, 5))


def test_a_layer_of_one_step_has_it_at_every_step() -> None:
    one = torch.rand(1, 2, 5)
    assert torch.equal(over_time("step-4")(one), one)
