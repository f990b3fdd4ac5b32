"""Weights that the paper's published code saved → the `ResNet` that it ran.

The published code (github.com/Intelligent-Computing-Lab-Yale/SNNCKA) wraps the layers of its
spiking network so that they take time: `layer1.0.conv1.module.weight`, and every batch norm is
registered twice, as `bn1.bn` and as `bn1.seqbn.module`. Its artificial network has the bare names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.resnet import ResNet, resnet
from harness.errors import HarnessError

_WHERE = "published weights"
_HINT = "expected names such as layer1.0.conv1.module.weight"
_SPIKING = {"decay": 0.5, "threshold": 1.0, "surrogate": "dspike", "fires_at_threshold": True}
_PARALLEL = "module."  # in front of every name that nn.DataParallel saved
_DROPPED = ("num_batches_tracked",)
_RENAMED = (  # in this order, on one name
    (re.compile(r"\.seqbn\.module\."), "."),
    (re.compile(r"\.bn\.(?=\w+$)"), "."),
    (re.compile(r"\.module\."), "."),
    (re.compile(r"^layer([123])\.(\d+)\."), r"s\1.b\2."),
    (re.compile(r"\.downsample\."), ".ds."),
    (re.compile(r"^bn\."), "bn1."),
    (re.compile(r"^fc1\."), "fc."),
)


def from_published(
    state: Mapping[str, Tensor],
    *,
    time_steps: int | None = None,
    stages_without_shortcut: tuple[int, ...] = (),
) -> ResNet:
    """The network of a checkpoint, in evaluation mode and as the published code ran it.

    Depth, width, classes and kind are read off the names and shapes. What they do not show is set
    as in the published code: an artificial network has rectified shortcuts, since its ReLUs work in
    place and the identity of a block adds up what the first of them left; spiking neurons fire at u
    ≥ 1, keep half of their potential and have the Dspike surrogate. `time_steps` of a spiking
    network must be said. `stages_without_shortcut` are the caller's to know, too: the file shows
    those of stages 2 and 3, which must agree, and nothing of stage 1.

    Read the file with `torch.load(path, map_location="cpu", weights_only=True)`, which runs no code
    from it. Raises HarnessError where a name is none that the published networks have, where the
    two copies of a batch norm differ, and for weights that are too few, too many or no such
    network's.
    """
    found = _renamed(state)
    spikes = any(".module." in name.removeprefix(_PARALLEL) for name in state)
    if spikes and time_steps is None:
        problem = "are those of a spiking network, and do not say its time steps"
        raise HarnessError(_WHERE, problem, hint="from_published(…, time_steps=4) in most figures")
    blocks = sum(name.endswith(".conv1.weight") and name.startswith("s1.") for name in found)
    try:
        first, last = _floating(found, "conv1.weight", 4), _floating(found, "fc.weight", 2)
        network = resnet(
            6 * blocks + 2,
            base_width=first.shape[0],
            classes=last.shape[0],
            in_channels=first.shape[1],
            neuron=neuron_of("lif", _SPIKING | {"time_steps": time_steps}) if spikes else "relu",
            shortcut="rectified",
            stages_without_shortcut=stages_without_shortcut,
        )
        network.to(first.dtype).load_state_dict(found)
    except KeyError as error:
        raise HarnessError(_WHERE, f"there is no {error.args[0]!r}", hint=_HINT) from error
    except RuntimeError as error:  # torch lists what is missing, too much or of another shape
        said = " ".join(str(error).split()[:60])
        hint = "a stage without shortcuts is named by `stages_without_shortcut`"
        raise HarnessError(_WHERE, said, hint=hint) from error
    return network.eval()


def _renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict under the names of `resnet`."""
    found: dict[str, Tensor] = {}
    for name, tensor in _named(state):
        if name.endswith(_DROPPED):
            continue
        ours = _ours(name)
        if ours in found and not torch.equal(found[ours], tensor):
            said = f"{name!r} differs from its other copy, so one of the two is not the trained one"
            raise HarnessError(_WHERE, said)
        found[ours] = tensor
    return found


def _named(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    if not isinstance(state, Mapping):
        raise HarnessError(_WHERE, f"expected tensors by name (got {type(state).__name__})")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            said = f"{name!r} is a {type(tensor).__name__}, not the weights of a layer"
            raise HarnessError(_WHERE, said, hint="hand in the state dict that is in the file")
        yield name, tensor


def _floating(found: Mapping[str, Tensor], name: str, dimensions: int) -> Tensor:
    tensor = found[name]
    if not tensor.is_floating_point() or tensor.ndim != dimensions:
        said = f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
        raise HarnessError(_WHERE, f"{name!r} is {said}, not {dimensions} dimensions of floats")
    return tensor


_KNOWN = re.compile(
    r"(conv1|fc|bn1|s[123]\.b\d+\.(conv[12]|bn[12]|ds\.[12]))"
    r"\.(weight|bias|running_mean|running_var)"
)


def _ours(name: str) -> str:
    renamed = name.removeprefix(_PARALLEL)
    for pattern, new in _RENAMED:
        renamed = pattern.sub(new, renamed)
    if not _KNOWN.fullmatch(renamed):
        raise HarnessError(_WHERE, f"no layer of theirs is {name!r}", hint=_HINT)
    return renamed
