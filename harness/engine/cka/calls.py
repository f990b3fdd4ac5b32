"""The layer calls of a network as a stream of packed Gram matrices.

Each Gram matrix is made inside the hook, so the features of a layer are gone before the next one's
come, and nothing that happens to them later can matter.

In evaluation mode a batch norm multiplies each channel of its input and shifts it. Centring removes
the shift, so the Gram matrices of a convolution and of the norm behind it come from the same one
matrix per channel: exact, and nearly twice as fast for half of a network's features. Which norm
follows a convolution is guessed from the order of the layers, and the guess is checked when the
norm is called: its input must be the convolution's output, the same memory, unchanged. Otherwise
the norm's own features are multiplied.

Legend: T = time steps at that layer, M = images of the minibatch, C = channels, H, W = height and
width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.cka.gram import constant, ordinary, upper_gram_and_scaled
from harness.engine.cka.hsic import Estimator, Estimators, HsicVector, hsic_vector, packed
from harness.engine.cka.over_time import CONCATENATED, over_time
from harness.engine.cka.stream import Deliver, Stream
from harness.engine.networks import Network, hooked
from harness.engine.networks.hooks import comparing
from harness.engine.norm import TdBatchNorm
from harness.errors import HarnessError


class LayerCalls:
    """What the hooked layers of a network are called, learnt from the first minibatch; `time` says
    which of their time steps are streamed (`over_time`).
    """

    def __init__(
        self, network: Network, layers: Sequence[str] | None, time: str = CONCATENATED
    ) -> None:
        self.network, self.time = network, time
        self.layers = None if layers is None else tuple(dict.fromkeys(layers))
        self.names: tuple[str, ...] = ()

    def stream(self, images: Tensor, *estimators: Estimator) -> Stream:
        """The layers' vectors for these images, one forward pass each time it is run."""
        neighbours = Neighbours(self.network, self.layers, *estimators, time=self.time)

        def run(first: int, last: int, deliver: Deliver) -> int:
            index = 0

            def take(name: str, features: Tensor) -> None:
                nonlocal index
                if first <= index < last:
                    deliver(neighbours.vector(name.partition("#")[0], features))
                index += 1

            with neighbours.watching():
                self.visit(images, take)
            return len(self.names)

        return run

    def visit(self, images: Tensor, callback: Callable[[str, Tensor], None]) -> None:
        """One forward pass; `callback` gets the name of each call and its features [T, M, …].

        Raises HarnessError where the calls are not those of the first minibatch, or none.
        """
        names: list[str] = []

        def take(name: str, features: Tensor) -> None:
            names.append(name)
            callback(name, features)

        with comparing(self.network), hooked(self.network, self.layers, take, kept=False):
            self.network(images)
        if not names:
            raise HarnessError("CKA layers", "no layer to compare was called")
        if self.names and self.names != tuple(names):
            said = f"{len(self.names)} layer calls in the first minibatch, {len(names)} in this one"
            raise HarnessError("CKA layers", f"{said}, or others: they cannot be added up")
        self.names = tuple(names)


_FEWEST_COLUMNS = 256  # of a channel: below, the products are too thin to gain anything


@dataclass(frozen=True)
class _Prepared:
    """A norm's vector, and the memory that it holds for."""

    norm: str
    output: Tensor  # of the convolution; kept, so that its memory is not given away
    version: int
    vector: HsicVector


class Neighbours:
    """Packed Gram matrices of layer calls; those of batch norms beside their convolutions'."""

    def __init__(
        self,
        network: Network,
        layers: Sequence[str] | None,
        *estimators: Estimator,
        time: str = CONCATENATED,
    ) -> None:
        self.estimators: Estimators = estimators
        self._over_time = over_time(time)
        modules = dict(network.named_modules())
        names = [name for name in layers or network.layer_names() if name in modules]
        self._norms = {
            name: module
            for name in names
            # not those of another library that derive from one, and may do more
            if type(module := modules[name]) in (TdBatchNorm, nn.BatchNorm2d)
        }
        self._after = {
            before: norm
            for before, norm in pairwise(names)
            if norm in self._norms and isinstance(modules[before], nn.Conv2d)
        }
        self._prepared: _Prepared | None = None
        self._input: Tensor | None = None  # of the norm that is being called

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, the inputs of the norms are noted."""
        with ExitStack() as registered:
            for norm in self._after.values():
                hook = self._norms[norm].register_forward_pre_hook(self._note)
                registered.callback(hook.remove)
            try:
                yield
            finally:
                self._prepared = self._input = None

    def vector(self, layer: str, features_TM: Tensor) -> HsicVector:
        """The vector of one call of a layer, from its features [T, M, …]."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared.norm == layer and self._is_input(prepared):
            return prepared.vector
        seen_TM = self._over_time(features_TM)
        steps = seen_TM.unbind(0)
        scale_C = self._scale_after(layer, seen_TM)
        if scale_C is None or constant(steps):
            return hsic_vector(steps, *self.estimators)
        version = features_TM._version
        within = "corrected" in self.estimators
        gram, scaled, own_C = upper_gram_and_scaled(steps, scale_C, within=within)
        if not (ordinary(gram) and ordinary(scaled)):
            return hsic_vector(steps, *self.estimators)
        scaled_own_C = None if own_C is None else scale_C**4 * own_C
        vector = packed(scaled, self.estimators, scaled_own_C)
        self._prepared = _Prepared(self._after[layer], features_TM, version, vector)
        return packed(gram, self.estimators, own_C)

    def _note(self, norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._input = inputs[0]

    def _is_input(self, prepared: _Prepared) -> bool:
        came, output = self._input, prepared.output
        return (
            came is not None
            and came.data_ptr() == output.data_ptr()
            and came.numel() == output.numel()
            and output._version == prepared.version
        )

    def _scale_after(self, layer: str, features_TM: Tensor) -> Tensor | None:
        """By how much the norm after `layer` multiplies each channel; None where there is none, or
        nothing to gain.
        """
        norm = self._norms.get(self._after.get(layer, ""))
        if norm is None or norm.training or features_TM.ndim != 5:
            return None
        # those of inference mode do not count their changes; on a GPU a product of one channel is
        # over before the next is launched, so that all of them together take longer than two Grams
        if features_TM.is_inference() or features_TM.is_cuda:
            return None
        steps, _, channels, height, width = features_TM.shape
        thin = steps * height * width < _FEWEST_COLUMNS
        if thin or not features_TM.is_contiguous() or norm.running_var is None:
            return None
        scale_C = (norm.running_var.double() + norm.eps).rsqrt()
        if norm.weight is not None:
            scale_C = scale_C * norm.weight.detach()
        return scale_C if len(scale_C) == channels and bool(torch.isfinite(scale_C).all()) else None
