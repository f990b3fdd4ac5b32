"""A training run as it stood after an epoch, its learning curve included, in one safetensors file.

No random state is kept: every epoch draws from its own named streams. Written whole or not at all;
read with its content hash checked, and never unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from harness.engine.training.normalisation import Normalisation
from harness.files import write_durably

_FORMAT = "harness-training-1"
_NETWORK, _BEST = "network/", "best/"


@dataclass(frozen=True)
class Epoch:
    """One epoch; accuracies in percent."""

    epoch: int  # from 0
    train_loss: float  # mean over the epoch's images, while the weights were changing
    train_accuracy: float  # likewise
    test_accuracy: float  # evaluation mode, all test images, after the epoch
    lr: float  # of the epoch's first step
    seconds: float  # training and test together
    images_per_second: float  # training images, training time alone


@dataclass(frozen=True)
class History:
    """All epochs, and what is needed to feed the trained network again.

    The published code reports the best epoch *on the test set*, which flatters; both are recorded
    here.
    """

    epochs: tuple[Epoch, ...]
    normalisation: Normalisation
    resumed_from: int = 0  # epochs that an earlier, interrupted call had done
    discarded_checkpoint: str = ""  # why an existing checkpoint was not used
    not_compiled: str = ""  # why torch.compile, asked for, was not used
    not_captured: str = ""  # why steps were not one CUDA graph each
    untrained_accuracy: float = math.nan  # percent, of a network that no epoch trains

    @property
    def best(self) -> Epoch:
        """The epoch of highest test accuracy, the first of equals."""
        return max(self.epochs, key=lambda epoch: epoch.test_accuracy)

    @property
    def best_accuracy(self) -> float:
        """Percent."""
        return self.best.test_accuracy if self.epochs else self.untrained_accuracy

    @property
    def best_epoch(self) -> int:
        """From 0; −1 of a network that no epoch trains."""
        return self.best.epoch if self.epochs else -1

    @property
    def last_accuracy(self) -> float:
        """Percent, of the weights after the last epoch."""
        return self.epochs[-1].test_accuracy if self.epochs else self.untrained_accuracy


@dataclass(frozen=True)
class Checkpoint:
    """Everything that the next epoch depends on, beside recipe, data and seed."""

    identity: str  # hash of what must agree for the file to belong to a run
    network: Mapping[str, Tensor]
    optimiser: Mapping[str, Tensor]  # by what it is and the parameter: momentum/conv1.weight
    epochs: tuple[Epoch, ...]
    scaler: Mapping[str, float]  # loss scaling of fp16, empty otherwise
    best: Mapping[str, Tensor] = field(default_factory=dict)  # the network's, where they are kept


@dataclass(frozen=True)
class Unusable:
    """A file that was not resumed from, and why, in the user's words."""

    reason: str


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Publish atomically: whole file or none."""
    named = {f"{_NETWORK}{name}": tensor for name, tensor in checkpoint.network.items()}
    named |= {f"{_BEST}{name}": tensor for name, tensor in checkpoint.best.items()}
    named |= checkpoint.optimiser
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}
    metadata = {
        "format": _FORMAT,
        "identity": checkpoint.identity,
        "epochs": json.dumps([asdict(epoch) for epoch in checkpoint.epochs]),
        "scaler": json.dumps(dict(checkpoint.scaler)),
    }
    metadata["sha256"] = _digest(tensors, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, safetensors.torch.save(tensors, metadata))


def load(path: Path, identity: str) -> Checkpoint | Unusable | None:
    """The checkpoint at `path`; None where there is no file; Unusable for a damaged one or another
    run's.
    """
    if not path.exists():
        return None
    if not path.is_file():  # a pipe would be waited for
        return Unusable(f"{path} is no file")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        return Unusable(f"{path} cannot be read: {error}")
    if metadata.get("format") != _FORMAT:
        return Unusable(f"{path} is not a training checkpoint of this version")
    if metadata.get("sha256") != _digest(tensors, metadata):
        return Unusable(f"{path} is damaged: its content does not match its hash")
    if metadata["identity"] != identity:
        return Unusable(f"{path} belongs to a run with another network, recipe, seed or data")
    network, best = (_under(prefix, tensors) for prefix in (_NETWORK, _BEST))
    optimiser = {
        name: one for name, one in tensors.items() if not name.startswith((_NETWORK, _BEST))
    }
    return Checkpoint(
        identity,
        network,
        optimiser,
        tuple(Epoch(**fields) for fields in json.loads(metadata["epochs"])),
        json.loads(metadata["scaler"]),
        best,
    )


def tensors_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(np.ascontiguousarray(tensor.view(-1).view(torch.uint8).numpy()).data)
    return digest.hexdigest()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)
    }


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    said = {key: value for key, value in metadata.items() if key != "sha256"}
    text = json.dumps(said, sort_keys=True) + tensors_hash(tensors)
    return hashlib.sha256(text.encode()).hexdigest()
