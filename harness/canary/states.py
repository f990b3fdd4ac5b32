"""Trainings looked at step by step, and single steps from given states in another arithmetic.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.canary.task import projections
from harness.engine.networks.hooks import in_mode
from harness.engine.training.checkpoint import Checkpoint
from harness.engine.training.numerics import autocast, determinism
from harness.engine.training.recompute import recomputed_blocks
from harness.engine.training.state import TrainingState
from harness.measures.base import Training

STATES = 12  # of a trace, from which a step is forced
_STATISTICS = ("running_mean", "running_var")

Row = dict[str, float]
"""Loss, right answers, and of answers, gradient, update and running statistics norm (`gradient`)
and projection (`gradient projected`)."""


@contextmanager
def in_float64() -> Iterator[None]:
    """Inside, what torch makes without being told a dtype is float64: weights, inputs, losses."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@dataclass(frozen=True)
class Before:
    """A training before one of its steps, and what the step is given."""

    checkpoint: Checkpoint
    inputs: Tensor
    labels: Tensor
    lr: float


@dataclass
class Watcher:
    """Takes the steps of a training, and keeps what they do and the states before every `every`-th
    of them.
    """

    every: int = 2
    rows: list[Row] = field(default_factory=list)
    before: list[Before] = field(default_factory=list)

    def __call__(
        self, state: TrainingState, inputs: Tensor, labels: Tensor, lr: float
    ) -> tuple[Tensor, Tensor]:
        if len(self.rows) % self.every == 0:
            self.before.append(Before(_copied(state.checkpoint("", ())), inputs, labels, lr))
        row, taken = looked_at(state, inputs, labels, lr)
        self.rows.append(row)
        return taken


def _copied(checkpoint: Checkpoint) -> Checkpoint:
    def clones(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: one.detach().clone() for name, one in tensors.items()}

    network, optimiser = map(clones, (checkpoint.network, checkpoint.optimiser))
    return replace(checkpoint, network=network, optimiser=optimiser)


def looked_at(
    state: TrainingState, inputs: Tensor, labels: Tensor, lr: float
) -> tuple[Row, tuple[Tensor, Tensor]]:
    """Take a step; what it did, with the answers in evaluation mode before it, and what it gave."""
    net = state.network
    answers = _answers(state, inputs)
    start = _flat(net.parameters())
    loss, right = state.step(inputs, labels, lr)
    gradient = _flat(one.grad for one in net.parameters() if one.grad is not None)
    arrays = {
        "answers": answers,
        "gradient": gradient,
        "update": _flat(net.parameters()) - start,
        "statistics": _flat(one for name, one in net.named_buffers() if name.endswith(_STATISTICS)),
    }
    row = {"loss": float(loss), "right": float(right), "lr": lr}
    for name, numbers in arrays.items():
        row[name], row[f"{name} projected"], _ = projections(numbers)
    return row, (loss, right)


@torch.no_grad()
def _answers(state: TrainingState, inputs: Tensor) -> NDArray[np.float64]:
    with in_mode(state.network, "eval"), autocast(state.precision, state.device):
        logits = state.network(inputs)
    return _flat([logits])


def _flat(tensors: Iterator[Tensor] | list[Tensor]) -> NDArray[np.float64]:
    pieces = [one.detach().double().cpu().reshape(-1).numpy() for one in tensors]
    return np.concatenate(pieces) if pieces else np.empty(0)


def forced(spec: Training, before: Before, *, device: str = "cpu", precision: str = "f32") -> Row:
    """One step from a state, in torch's default dtype or in mixed `precision`, on a device."""
    net, recipe = spec.build(), spec.recipe
    place = torch.device(device)
    inputs = before.inputs.to(place, torch.get_default_dtype())
    with determinism(True), recomputed_blocks(net, recipe.checkpoint_activations):
        state = TrainingState(net, recipe, place, precision)
        state.resume(before.checkpoint)
        row, _ = looked_at(state, inputs, before.labels.to(place), before.lr)
    return row
