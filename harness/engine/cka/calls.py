"""The layer calls of a network as a stream of packed Gram matrices.

Each Gram matrix is made inside the hook, so the features of a layer are gone before the next one's
come, and nothing that happens to them later can matter.

Legend: T = time steps at that layer, M = images of the minibatch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from torch import Tensor

from harness.engine.cka.estimator import Estimator
from harness.engine.cka.neighbours import Neighbours
from harness.engine.cka.stream import Deliver, Stream
from harness.engine.networks import Network, hooked
from harness.errors import HarnessError


class LayerCalls:
    """What the hooked layers of a network are called, learnt from the first minibatch.

    A layer that is called more than once in a forward pass gives a feature per call: `relu`,
    `relu#2`, … in execution order.
    """

    def __init__(self, network: Network, layers: Sequence[str] | None) -> None:
        self.network = network
        self.layers = None if layers is None else tuple(dict.fromkeys(layers))
        self.names: tuple[str, ...] = ()

    def stream(self, images: Tensor, estimator: Estimator) -> Stream:
        """The layers' vectors for these images, one forward pass each time it is run."""
        neighbours = Neighbours(self.network, self.layers, estimator)

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
        seen: Counter[str] = Counter()
        names: list[str] = []

        def take(layer: str, features: Tensor) -> None:
            seen[layer] += 1
            name = layer if seen[layer] == 1 else f"{layer}#{seen[layer]}"
            names.append(name)
            callback(name, features)

        with hooked(self.network, self.layers, take):
            self.network(images)
        if not names:
            raise HarnessError("CKA layers", "no layer to compare was called")
        if self.names and self.names != tuple(names):
            said = f"{len(self.names)} layer calls in the first minibatch, {len(names)} in this one"
            raise HarnessError("CKA layers", f"{said}, or others: they cannot be added up")
        self.names = tuple(names)
