"""How large a network is, by formula: enough to say what it will cost before torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ALEXNET_MACS = 655e6  # of the convolutions, at 224 pixels


@dataclass(frozen=True)
class Size:
    """`depth` counts layers with weights, `macs` multiply-accumulates of one image and step,
    `parameters` the weights of convolutions, `layers` those that are compared, `features` their
    numbers of one image and step together; `at_one_step` is the share of the MACs that runs one
    step however many there are.
    """

    depth: int
    macs: float
    parameters: int
    layers: int
    features: float
    at_one_step: float = 0.0


def resnet_macs(depth: int, channels: int, side: int) -> float:
    """Multiply-accumulates of one image and step: each of the three stages costs the same."""
    blocks = (depth - 2) / 6
    return 9.0 * side**2 * channels * (3 + 3 * blocks * 2 * channels)


def resnet_parameters(depth: int, channels: int) -> int:
    """Weights of the convolutions: two of 9c² a block, with c doubling at each of three stages."""
    blocks = (depth - 2) // 6
    return 18 * channels**2 * (1 + 4 + 16) * blocks


def chain_macs(convolutions: int, stages: int, channels: int, side: int) -> float:
    """Of 3x3 convolutions in stages that halve the side and double the channels: each costs the
    same, the first of a stage half, the very first 3 channels' worth.
    """
    alike = convolutions - 1 - (stages - 1) / 2
    return 9.0 * side**2 * channels * (3 + alike * channels)


def _resnet(network: Mapping[str, Any], side: int) -> Size:
    depth, channels = network["depth"], network["base_width"] * network["width"]
    macs, weights = resnet_macs(depth, channels, side), resnet_parameters(depth, channels)
    single = network.get("single_step", ())  # runs stored before the field have none
    layers = 7 * (depth - 2) // 2 + 10
    features = layers * channels * side**2 * (1 + 1 / 2 + 1 / 4) / 3
    return Size(depth, macs, weights, layers, features, len(set(single)) / 3)


def _vgg(network: Mapping[str, Any], side: int) -> Size:
    """N−3 convolutions, 4·(N−7)/6 of them in stage 4, which holds nearly all weights; the layout of
    Table D.2 has one to three fewer in the stages before, which an estimate does not see.
    """
    depth, channels = network["depth"], network["base_width"] * network["width"]
    last = 4 * (depth - 7) // 6
    third = (depth - 3 - last) // 3
    weights = 9 * channels**2 * (64 * last - 32 + 16 * third)
    layers = 3 * (depth - 3) + 4
    shares = 2 + 2 / 2 + third / 4 + last / 8  # of a stage: twice the channels, a quarter the area
    features = 3 * channels * side**2 * shares
    return Size(depth, chain_macs(depth - 3, 4, channels, side), weights, layers, features)


def _small(network: Mapping[str, Any], side: int) -> Size:
    stages, channels = network["stages"], network["channels"] * network["width"]
    weights = 9 * channels * (3 + channels * sum(2 * 4**stage for stage in range(stages - 1)))
    features = 3 * channels * side**2 * sum(2.0**-stage for stage in range(stages))
    macs = chain_macs(stages, stages, channels, side)
    return Size(stages + 1, macs, weights, 4 * stages, features)


def _alexnet(network: Mapping[str, Any], side: int) -> Size:
    """torchvision states 61.1 M parameters and 0.714 G MACs at 224 pixels, 59 M of them linear; a
    stand-in has the 2.5 M of the convolutions, which is also what is looked at of the others.
    """
    if network.get("weights") == "stand-in":
        area = (side * network["enlarge"] / 224) ** 2
        return Size(6, ALEXNET_MACS * area, 2_560_000, 14, 1e6 * area)
    area = (side / 224) ** 2
    return Size(8, 59e6 + ALEXNET_MACS * area, 61_100_840, 20, 1e6 * area)


SIZES: Mapping[str, Callable[[Mapping[str, Any], int], Size]] = {
    "resnet": _resnet,
    "vgg": _vgg,
    "small": _small,
    "alexnet": _alexnet,
}
"""Kind of network → its size, from the values of its spec and the side of its images in pixels."""
