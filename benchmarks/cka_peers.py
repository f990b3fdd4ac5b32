"""How CKA maps are computed elsewhere.

Legend: T = time steps, M = images of the minibatch, L = layers, D = features of an image and step.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from harness.engine.networks import Network, record


def features(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Layer → [M, T·D], the features of all layers at once, as both of them keep them."""
    found = record(network, images)
    return {name: feature.transpose(0, 1).flatten(1) for name, feature in found}


@torch.no_grad()
def published(
    network_y: Network, network_x: Network, images: Tensor, dtype: torch.dtype = torch.float32
) -> Tensor:
    """The published code's idiom: a Gram matrix per layer, then HSIC by the printed formula for
    each of the L·L pairs, whose trace multiplies two M x M matrices; float64 to be compared with.
    Not a number where rounding leaves nothing, or less, of a layer's own HSIC.
    """
    grams_a = _grams(features(network_y, images).values(), dtype)
    grams_b = _grams(features(network_x, images).values(), dtype)
    own_a, own_b = (
        torch.tensor([_hsic(gram, gram) for gram in grams], dtype=torch.float64)
        for grams in (grams_a, grams_b)
    )
    values = torch.tensor(
        [[_hsic(gram_a, gram_b) for gram_b in grams_b] for gram_a in grams_a], dtype=torch.float64
    )
    return values / torch.outer(own_a, own_b).sqrt()


def has_torch_cka() -> bool:
    """Whether it is installed."""
    return find_spec("torch_cka") is not None


@torch.no_grad()
def torch_cka(network_y: Network, network_x: Network, images: Tensor) -> Tensor:
    """torch_cka on the same features; it multiplies each pair's second Gram matrix anew."""
    from torch_cka import CKA

    models = [_Tapped(network) for network in (network_y, network_x)]
    loader = DataLoader(TensorDataset(images), batch_size=len(images))
    names = [[name for name, _ in model.taps.named_children()] for model in models]
    layers = [[f"taps.{name}" for name in each] for each in names]
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        compared = CKA(*models, "a", "b", *layers)
        compared.compare(loader, loader)
    values: Tensor = compared.hsic_matrix
    return values.double()


class _Tapped(nn.Module):
    """A network whose features [M, T·D] pass through a module each, where torch_cka hooks them: it
    knows neither time steps nor layers whose output is not a row per image.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        names = (name.replace(".", "-") for name in network.layer_names())
        self.taps = nn.ModuleDict({name: nn.Identity() for name in names})

    def forward(self, images: Tensor) -> Tensor:
        found = features(self.network, images)
        for tap, feature in zip(self.taps.values(), found.values(), strict=True):
            tap(feature)
        return images


def _grams(layers: Iterable[Tensor], dtype: torch.dtype) -> list[Tensor]:
    cast = (feature.to(dtype) for feature in layers)
    return [(feature @ feature.T).fill_diagonal_(0.0) for feature in cast]


def _hsic(k: Tensor, other: Tensor) -> float:
    n = len(k)
    ones = k.new_ones(n, 1)
    result = torch.trace(k @ other)
    result += (ones.T @ k @ ones @ ones.T @ other @ ones).squeeze() / ((n - 1) * (n - 2))
    result -= (ones.T @ k @ other @ ones).squeeze() * 2 / (n - 2)
    return float(result) / (n * (n - 3))
