"""Weights that the paper's published code saved → the state dict of a `ResNet` of this package.

The published code (github.com/Intelligent-Computing-Lab-Yale/SNNCKA) wraps the layers of its
spiking network so that they take time: `layer1.0.conv1.module.weight`, and every batch norm is
registered twice, as `bn1.bn` and as `bn1.seqbn.module`. Its artificial network has the bare names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from harness.errors import HarnessError

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


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict under the names of `resnet`, for `load_state_dict`; spiking or artificial.

    Read the file with `torch.load(path, map_location="cpu", weights_only=True)`, which runs no code
    from it. Raises HarnessError where a name is none that the published networks have, or where the
    two copies of a batch norm differ.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.endswith(_DROPPED):
            continue
        ours = _ours(name)
        if ours in found and not torch.equal(found[ours], tensor):
            said = f"{name!r} differs from its other copy, so one of the two is not the trained one"
            raise HarnessError("published weights", said)
        found[ours] = tensor
    return found


_KNOWN = re.compile(
    r"(conv1|fc|bn1|s[123]\.b\d+\.(conv[12]|bn[12]|ds\.[12]))"
    r"\.(weight|bias|running_mean|running_var)"
)


def _ours(name: str) -> str:
    renamed = name.removeprefix(_PARALLEL)
    for pattern, new in _RENAMED:
        renamed = pattern.sub(new, renamed)
    if not _KNOWN.fullmatch(renamed):
        hint = "expected names such as layer1.0.conv1.module.weight"
        raise HarnessError("published weights", f"no layer of theirs is {name!r}", hint=hint)
    return renamed
