"""The outputs of a network's layers, by name and in execution order; its mode for a while.

Legend: T = time steps at that layer, B = batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, choose, require_input
from harness.engine.networks.network import Network
from harness.errors import HarnessError

OnLayer = Callable[[str, Tensor], None]
"""Called with a layer's name and what it gave, [T, B, …]."""


@contextmanager
def hooked(
    network: Network, layers: Sequence[str] | None, callback: OnLayer, *, kept: bool = True
) -> Iterator[None]:
    """While this is open, each call of a layer is handed to `callback` as it happens.

    `layers` are names of modules, None for all of `network.layer_names()`. The callback gets the
    output of the layer, [T, B, …], T being 1 in artificial networks on static images and in stages
    of one step. A module that is called more than once gives a layer each time: `relu`, `relu#2`, …
    (`layers` may name one of them; `relu` is all of them). Unless `kept` is off it may keep it:
    where a later layer may write into it, it is a copy. What runs step by step is handed over at
    the end of the presentation, its T calls as one. Gradients are the caller's choice, as is the
    network's mode; where activations are computed again in a backward pass inside the context,
    their layers are called, and delivered, again. An exception in the callback ends the forward
    pass. The hooks are gone when the context closes, however it closes. Raises HarnessError for a
    name that is no module of the network and, in the forward pass, for an empty batch and for
    features that contradict what is said of their order.
    """
    shown = [0, 0]  # time steps and images of the batch that the network was handed
    calls: list[tuple[str, Tensor]] = []  # of layers that run step by step
    often: Counter[str] = Counter()
    wanted = network.layer_names() if layers is None else layers
    copied = network.step_by_step or (kept and network.in_place)

    def before(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        images = require_input(layer, inputs[0])
        shown[:] = network.steps_of(images), images.shape[-4]
        calls.clear()
        often.clear()

    def deliver(name: str, features: Tensor) -> None:
        often[name] += 1
        called = name if often[name] == 1 else f"{name}#{often[name]}"
        if name in wanted or called in wanted:
            callback(called, features)

    def after(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(layer: nn.Module, inputs: Any, output: Any) -> None:
            features = network.in_time(name, output, *shown)
            features = features.clone() if copied else features
            if network.step_by_step:
                calls.append((name, features))
            else:
                deliver(name, features)

        return hook

    def together(layer: nn.Module, inputs: Any, output: Any) -> None:
        for name, features in in_steps(calls, shown[0]):
            deliver(name, features)

    modules = {name: module for name, module in network.named_modules() if name}
    with ExitStack() as registered:
        registered.callback(network.register_forward_pre_hook(before).remove)
        for name in dict.fromkeys(name.partition("#")[0] for name in wanted):
            layer = choose(modules, name, where="network layer")
            registered.callback(layer.register_forward_hook(after(name)).remove)
        if network.step_by_step:
            registered.callback(network.register_forward_hook(together).remove)
        yield


def in_steps(calls: Sequence[tuple[str, Tensor]], steps: int) -> Iterator[tuple[str, Tensor]]:
    """The calls of `steps` equal rounds, [1, B, …] each, put together by their place in a round:
    [T, B, …]. HarnessError where the rounds are not equal.
    """
    names = [name for name, _ in calls]
    each, over = divmod(len(calls), steps)
    if over or names != names[:each] * steps:
        often = ", ".join(f"{name} {count}" for name, count in Counter(names).items())
        said = f"{steps} time steps do not call the same layers (calls: {often})"
        raise HarnessError("network layers", said, hint="leave out those that are not called so")
    for place, name in enumerate(names[:each]):
        yield name, torch.cat([features for _, features in calls[place::each]])


@checked
def record(
    network: Network, images: Tensor, layers: Sequence[str] | None = None
) -> list[tuple[str, Tensor]]:
    """The outputs [T, B, …] of the layers for these images, in execution order, without gradients.

    All of them are held at once; `hooked` is for those that do not fit. The mode of a network of
    ours is the caller's choice: in training mode the batch norms learn from the images. One that is
    given is shown them as by `comparing`.
    """
    found: list[tuple[str, Tensor]] = []
    hooks = hooked(network, layers, lambda *call: found.append(call))
    with torch.no_grad(), comparing(network), hooks:
        network(images)
    return found


Mode = Literal["eval", "train", "drifting"]

_IS_TRAINING: Mapping[str, bool] = MappingProxyType(
    {"eval": False, "train": True, "drifting": True}
)


@contextmanager
def in_mode(network: nn.Module, mode: str) -> Iterator[None]:
    """Inside, every layer is in `mode`; afterwards each layer's own mode and every buffer, such as
    the running statistics of batch norms, are as they were, bit for bit.

    In "train" the batch norms use the statistics of the batch they are shown, so what comes out
    depends on the batch size. "drifting" is "train" whose running statistics stay where the batches
    left them: it changes the network for good, so it is for a copy. Raises HarnessError for another
    mode.
    """
    training = choose(_IS_TRAINING, mode, where="network mode")
    modes = [(layer, layer.training) for layer in network.modules()]
    before = [(buffer, buffer.clone()) for buffer in network.buffers()] if mode == "train" else []
    network.train(training)
    try:
        yield
    finally:
        for layer, was_training in modes:
            layer.training = was_training
        with torch.no_grad():
            for buffer, kept in before:
                buffer.copy_(kept)


@contextmanager
def comparing(network: Network) -> Iterator[None]:
    """Inside, a network that was trained elsewhere is in evaluation mode, so that batch norms and
    dropout do not depend on the minibatch and learn nothing from it; then each layer's mode is as
    it was. The networks of the engine stay in the mode that they are in.
    """
    with in_mode(network, "eval") if network.looked_at_trained else nullcontext():
        yield
