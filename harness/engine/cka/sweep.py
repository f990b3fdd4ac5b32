"""CKA of whole networks, in one sweep over the images.

Networks of the engine run as they are handed in: `network.eval()` first, unless the batch
statistics of training are wanted. Those that were given run in evaluation mode. The features of a
spiking layer are those of all its time steps concatenated. No gradients are kept.

Legend: T = time steps, M = images of the minibatch, L = layer calls, C, H, W = channels, height and
width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, device_of, named, require_input, tensor
from harness.engine.cka.calls import LayerCalls
from harness.engine.cka.gram import rows
from harness.engine.cka.hsic import Estimator
from harness.engine.cka.over_time import CONCATENATED
from harness.engine.cka.partial import GIVEN_PIXELS, Estimate, without_pixels
from harness.engine.cka.result import CkaCurve, CkaMap
from harness.engine.cka.stream import joined, stream_of
from harness.engine.cka.sums import MEMORY_LIMIT, HsicSums, require_some
from harness.engine.networks import Network
from harness.engine.training.numerics import full_precision
from harness.errors import HarnessError

Batches = Iterable[Tensor]
"""Normalised images [M, C, H, W] or frames [T, M, C, H, W], a minibatch at a time, or with
their labels [M] as a `DataLoader` gives them; they are moved to the network's device.
"""

Pairs = Iterable[tuple[Tensor, Tensor]]
"""Two minibatches of the same M images in the same order: for the first and the second network, or
clean and attacked.
"""


def minibatches(batches: Any, networks: Sequence[nn.Module]) -> Iterator[tuple[Tensor, ...]]:
    """For each minibatch what each of the networks is shown, on its device.

    A minibatch is images for all of them, images and labels as data loaders give them, or images
    for each. HarnessError for anything else.
    """
    where, devices = "CKA batches", [device_of(network) for network in networks]
    if isinstance(batches, Tensor | Mapping | str) or not isinstance(batches, Iterable):
        said = f"expected minibatches one after the other (got {named(batches)})"
        raise HarnessError(where, said, hint="a list of one minibatch is [images]")
    for batch in batches:
        several = batch if isinstance(batch, list | tuple) else [batch]
        parts = [tensor(where, part) for part in several]
        if len(parts) == 2 and parts[1].ndim < 3:
            del parts[1]  # labels
        if len(parts) not in (1, len(networks)):
            said = f"a minibatch of {len(parts)} parts for {len(networks)} networks"
            hint = "expected images, or (images, labels), or (images of a, images of b)"
            raise HarnessError(where, said, hint=hint)
        shared = parts[0].to(devices[0])
        given = [shared, *parts[1:]] if len(parts) == len(networks) else [shared] * len(networks)
        shown = [
            require_input(network, part.to(device))
            for network, part, device in zip(networks, given, devices, strict=True)
        ]
        first, last = shown[0].shape[-4], shown[-1].shape[-4]
        if first != last:
            hint = "both are of the same images"
            raise HarnessError(where, f"{first} images beside {last}", hint=hint)
        yield tuple(shown)


@checked
def cka_heatmap(
    network_y: Network,
    network_x: Network,
    batches: Batches | Pairs,
    layers: Sequence[str] | None = None,
    *,
    layers_x: Sequence[str] | None = None,
    estimator: Estimator = "unbiased",
    also: Sequence[Estimate] = (),
    time: str = CONCATENATED,
    time_x: str | None = None,
    memory_limit: int = MEMORY_LIMIT,
) -> CkaMap:
    """CKA of each layer of `network_y` with each layer of `network_x`, [L_y, L_x] (paper Fig. 2).

    The same network twice is self-CKA (Fig. 4): it runs once and each pair is computed once.
    `layers` are names of modules, by default those that the networks list; `layers_x` where the
    second network's differ. Where the networks do not see the same tensor, such as one frame and
    ten, `batches` gives pairs. `time` says which time steps are a layer's features: all of them
    "concatenated", their mean "rate", or one, "step-1"; `time_x` where it differs for the second
    network. `memory_limit`: see `MinibatchCKA`; features and networks come on top.

    `also` are further estimates from the same sweep, in `also` of the map: other estimators, and
    "given-pixels", the partial CKA of both layers given what `network_y` is shown (Cui et al. 2022,
    arXiv 2202.00095). Raises HarnessError for unknown layers, fewer images than the estimator
    needs, or none, and for further estimates that do not come with the estimator.
    """
    time_x = time if time_x is None else time_x
    own = network_y is network_x and layers_x is None and time_x == time
    calls_y = LayerCalls(network_y, layers, time)
    layers_x = layers if layers_x is None else layers_x
    calls_x = calls_y if own else LayerCalls(network_x, layers_x, time_x)
    given = GIVEN_PIXELS in also
    if given and estimator != "unbiased":
        raise HarnessError("CKA also", f"{GIVEN_PIXELS!r} comes with 'unbiased' only")
    others = cast("list[Estimator]", [one for one in also if one != GIVEN_PIXELS])
    sums = HsicSums((estimator, *others), memory_limit)
    wanted = sums.estimators
    for images_y, images_x in minibatches(batches, (network_y, network_x)):
        if own and images_y is not images_x:
            said = "one network, but two different inputs"
            raise HarnessError("CKA batches", said, hint="use clean_against_attacked")
        streams = [calls_y.stream(images_y, *wanted)]
        streams += [] if own else [calls_x.stream(images_x, *wanted)]
        if given:
            pixels = images_y.unbind(0) if images_y.ndim == 5 else [images_y]
            streams = [joined(stream_of([pixels], *wanted), stream) for stream in streams]
        sums.add(streams[0], None if own else streams[1], images_y.shape[-4])
    axes = axes_of(network_y, network_x)
    if not given:
        return sums.result(calls_y.names, calls_x.names, axes)
    names_y, names_x = ("pixels", *calls_y.names), ("pixels", *calls_x.names)
    return without_pixels(sums.result(names_y, names_x, axes))


def axes_of(network_y: Network, network_x: Network) -> tuple[str, str]:
    """Of which network the layers are: by its class, and by its place where that does not tell."""
    y, x = network_y.called, network_x.called
    if network_y is not network_x and y == x:
        y, x = f"the first {y}", f"the second {x}"
    return f"layer of {y}", f"layer of {x}"


@checked
def time_cka(
    network: Network,
    batches: Batches,
    layers: Sequence[str] | None = None,
    *,
    estimator: Estimator = "unbiased",
    memory_limit: int = MEMORY_LIMIT,
) -> dict[str, CkaMap]:
    """Layer → CKA of each pair of its time steps, [T, T] (paper Fig. 6).

    The steps are called "1", "2", …; a layer of one step gives a map of one value.
    """
    calls = LayerCalls(network, layers)
    sums: dict[str, HsicSums] = {}
    steps: dict[str, tuple[str, ...]] = {}

    def take(name: str, features_TM: Tensor) -> None:
        steps[name] = tuple(str(step) for step in range(1, len(features_TM) + 1))
        stream = stream_of([[step] for step in features_TM], estimator)
        layer = sums.setdefault(name, HsicSums((estimator,), memory_limit))
        layer.add(stream, None, features_TM.shape[1])

    with torch.no_grad(), full_precision():
        for (images,) in minibatches(batches, (network,)):
            calls.visit(images, take)
    found = require_some(sums)
    axes = ("time step", "time step")
    return {name: layer.result(steps[name], steps[name], axes) for name, layer in found.items()}


@checked
def clean_against_attacked(
    network: Network,
    pairs: Pairs,
    layers: Sequence[str] | None = None,
    *,
    drifted: Network | None = None,
    estimator: Estimator = "unbiased",
    memory_limit: int = MEMORY_LIMIT,
) -> CkaCurve:
    """For each layer the CKA of its features of clean images with those of the attacked ones, [L]
    (paper Fig. 8). `pairs` gives (clean, attacked) minibatches of the same images. `drifted` is a
    copy of the network that sees the attacked ones in its place.
    """
    calls = LayerCalls(network, layers)
    calls_attacked = calls if drifted is None else LayerCalls(drifted, layers)
    sums = HsicSums((estimator,), memory_limit, counterparts=True)
    for clean, attacked in minibatches(pairs, (network, drifted or network)):
        stream = calls.stream(clean, estimator)
        sums.add(stream, calls_attacked.stream(attacked, estimator), clean.shape[-4])
    return sums.curve(calls.names)


@checked
@torch.no_grad()
def gram_matrices(
    network: Network, images: Tensor, layers: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """Layer → its Gram matrix X·Xᵀ [M, M] of these images, float64 on the CPU, not centred (paper
    Fig. 1).
    """
    found: dict[str, Tensor] = {}

    def take(name: str, features_TM: Tensor) -> None:
        matrices = [rows(step).double() for step in features_TM]
        found[name] = sum((matrix @ matrix.T for matrix in matrices), torch.zeros(())).cpu()

    with full_precision():
        LayerCalls(network, layers).visit(images, take)
    return found
