"""Activation maximisation: an image, from noise, that drives a layer, channel or neuron (lab Fig.
6 to 8).

Legend: C = channels, H, W = height and width, S = steps of the optimisation, F = frequencies along
the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.arguments import checked, device_of
from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.visualise.activations import Target
from harness.engine.visualise.receptive import within
from harness.errors import ExitCode, HarnessError
from harness.parts.measurement import ActivationMaximisation

Made = tuple[Tensor, Callable[[Tensor], Tensor]]
"""Standard normal numbers to start from, and what makes an image [C, H, W] of them; a sigmoid keeps
it in 0 … 1."""


def _pixels(shape: tuple[int, int, int], generator: torch.Generator, device: torch.device) -> Made:
    """One number per pixel and colour. A pixel that the target does not see keeps its start."""
    return torch.randn(shape, generator=generator).to(device), torch.sigmoid


def _fourier(shape: tuple[int, int, int], generator: torch.Generator, device: torch.device) -> Made:
    """One complex number per spatial frequency, weighted by 1/frequency.

    Gradient steps then move all scales alike, as in natural images, where a pixel basis favours
    high frequencies (Olah, Mordvintsev and Schubert, Feature Visualization, Distill 2017; without
    their decorrelation of colours). Every number moves the whole image, so nothing holds the part
    that a neuron does not see in place but total variation.
    """
    channels, height, width = shape
    rows, columns = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
    frequency_HF = torch.hypot(rows[:, None], columns[None, :])
    scale_HF = (1.0 / frequency_HF.clamp(min=1.0 / max(height, width))).to(device)
    scale_HF *= height * width / scale_HF.norm()  # unit variance per pixel

    def image(numbers: Tensor) -> Tensor:
        spectrum_CHF = torch.view_as_complex(numbers) * scale_HF
        return torch.sigmoid(torch.fft.irfft2(spectrum_CHF, s=(height, width)))

    drawn = torch.randn((channels, *frequency_HF.shape, 2), generator=generator)
    return drawn.to(device), image


def _fast(image_CHW: Tensor, slowest: float, mean_C11: Tensor) -> Tensor:
    """The image about the mean of the data, which is 0 to the network, without a mean of its own
    and every wave of less than `slowest` cycles per pixel; fainter where it would leave 0 … 1.
    """
    height, width = image_CHW.shape[-2:]
    rows, columns = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
    kept_HF = torch.hypot(rows[:, None], columns[None, :]) >= slowest
    kept_HF[0, 0] = False
    spectrum_CHF = torch.fft.rfft2(image_CHW) * kept_HF.to(image_CHW.device)
    waves = torch.fft.irfft2(spectrum_CHF, s=(height, width))
    room = torch.minimum(mean_C11, 1 - mean_C11).min()
    image: Tensor = mean_C11 + waves * (room / waves.abs().max()).clamp(max=1.0)
    return image


PARAMETRISATIONS = {"pixel": _pixels, "fourier": _fourier}


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
    the convolution does, but never to 0, so that a silent start has a way up. A kernel whose
    weights add up to a brightness still has an image of one colour for its best, and a border of
    another where it meets the padding. With `slowest` the images hold no brightness and no slow
    wave, and with `inside` the mean is that of the places that see no padding.

    Each step maximises activation − total_variation·TV of the image rolled by a draw of its own,
    the network frozen in evaluation mode. Spiking networks are climbed along their surrogate
    gradient. `generator` (CPU) draws the start and the rolls. Raises HarnessError where the
    activation has no gradient at the start, as of a dead neuron, or turns NaN.
    """
    device = device_of(network)
    numbers, made = PARAMETRISATIONS[ascent.parametrisation](shape, generator, device)
    mean_C11 = torch.tensor(normalisation.mean, device=device)[:, None, None]

    def image_of(numbers: Tensor) -> Tensor:
        image = made(numbers)
        return _fast(image, ascent.slowest, mean_C11) if ascent.slowest else image

    numbers *= ascent.noise
    adam = torch.optim.Adam([numbers.requires_grad_()], lr=ascent.lr)
    span = 2 * ascent.jitter + 1
    shifts = torch.randint(span, (ascent.steps, 2), generator=generator) - ascent.jitter
    curve = torch.empty(ascent.steps, dtype=torch.float64, device=device)
    places = None
    if ascent.inside and target.position is None:
        places = within(network, target.layer, *shape[1:])
    activation_of = partial(_activation, network, target, normalisation, ascent.leak, places)
    seen = torch.no_grad()(activation_of)
    with in_mode(network, "eval"):
        for step, shift in enumerate(map(tuple, shifts.tolist())):
            image = image_of(numbers)
            activation = activation_of(image.roll(shift, (1, 2)))
            loss = ascent.total_variation * total_variation(image) - activation
            (gradient,) = torch.autograd.grad(loss, numbers)
            if step == 0 and not gradient.any():
                raise _failed(target, "the activation has no gradient at the start", _SILENT)
            numbers.grad = gradient
            adam.step()
            curve[step] = activation.detach() if shift == (0, 0) else seen(image)
        found = image_of(numbers).detach()
        end = float(seen(found))
    if not torch.isfinite(curve).all() or not torch.isfinite(found).all():
        raise _failed(target, "the activation is NaN or infinite", "lower the lr")
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
    leak: float,
    places: tuple[slice, slice] | None,
    image_CHW: Tensor,
) -> Tensor:
    found: list[Tensor] = []

    def keep(_: str, feature: Tensor) -> None:
        if places is not None:
            feature = feature[(..., *places)]
        found.append(target.activation(functional.leaky_relu(feature, leak)))
        raise _Seen

    mean_C11 = image_CHW.new_tensor(normalisation.mean)[:, None, None]
    std_C11 = image_CHW.new_tensor(normalisation.std)[:, None, None]
    with suppress(_Seen), hooked(network, [target.layer], keep):
        network(((image_CHW - mean_C11) / std_C11)[None])
    return found[0].sum()


_SILENT = "a ReLU or spike that is silent there: take the layer before it, or another seed"


def _failed(target: Target, problem: str, hint: str) -> HarnessError:
    where = f"maximise {target.layer}"
    return HarnessError(where, problem, hint=hint, code=ExitCode.RUN_FAILED)
