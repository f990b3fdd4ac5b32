"""Activation maximisation: up the hill, inside the receptive field, from its seed alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, alexnet, hooked, small
from harness.engine.randomness import stream
from harness.engine.visualise import (
    Maximised,
    Target,
    contrast,
    gabor_statistics,
    maximise,
    receptive_field,
    total_variation,
)
from harness.errors import HarnessError
from harness.parts.measurement import ActivationMaximisation
from tests.engine.visualise.cases import NORMAL

SHAPE = (3, 16, 16)
NEURON = Target("conv2", 1, (4, 4))
TARGETS = [Target("conv2"), Target("conv2", 1), NEURON]
each_way = pytest.mark.parametrize("way", ["pixel", "fourier"])


def network(neuron: str = "relu") -> Network:
    return small(3, base_width=4, neuron=neuron, time_steps=2).eval()


def found(
    target: Target = NEURON, made: Network | None = None, seed: int = 0, **ascent: Any
) -> Maximised:
    choice = {"steps": 40, "jitter": 0, **ascent}
    return maximise(
        made or network(), target, NORMAL,
        shape=SHAPE, generator=stream(seed, "maximise"), ascent=ActivationMaximisation(**choice),
    )  # fmt: skip


@each_way
@pytest.mark.parametrize("neuron", ["relu", "lif"])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_the_activation_climbs(way: str, neuron: str, target: Target) -> None:
    got = found(target, network(neuron), parametrisation=way)
    assert got.curve_S.shape == (40,)
    assert float(got.curve_S[0]) == pytest.approx(got.start, abs=1e-6)
    assert got.end > got.start + 0.05
    assert float(got.curve_S[-10:].mean()) > float(got.curve_S[:10].mean())
    assert got.image_CHW.shape == SHAPE
    assert float(got.image_CHW.min()) >= 0
    assert float(got.image_CHW.max()) <= 1


def test_a_linear_neurons_best_image_has_the_signs_of_its_kernel() -> None:
    made = network()
    got = found(Target("conv1", 2, (7, 5)), made, parametrisation="pixel", steps=150)
    kernel = made.get_parameter("conv1.weight")[2]
    patch = got.image_CHW[:, 6:9, 4:7] - 0.5
    assert torch.equal(patch.sign(), kernel.sign())
    assert float(patch.abs().min()) > 0.4


@pytest.mark.parametrize("jitter", [0, 2])
def test_a_neuron_draws_in_its_receptive_field_alone(jitter: int) -> None:
    got = found(parametrisation="pixel", jitter=jitter, steps=60)
    box = receptive_field(network(), NEURON, 16, 16)
    inside, outside = contrast(got.image_CHW, box, margin=jitter)
    assert inside > 0.1
    assert outside < 0.05 * inside
    # jitter shifts what the neuron sees, so it draws that much around its field, too
    assert (contrast(got.image_CHW, box).outside > 0.2 * inside) == (jitter > 0)


@pytest.mark.parametrize("neuron", ["relu", "lif"])
def test_a_roll_is_left_out_of_what_is_told(neuron: str) -> None:
    """Each number is the activation of an image that fewer steps would have handed out."""
    made = network(neuron)
    wanted = [
        _activation_of(made, NEURON, found(made=made, jitter=5, steps=steps, lr=0.5).image_CHW)
        for steps in range(1, 5)
    ]
    got = found(made=made, jitter=5, steps=4, lr=0.5)
    assert [*got.curve_S[1:], got.end] == pytest.approx(wanted, abs=1e-6)
    assert got.start == float(got.curve_S[0]) == found(made=made, jitter=0, steps=1).start


def _activation_of(made: Network, target: Target, image_CHW: Tensor) -> float:
    heard: list[Tensor] = []
    with hooked(made, [target.layer], lambda _, feature: heard.append(target.activation(feature))):
        made(((image_CHW - 0.5) / 0.25)[None])
    return float(heard[0].detach())


@each_way
def test_total_variation_makes_it_smoother(way: str) -> None:
    rough, smooth = (found(parametrisation=way, total_variation=weight) for weight in (0.0, 20.0))
    assert total_variation(smooth.image_CHW) < 0.5 * total_variation(rough.image_CHW)


def bright(bars: float) -> Network:
    """AlexNet with a first channel that is a brightness and, beside it, vertical bars."""
    wave = torch.cos(torch.arange(11) * 2 * torch.pi / 8)
    made = alexnet(head="linear").eval()
    with torch.no_grad():
        made.get_parameter("features.0.weight")[0] = -0.1 + bars * wave
    return made


def test_brightness_and_border_are_no_pattern() -> None:
    """What a kernel of a brightness and bars is driven by: one colour, then its bars."""
    made, target = bright(0.15), Target("features.0", 0)
    choice: dict[str, Any] = {"parametrisation": "pixel", "jitter": 8, "leak": 0.1, "steps": 30}
    choice |= {"lr": 0.1, "inside": True, "noise": 0.3}
    flat, bars = (
        maximise(
            made, target, NORMAL,
            shape=(3, 96, 96), generator=stream(0, "maximise"),
            ascent=ActivationMaximisation(**choice, slowest=slowest),
        ).image_CHW
        for slowest in (0.0, 0.0625)
    )  # fmt: skip
    middle = (slice(None), slice(12, 84), slice(12, 84))
    assert float(flat[middle].mean()) < 0.2
    assert float(bars.mean()) == pytest.approx(NORMAL.mean[0], abs=1e-4)
    assert float(bars[middle].std()) > 0.2
    found = gabor_statistics(bars[middle][None])
    assert float(found.orientation) == pytest.approx(90, abs=10)
    assert float(found.frequency) == pytest.approx(1 / 8, abs=0.03)


def test_an_image_has_no_wave_slower_than_asked() -> None:
    image = found(Target("conv2", 1), parametrisation="pixel", slowest=0.2, steps=20).image_CHW
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1
    power = torch.fft.fft2(image - 0.5).abs()
    frequencies = torch.fft.fftfreq(16)
    slow = torch.hypot(frequencies[:, None], frequencies) < 0.2
    assert float(power[:, slow].max()) < 1e-4 * float(power.max())


def test_places_that_see_the_padding_do_not_count() -> None:
    """The activation told is the mean of the others."""
    made, target = network(), Target("conv1", 2)
    got = found(target, made, inside=True, steps=3)
    heard: list[Tensor] = []
    with hooked(made, ["conv1"], lambda _, feature: heard.append(feature)):
        made(((got.image_CHW - 0.5) / 0.25)[None])
    assert got.end == pytest.approx(
        float(heard[0].detach().mean(0)[0, 2, 1:-1, 1:-1].mean()), abs=1e-5
    )


def test_total_variation_is_that_of_a_ramp() -> None:
    ramp = torch.arange(4.0).expand(3, 5, 4)
    assert float(total_variation(ramp)) == 1.0
    assert float(total_variation(ramp.transpose(1, 2))) == 1.0


def test_fourier_images_are_coarser_than_those_of_pixels() -> None:
    def highest(image: Tensor) -> float:
        power = torch.fft.fft2(image - image.mean((1, 2), keepdim=True)).abs().square().sum(0)
        return float(power[5:12, 5:12].sum() / power.sum())

    pixel, fourier = (found(Target("conv2", 1), parametrisation=way, steps=10)
                      for way in ("pixel", "fourier"))  # fmt: skip
    assert highest(fourier.image_CHW) < highest(pixel.image_CHW)


@each_way
def test_it_starts_nearly_grey(way: str) -> None:
    start = found(parametrisation=way, steps=1, lr=1e-9).image_CHW
    assert 1e-3 < float(start.std()) < 0.02
    assert float(start.mean()) == pytest.approx(0.5, abs=0.01)


@each_way
def test_it_is_its_seeds_and_touches_no_global_numbers(way: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (found(parametrisation=way, jitter=3, seed=s) for s in (0, 0, 1))
    assert torch.equal(first.image_CHW, again.image_CHW)
    assert torch.equal(first.curve_S, again.curve_S)
    assert not torch.equal(first.image_CHW, other.image_CHW)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_network_is_left_as_it_was() -> None:
    made = network().train()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    found(made=made)
    assert made.training
    assert all(one.grad is None for one in made.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_mode_without_gradients_hinders_no_climb(mode: Any) -> None:
    made = network()
    with mode():
        got = found(made=made)
    assert torch.equal(got.image_CHW, found().image_CHW)


def test_nothing_behind_the_target_is_computed() -> None:
    made = network()
    seen: list[str] = []
    for name in ("bn2", "conv3"):
        layer = made.get_submodule(name)
        layer.register_forward_hook(lambda *call, name=name: seen.append(name))
    found(made=made, steps=2)
    assert seen == []


def test_a_dead_neuron_has_no_way_up() -> None:
    made = network()
    with torch.no_grad():
        made.get_parameter("bn1.bias").fill_(-100.0)
    with pytest.raises(HarnessError, match="no gradient at the start"):
        found(Target("relu1", 0), made)


@pytest.mark.parametrize(
    ("ascent", "said"),
    [
        ({"parametrisation": "wavelet"}, "activation_maximisation parametrisation"),
        ({"steps": 0}, "activation_maximisation steps"),
        ({"total_variation": -1.0}, "activation_maximisation total_variation"),
    ],
)
def test_bad_values_are_refused(ascent: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        ActivationMaximisation(**ascent)
