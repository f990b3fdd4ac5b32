"""PGD: the ball, the units, foolbox's result, and a network left as it was."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.attacks import fgsm, pgd
from harness.engine.networks import Network
from harness.engine.randomness import stream
from harness.errors import HarnessError
from harness.parts.attacks import Pgd
from tests.engine.attacks.cases import INPUTS, LABELS, NORMAL, network, state

MEAN = torch.tensor(NORMAL.mean)[:, None, None]
STD = torch.tensor(NORMAL.std)[:, None, None]
each_neuron = pytest.mark.parametrize("neuron", ["relu", "lif"])


def attacked(made: Network, **choice: Any) -> Tensor:
    options: dict[str, Any] = {"epsilon": 0.03, "step": 0.008, "iterations": 6, **choice}
    return pgd(made, INPUTS, LABELS, normalisation=NORMAL, **options)


def loss(made: Network, inputs: Tensor) -> float:
    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(made(inputs), LABELS))


@each_neuron
def test_it_raises_the_loss_and_the_other_sign_would_lower_it(neuron: str) -> None:
    made = network(neuron)
    assert loss(made, attacked(made, epsilon=0.1, step=0.02)) > loss(made, INPUTS) + 0.01


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("units", "scale"), [("pixel", 1 / STD), ("normalised", 1.0)])
def test_it_stays_in_the_ball_of_its_units_and_uses_it_up(
    units: str, scale: Any, clip: bool
) -> None:
    moved = (attacked(network(), units=units, clip=clip) - INPUTS).abs() / scale
    assert float(moved.max()) == pytest.approx(0.03, abs=1e-6)
    assert float((moved > 0.029).float().mean()) > 0.5


def test_with_clip_no_pixel_leaves_black_to_white_and_without_some_do() -> None:
    pixels = {clip: attacked(network(), epsilon=0.3, step=0.1, clip=clip) * STD + MEAN
              for clip in (True, False)}  # fmt: skip
    assert float(pixels[True].min()) > -1e-6
    assert float(pixels[True].max()) < 1 + 1e-6
    assert float(pixels[False].min()) < -0.1


def test_an_input_outside_black_to_white_is_never_pulled_further_than_the_ball() -> None:
    bright = INPUTS + 10
    moved = pgd(
        network(), bright, LABELS, normalisation=NORMAL, epsilon=0.1, step=0.1, iterations=2
    )
    assert float(((moved - bright).abs() * STD).max()) < 0.1 + 1e-5
    assert bool((moved <= bright).all())


def _by_foolbox(made: Network, attack: Any, epsilon: float, *, pixel: bool) -> Tensor:
    foolbox = pytest.importorskip("foolbox", exc_type=ImportError)  # no git program
    numbers = {"mean": np.array(NORMAL.mean), "std": np.array(NORMAL.std), "axis": -3}
    bounds, preprocessing = ((0, 1), numbers) if pixel else ((-100, 100), None)
    model = foolbox.PyTorchModel(made, bounds=bounds, preprocessing=preprocessing, device="cpu")
    if not pixel:
        return attack(model, INPUTS.double(), LABELS, epsilons=epsilon)[0]
    pixels = (INPUTS.double() * STD + MEAN).clamp(0, 1)
    return (attack(model, pixels, LABELS, epsilons=epsilon)[0] - MEAN) / STD


@each_neuron
@pytest.mark.parametrize("units", ["pixel", "normalised"])
def test_it_is_foolbox_linf_pgd(neuron: str, units: str) -> None:
    foolbox = pytest.importorskip("foolbox", exc_type=ImportError)  # no git program
    made = network(neuron).double()
    theirs = foolbox.attacks.LinfPGD(abs_stepsize=0.013, steps=5, random_start=False)
    wanted = _by_foolbox(made, theirs, 0.05, pixel=units == "pixel")
    got = pgd(
        made, INPUTS.double(), LABELS, normalisation=NORMAL, epsilon=0.05, step=0.013,
        iterations=5, units=units, clip=units == "pixel",
    )  # fmt: skip
    # a gradient at rounding level may point either way: nearly all pixels, not each
    same = (got - wanted).abs() < 1e-6
    assert float(same.double().mean()) > 0.999
    assert float((got - INPUTS).abs().mean()) > 0.02


@each_neuron
@pytest.mark.parametrize("units", ["pixel", "normalised"])
def test_fgsm_is_foolbox_fast_gradient(neuron: str, units: str) -> None:
    foolbox = pytest.importorskip("foolbox", exc_type=ImportError)  # no git program
    made, pixel = network(neuron).double(), units == "pixel"
    theirs = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    wanted = _by_foolbox(made, theirs, 0.05, pixel=pixel)
    got = fgsm(
        made, INPUTS.double(), LABELS, normalisation=NORMAL, epsilon=0.05, units=units, clip=pixel
    )
    assert float(((got - wanted).abs() < 1e-6).double().mean()) > 0.999


def test_it_is_the_published_loop() -> None:
    """Step ε/10, 20 times, eq. 5 in place on normalised inputs, written out in float64."""
    made, recipe = network().double(), Pgd()
    clean, adversarial = INPUTS.double(), INPUTS.double()
    for _ in range(20):
        adversarial.requires_grad_()
        torch.nn.functional.cross_entropy(made(adversarial), LABELS).backward()
        stepped = adversarial.detach() + 0.001 * adversarial.grad.sign()  # type: ignore[union-attr]
        adversarial = clean + (stepped - clean).clamp(-0.01, 0.01)
    got = pgd(
        made, clean, LABELS, normalisation=NORMAL, epsilon=0.01, step=recipe.step * 0.01,
        iterations=recipe.iterations, random_start=recipe.random_start, units=recipe.units,
        clip=recipe.clip, mode=recipe.accuracy_mode,
    )  # fmt: skip
    torch.testing.assert_close(got, adversarial, rtol=0, atol=1e-12)


def test_training_mode_attacks_the_batch_statistics() -> None:
    made = network()
    in_training = attacked(made, mode="train")
    assert not torch.equal(in_training, attacked(made, mode="eval"))
    made.train()
    before = copy.deepcopy(made.state_dict())
    by_hand = INPUTS.clone().requires_grad_()
    torch.nn.functional.cross_entropy(made(by_hand), LABELS).backward()
    made.load_state_dict(before)
    sign = by_hand.grad.sign()  # type: ignore[union-attr]
    one = attacked(made.eval(), mode="train", iterations=1, units="normalised", clip=False)
    torch.testing.assert_close(one, INPUTS + 0.008 * sign)


@each_neuron
@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(neuron: str, mode: str, training: bool) -> None:
    made = network(neuron).train(training)
    made.get_submodule("bn1").eval()  # a frozen layer stays frozen
    before = state(made)
    modes = [layer.training for layer in made.modules()]
    attacked(made, mode=mode)
    assert [layer.training for layer in made.modules()] == modes
    for name, tensor in made.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(one.grad is None and one.requires_grad for one in made.parameters())


def test_it_is_left_as_it_was_when_the_forward_pass_fails() -> None:
    made = network()
    before = state(made)

    def fail(*call: Any) -> None:
        raise ValueError("broken")

    made.fc.register_forward_pre_hook(fail)
    with pytest.raises(ValueError, match="broken"):
        attacked(made, mode="train")
    assert not made.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


def test_no_strength_is_no_change_to_the_bit() -> None:
    for start in (False, True):
        same = attacked(network(), epsilon=0.0, random_start=start, generator=stream(0, "x"))
        assert torch.equal(same, INPUTS)


def test_a_random_start_is_its_generators_and_fills_the_ball() -> None:
    made = network()
    first, again, other = (
        attacked(made, iterations=0, random_start=True, generator=stream(seed, "start"))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    share = ((first - INPUTS) * STD / 0.03).flatten()
    assert float(share.abs().max()) <= 1 + 1e-4
    assert float(share.std()) == pytest.approx(3**-0.5, rel=0.05)  # uniform on ±1


def test_global_random_numbers_are_not_touched() -> None:
    before = torch.get_rng_state()
    attacked(network(), random_start=True, generator=stream(0, "start"))
    assert torch.equal(torch.get_rng_state(), before)


def test_frames_are_attacked_frame_by_frame() -> None:
    frames = torch.stack([INPUTS, -INPUTS])
    moved = pgd(
        network("lif"), frames, LABELS, normalisation=NORMAL, epsilon=0.1, step=0.1, iterations=1,
        units="normalised", clip=False,
    ) - frames  # fmt: skip
    assert moved.shape == frames.shape
    assert not torch.equal(moved[0], moved[1])


def test_half_precision_of_the_convolutions_attacks_too() -> None:
    moved = attacked(network(), precision="bf16") - INPUTS
    assert moved.dtype == torch.float32
    assert float(moved.abs().mean()) > 0.02


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"epsilon": -0.1}, "attack epsilon: must be 0 or more"),
        ({"step": float("nan")}, "attack step: must be 0 or more"),
        ({"iterations": -1}, "attack iterations"),
        ({"units": "pixels"}, "did you mean 'pixel'"),
        ({"mode": "evaluation"}, "network mode: unknown name"),
        ({"random_start": True}, "needs a generator"),
        ({"precision": "f16"}, "training precision"),
    ],
)
def test_bad_values_are_refused(choice: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        attacked(network(), **choice)


def test_another_number_of_channels_is_refused() -> None:
    with pytest.raises(HarnessError, match="the network takes 3 channels"):
        fgsm(network(), INPUTS[:, :1], LABELS, normalisation=NORMAL, epsilon=0.1)
    with pytest.raises(HarnessError, match="3 channels, but 1 standard deviations"):
        fgsm(network(), INPUTS, LABELS, normalisation=type(NORMAL)((0.0,), (1.0,)), epsilon=0.1)


def test_a_gradient_that_is_nan_is_said() -> None:
    made = network()
    with torch.no_grad():
        made.get_parameter("fc.weight").fill_(float("nan"))
    with pytest.raises(HarnessError, match="gradient of the loss is NaN"):
        attacked(made)


class _Without(torch.nn.Module):
    """A network whose input gradient is lost on the way."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.made = way, network()

    def forward(self, inputs: Tensor) -> Tensor:
        if self.way == "detached":
            return self.made(inputs.detach())  # type: ignore[no-any-return]
        if self.way == "rounded":
            return self.made(inputs.round())  # type: ignore[no-any-return]
        with torch.no_grad():
            return self.made(inputs)  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", ["detached", "rounded", "no_grad"])
@pytest.mark.parametrize("start", [False, True])
def test_a_network_without_input_gradient_is_no_robust_one(way: str, start: bool) -> None:
    options: dict[str, Any] = {"normalisation": NORMAL, "epsilon": 10.0}
    said = "gradient of the loss is 0 everywhere"
    with pytest.raises(HarnessError, match=said):
        pgd(_Without(way), INPUTS, LABELS, step=1.0, iterations=3, random_start=start,
            generator=stream(0, "start"), **options)  # fmt: skip
    with pytest.raises(HarnessError, match=said):
        fgsm(_Without(way), INPUTS, LABELS, **options)


def test_frozen_weights_and_modes_of_no_gradient_do_not_weaken_an_attack() -> None:
    made = network("lif")
    wanted = attacked(made)
    with torch.no_grad():
        assert torch.equal(attacked(made), wanted)
    with torch.inference_mode():
        assert torch.equal(attacked(made), wanted)
    assert torch.equal(attacked(made.requires_grad_(requires_grad=False)), wanted)
