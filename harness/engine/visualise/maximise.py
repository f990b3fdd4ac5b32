"""Activation maximisation: an image, from noise, that drives a layer, channel or neuron (lab Fig.
6 to 8).

Legend: C = channels, H, W = height and width, S = steps of the optimisation, F = frequencies along
the columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.arguments import checked, device_of
from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.visualise.activations import Target
from harness.errors import ExitCode, HarnessError
from harness.parts.measurement import ActivationMaximisation

_START = 0.01  # standard deviation of the noise before the sigmoid: nearly uniform grey


class Parametrisation(ABC):
    """Numbers that make an image [C, H, W] in 0 … 1; a sigmoid keeps it there."""

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers.requires_grad_()

    @abstractmethod
    def image(self) -> Tensor:
        """The image of the numbers as they are now, with its gradient."""


class Pixels(Parametrisation):
    """One number per pixel and colour. A pixel that the target does not see keeps its start."""

    def __init__(
        self, shape: tuple[int, int, int], generator: torch.Generator, device: torch.device
    ) -> None:
        super().__init__(_START * torch.randn(shape, generator=generator).to(device))

    def image(self) -> Tensor:
        """The sigmoid of each number."""
        return torch.sigmoid(self.numbers)


class Fourier(Parametrisation):
    """One complex number per spatial frequency, weighted by 1/frequency.

    Gradient steps then move all scales alike, as in natural images, where a pixel basis favours
    high frequencies (Olah, Mordvintsev and Schubert, Feature Visualization, Distill 2017; without
    their decorrelation of colours). Every number moves the whole image, so nothing holds the part
    that a neuron does not see in place but total variation.
    """

    def __init__(
        self, shape: tuple[int, int, int], generator: torch.Generator, device: torch.device
    ) -> None:
        channels, self.height, self.width = shape
        rows, columns = torch.fft.fftfreq(self.height), torch.fft.rfftfreq(self.width)
        frequency_HF = torch.hypot(rows[:, None], columns[None, :])
        lowest = 1.0 / max(self.height, self.width)
        self.scale_HF = (1.0 / frequency_HF.clamp(min=lowest)).to(device)
        self.scale_HF *= self.height * self.width / self.scale_HF.norm()  # unit variance per pixel
        drawn = torch.randn((channels, *frequency_HF.shape, 2), generator=generator)
        super().__init__(_START * drawn.to(device))

    def image(self) -> Tensor:
        """The sigmoid of the inverse transform."""
        spectrum_CHF = torch.view_as_complex(self.numbers) * self.scale_HF
        waves = torch.fft.irfft2(spectrum_CHF, s=(self.height, self.width))
        return torch.sigmoid(waves)


PARAMETRISATIONS: Mapping[
    str, Callable[[tuple[int, int, int], torch.Generator, torch.device], Parametrisation]
] = {"pixel": Pixels, "fourier": Fourier}


@dataclass(frozen=True, eq=False)
class Maximised:
    """What was found."""

    image_CHW: Tensor  # float32 in 0 … 1, on the CPU
    curve_S: Tensor  # float64: the activation before each step, penalty and roll left out of it
    start: float  # of the noise and of the image found, without roll
    end: float


@checked
@torch.enable_grad()
def maximise(
    network: Network,
    target: Target,
    normalisation: Normalisation,
    *,
    shape: tuple[int, int, int],
    generator: torch.Generator,
    ascent: ActivationMaximisation,
) -> Maximised:
    """Climb `target.activation` from noise, over images [C, H, W] of `shape` in 0 … 1.

    The mean of a convolution is linear in the image, so its best image is one colour with the
    rhythm of the stride. `leak` below 1 rectifies each number before the mean, as the ReLU behind
    the convolution does, but never to 0, so that a silent start has a way up.

    Each step maximises activation − total_variation·TV of the image rolled by a draw of its own,
    the network frozen in evaluation mode. Spiking networks are climbed along their surrogate
    gradient. `generator` (CPU) draws the start and the rolls. Raises HarnessError where the
    activation has no gradient at the start, as of a dead neuron, or turns NaN.
    """
    device = device_of(network)
    made = PARAMETRISATIONS[ascent.parametrisation](shape, generator, device)
    adam = torch.optim.Adam([made.numbers], lr=ascent.lr)
    shifts = _rolls(ascent, generator)
    curve = torch.empty(ascent.steps, dtype=torch.float64, device=device)

    @torch.no_grad()
    def seen(image_CHW: Tensor) -> Tensor:
        return _activation(network, target, normalisation, image_CHW, ascent.leak)

    with in_mode(network, "eval"):
        for step, shift in enumerate(shifts):
            image = made.image()
            rolled = image.roll(shift, (1, 2))
            activation = _activation(network, target, normalisation, rolled, ascent.leak)
            loss = ascent.total_variation * total_variation(image) - activation
            (gradient,) = torch.autograd.grad(loss, made.numbers)
            if step == 0:
                _require_gradient(gradient, target)
            made.numbers.grad = gradient
            adam.step()
            curve[step] = activation.detach() if shift == (0, 0) else seen(image)
        found = made.image().detach()
        end = float(seen(found))
    if not torch.isfinite(curve).all() or not torch.isfinite(found).all():
        raise HarnessError(
            f"maximise {target.layer}",
            "the activation is NaN or infinite",
            hint="lower the lr",
            code=ExitCode.RUN_FAILED,
        )
    return Maximised(found.cpu(), curve.cpu(), float(curve[0]), end)


def total_variation(image_CHW: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, along rows plus along columns."""
    down = (image_CHW[:, 1:] - image_CHW[:, :-1]).abs().mean()
    return down + (image_CHW[:, :, 1:] - image_CHW[:, :, :-1]).abs().mean()


class _Seen(Exception):
    """Ends a forward pass at the target: what comes after it is of no use here."""


def _activation(
    network: Network,
    target: Target,
    normalisation: Normalisation,
    image_CHW: Tensor,
    leak: float,
) -> Tensor:
    found: list[Tensor] = []

    def keep(_: str, feature: Tensor) -> None:
        found.append(target.activation(functional.leaky_relu(feature, leak)))
        raise _Seen

    mean_C11 = image_CHW.new_tensor(normalisation.mean)[:, None, None]
    std_C11 = image_CHW.new_tensor(normalisation.std)[:, None, None]
    with suppress(_Seen), hooked(network, [target.layer], keep):
        network(((image_CHW - mean_C11) / std_C11)[None])
    return found[0].sum()


def _rolls(ascent: ActivationMaximisation, generator: torch.Generator) -> list[tuple[int, int]]:
    span = 2 * ascent.jitter + 1
    drawn = torch.randint(span, (ascent.steps, 2), generator=generator) - ascent.jitter
    return [(down, right) for down, right in drawn.tolist()]


def _require_gradient(gradient: Tensor, target: Target) -> None:
    if not gradient.any():
        raise HarnessError(
            f"maximise {target.layer}",
            "the activation has no gradient at the start",
            hint="a ReLU or spike that is silent there: take the layer before it, or another seed",
            code=ExitCode.RUN_FAILED,
        )
