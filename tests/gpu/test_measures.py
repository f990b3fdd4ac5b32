"""Attacks, probes, regressions, maximised activations: a GPU's are the CPU's, within an error."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from harness.engine.attacks import accuracy_under_attack, attacked_batches
from harness.engine.networks import alexnet
from harness.engine.probes import probe_blocks
from harness.engine.randomness import stream
from harness.engine.regression import Side, activation_pairs, regress
from harness.engine.training import Normalisation, accuracy, train
from harness.engine.training.numerics import determinism, float32_products
from harness.engine.visualise import Target, maximise
from harness.parts.attacks import Pgd
from harness.parts.measurement import ActivationMaximisation
from harness.parts.probes import Probe, Ridge, Sgd
from harness.parts.regressions import DescentFit, Regression, RidgeFit
from tests.engine.training.cases import RECIPE, images, network

DEVICE = os.environ.get("CARD", "cuda")
SCALE = Normalisation((0.5,) * 3, (0.25,) * 3)
BOTH = ("cpu", DEVICE)


@pytest.fixture(autouse=True)
def same_products() -> Iterator[None]:
    with float32_products("ieee"), determinism(True):
        yield


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Of an ANN that has learnt something, on the CPU."""
    made = network("relu")
    train(made, images(), RECIPE.model_copy(update={"epochs": 6}), seed=0, normalisation=SCALE)
    return {name: one.clone() for name, one in made.state_dict().items()}


def test_accuracy_is_the_cpus(weights: dict[str, Tensor]) -> None:
    found = []
    for device in BOTH:
        made = network("relu")
        made.load_state_dict(weights)
        found.append(accuracy(made.to(device), *images().split("test"), SCALE))
    assert found[0] == found[1] > 50.0


def test_an_attack_moves_pixels_as_on_the_cpu(weights: dict[str, Tensor]) -> None:
    """All but a thousandth of them: the sign of a gradient near 0 is rounding's."""
    moved, accuracies = [], []
    attack = Pgd(iterations=5, random_start=True)
    for device in BOTH:
        made = network("relu")
        made.load_state_dict(weights)
        made.to(device).eval()
        data = (*images().split("test"), SCALE, attack)
        (batch,) = attacked_batches(made, *data, epsilon=0.05)
        moved.append(batch.attacked.cpu())
        accuracies.append(accuracy_under_attack(made, *data, epsilons=(0.0, 0.05)))
    assert (moved[0] - moved[1]).abs().gt(1e-4).float().mean() < 1e-3
    for ours, theirs in zip(*accuracies, strict=True):
        assert abs(ours - theirs) <= 100 / 24  # one image


@pytest.mark.parametrize("probe", [Ridge(), Sgd(epochs=4)], ids=lambda probe: probe.kind)
def test_a_probe_reads_as_on_the_cpu(weights: dict[str, Tensor], probe: Probe) -> None:
    """The same answers, but for one image whose two largest outputs are all but equal."""
    found = []
    for device in BOTH:
        made = network("relu")
        made.load_state_dict(weights)
        found.append(probe_blocks(made.to(device).eval(), images(), SCALE, probe))
    for name, one in found[0].items():
        assert abs(one.train - found[1][name].train) <= 100 / 72
        assert abs(one.test - found[1][name].test) <= 100 / 24


@pytest.mark.parametrize(
    ("fit", "error"), [(RidgeFit(), 1e-4), (DescentFit(epochs=4), 1e-3)], ids=["ridge", "descent"]
)
def test_a_regression_fits_as_on_the_cpu(
    weights: dict[str, Tensor], fit: Regression, error: float
) -> None:
    found = []
    for device in BOTH:
        sides = []
        for seed in (0, 1):
            made = network("relu", seed)
            if not seed:
                made.load_state_dict(weights)
            sides.append(Side(made.to(device).eval(), "s1.b0", SCALE))
        pairs = (
            activation_pairs(*sides, pixels) for pixels, _ in map(images().split, ("train", "test"))
        )
        found.append(regress(*pairs, fit))
    assert found[1].fitted.solver == found[0].fitted.solver
    for ours, theirs in zip(*((one.train, one.test) for one in found), strict=True):
        assert theirs.mse == pytest.approx(ours.mse, rel=error)
        assert theirs.r2 == pytest.approx(ours.r2, abs=error)


def test_an_activation_climbs_as_on_the_cpu() -> None:
    """The first steps; later ones grow apart, as Adam divides by small gradients."""
    curves = []
    for device in BOTH:
        made = alexnet(head="linear", classes=3).to(device).eval()
        found = maximise(
            made,
            Target("features.3", 0, None),
            SCALE,
            shape=(3, 63, 63),
            generator=stream(0, "maximise", 0),
            ascent=ActivationMaximisation(steps=5, size=63),
        )
        curves.append(found.curve_S)
    torch.testing.assert_close(curves[1].cpu(), curves[0], rtol=1e-3, atol=1e-5)
