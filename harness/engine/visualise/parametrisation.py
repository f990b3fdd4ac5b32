"""How an image that is to be found is written as numbers to be changed.

Legend: C = colour channels, H, W = height and width, F = frequencies along the columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

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
