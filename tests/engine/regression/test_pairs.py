"""Pairs: activations of the same images, every image once, whatever the order."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import record, small
from harness.engine.regression import Side, activation_pairs, feature_pairs, held_out, regress
from harness.engine.training import Normalisation
from harness.errors import HarnessError
from harness.parts.regressions import RidgeFit
from tests.engine.regression.cases import features
from tests.engine.training.cases import images

NORMAL = Normalisation((0.5,) * 3, (0.25,) * 3)
PIXELS = images(test=300).test_images
CNN = small(2, base_width=2, neuron="relu", classes=3)
SNN = small(2, base_width=2, neuron="lif", classes=3, time_steps=3)


@pytest.mark.parametrize(("time", "size"), [("mean", 64), ("concatenate", 192)])
def test_activations_are_those_of_the_layers(time: str, size: int) -> None:
    pairs = activation_pairs(
        Side(CNN.train(), "bn2", NORMAL), Side(SNN, "bn2", NORMAL), PIXELS, time=time  # type: ignore[arg-type]
    )  # fmt: skip
    x, y = (torch.cat(side) for side in zip(*pairs.in_order(), strict=True))
    assert CNN.training
    ((_, cnn),) = record(CNN.eval(), NORMAL(PIXELS), ["bn2"])
    ((_, snn),) = record(SNN.eval(), NORMAL(PIXELS), ["bn2"])
    assert y.shape == (300, size)
    torch.testing.assert_close(x, cnn[0].flatten(1), rtol=1e-5, atol=1e-5)
    wanted = snn.mean(0) if time == "mean" else snn.transpose(0, 1)
    torch.testing.assert_close(y, wanted.flatten(1), rtol=1e-5, atol=1e-5)


def test_a_network_predicts_itself_and_the_other_less_well() -> None:
    cnn, snn = Side(CNN, "bn2", NORMAL), Side(SNN, "bn2", NORMAL)
    to_itself, to_other = (activation_pairs(cnn, other, PIXELS) for other in (cnn, snn))
    assert regress(to_itself, to_itself, RidgeFit(alpha=1e-3)).test.r2 > 0.999
    assert regress(to_other, to_other, RidgeFit(alpha=1e-3)).test.r2 < 0.99


def test_a_shuffled_epoch_has_every_image_once_with_its_own_target() -> None:
    x, y = torch.arange(50.0)[:, None], -torch.arange(50.0)[:, None]
    pairs = feature_pairs(x, y)
    found = list(pairs.shuffled(0, 0, 8))
    assert all(torch.equal(one, -other) for one, other in found)
    assert not torch.equal(torch.cat([one for one, _ in found]), x)
    assert torch.equal(torch.cat([one for one, _ in found]).sort(0).values, x)
    again, later = (torch.cat([one for one, _ in pairs.shuffled(0, e, 8)]) for e in (0, 1))
    assert torch.equal(again, torch.cat([one for one, _ in found]))
    assert not torch.equal(later, again)


def test_held_out_images_are_apart_and_their_seeds() -> None:
    train, test = held_out(100, 0.2, seed=0)
    assert len(test) == 20
    assert torch.equal(torch.cat([train, test]).sort().values, torch.arange(100))
    assert torch.equal(held_out(100, 0.2, seed=0)[1], test)
    assert not torch.equal(held_out(100, 0.2, seed=1)[1], test)


def test_bad_values_are_refused() -> None:
    with pytest.raises(HarnessError, match="leaves nothing"):
        held_out(10, 0.01, seed=0)
    with pytest.raises(HarnessError, match="90 images in x_MD, 3 in y_MK"):
        feature_pairs(features()[0], torch.zeros(3, 2))
