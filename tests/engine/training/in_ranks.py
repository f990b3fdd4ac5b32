"""Runs functions of this file in several processes that form a gloo group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, multiprocessing

from harness.engine.norm.layer import shared_statistics
from harness.engine.randomness import stream
from harness.engine.training import steps, train
from harness.engine.training.ranks import Ranks
from harness.engine.training.state import TrainingState
from tests.engine.training.cases import RECIPE, images, network

PLAIN = RECIPE.model_copy(update={"lr": 1.0, "momentum": 0.0, "weight_decay": 0.0})
Found = dict[str, Any]
Job = tuple[str, dict[str, Any]]  # a function of WORK, and what it is given beside its ranks


def in_ranks(folder: Path, size: int, jobs: Sequence[Job]) -> list[list[Found]]:
    """What each job gave in each process: [job][rank]. One start of the processes for all of them,
    since that takes longer than the jobs.
    """
    multiprocessing.spawn(_work, args=(folder, size, jobs), nprocs=size)  # type: ignore[no-untyped-call]
    found = [torch.load(folder / f"{rank}.pt") for rank in range(size)]
    return [list(each) for each in zip(*found, strict=True)]


def _work(rank: int, folder: Path, size: int, jobs: Sequence[Job]) -> None:
    torch.set_num_threads(1)
    rendezvous = f"file://{folder}/rendezvous"
    distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=size)
    try:
        found = []
        for work, given in jobs:
            choice = dict(given)
            statistics = choice.pop("statistics", "synchronised")
            found.append(WORK[work](Ranks(rank, size, statistics), **choice))
        torch.save(found, folder / f"{rank}.pt")
    finally:
        distributed.destroy_process_group()


def step(ranks: Ranks, *, neuron: str, exact: bool, checkpointed: bool = False) -> Found:
    """One step of SGD with learning rate 1, so that its gradient is what the weights lose; on a
    batch of 15, whose parts are of 8 and 7 images and must not count the same.
    """
    made = network(neuron)
    if exact:
        made = made.double()
    before = {name: weights.detach().clone() for name, weights in made.named_parameters()}
    recipe = PLAIN.model_copy(update={"checkpoint_activations": checkpointed})
    given, labels = _batch(15, torch.float64 if exact else torch.float32)
    with shared_statistics(made, ranks.synchronised):
        state = TrainingState(made, recipe, torch.device("cpu"), "f32", ranks=ranks)
        loss, right = state.step(given, labels, lr=1.0)
    return {
        "loss": ranks.add_up(loss),
        "right": ranks.add_up(right),
        "gradient": {name: before[name] - now.detach() for name, now in made.named_parameters()},
        "running": dict(made.named_buffers()),
    }


def whole(ranks: Ranks, *, checkpoint: str = "") -> Found:
    """A training; its history without the clock, and its weights."""
    told: list[int] = []
    made = network()
    history = train(
        made,
        images(),
        RECIPE,
        seed=0,
        ranks=ranks,
        checkpoint=Path(checkpoint) if checkpoint else None,
        report=lambda epoch: told.append(epoch.epoch),
    )
    rows = [(one.train_loss, one.train_accuracy, one.test_accuracy) for one in history.epochs]
    resumed = history.resumed_from
    return {"rows": rows, "told": told, "resumed": resumed, "weights": dict(made.state_dict())}


class _Stop(Exception):
    pass


def stopped(ranks: Ranks, *, checkpoint: str, after: int) -> Found:
    """The same, given up by all processes at the start of the epoch `after`."""

    def order(seed: int, purpose: str, epoch: int) -> torch.Generator:
        if epoch == after:
            raise _Stop
        return stream(seed, purpose, epoch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "stream", order)
        try:
            return whole(ranks, checkpoint=checkpoint)
        except _Stop:
            return {}


WORK = {"step": step, "whole": whole, "stopped": stopped}


def _batch(size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    return torch.randn(size, 3, 8, 8, generator=draw, dtype=dtype), torch.arange(size) % 3
