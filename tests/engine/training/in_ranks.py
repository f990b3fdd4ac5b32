"""Runs a function of this file in several processes that form a gloo group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, multiprocessing

from harness.engine.norm.layer import shared_statistics
from harness.engine.randomness import stream
from harness.engine.training import loop, train
from harness.engine.training.ranks import Ranks
from harness.engine.training.state import TrainingState
from tests.engine.training.cases import RECIPE, images, network

PLAIN = replace(RECIPE, lr=1.0, momentum=0.0, weight_decay=0.0)


def in_ranks(folder: Path, size: int, work: str, **choice: Any) -> list[dict[str, Any]]:
    """What `work` gave in each process, in the order of the ranks."""
    folder.mkdir()
    multiprocessing.spawn(_work, args=(folder, size, work, choice), nprocs=size)  # type: ignore[no-untyped-call]
    return [torch.load(folder / f"{rank}.pt") for rank in range(size)]


def _work(rank: int, folder: Path, size: int, work: str, choice: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    rendezvous = f"file://{folder}/rendezvous"
    distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=size)
    try:
        statistics = choice.pop("statistics", "synchronised")
        found = WORK[work](Ranks(rank, size, statistics), **choice)
        torch.save(found, folder / f"{rank}.pt")
    finally:
        distributed.destroy_process_group()


def step(
    ranks: Ranks, *, neuron: str, exact: bool, batch: int = 15, checkpointed: bool = False
) -> dict[str, Any]:
    """One step of SGD with learning rate 1, so that its gradient is what the weights lose."""
    made = network(neuron)
    if exact:
        made = made.double()
    before = {name: weights.detach().clone() for name, weights in made.named_parameters()}
    recipe = replace(PLAIN, checkpoint_activations=checkpointed)
    given, labels = _batch(batch, torch.float64 if exact else torch.float32)
    with shared_statistics(made, ranks.synchronised):
        state = TrainingState.start(made, recipe, torch.device("cpu"), "f32", ranks=ranks)
        loss, right = state.step(given, labels, lr=1.0)
    return {
        "loss": ranks.add_up(loss),
        "right": ranks.add_up(right),
        "gradient": {name: before[name] - now.detach() for name, now in made.named_parameters()},
        "running": dict(made.named_buffers()),
    }


def whole(ranks: Ranks, *, folder: str = "", **fields: Any) -> dict[str, Any]:
    """A training; its history without the clock, and its weights."""
    recipe = replace(RECIPE, **fields)
    checkpoint = Path(folder) / "training.safetensors" if folder else None
    told: list[int] = []
    made = network()
    history = train(
        made,
        images(),
        recipe,
        seed=0,
        ranks=ranks,
        checkpoint=checkpoint,
        report=lambda epoch: told.append(epoch.epoch),
    )
    rows = [(one.train_loss, one.train_accuracy, one.test_accuracy) for one in history.epochs]
    resumed = history.resumed_from
    return {"rows": rows, "told": told, "resumed": resumed, "weights": dict(made.state_dict())}


class _Stop(Exception):
    pass


def stopped(ranks: Ranks, *, folder: str, after: int) -> dict[str, Any]:
    """The same, given up by all processes in the epoch `after`."""

    def order(seed: int, purpose: str, epoch: int) -> torch.Generator:
        if epoch == after:
            raise _Stop
        return stream(seed, purpose, epoch)

    loop.stream = order  # this process ends with the test
    try:
        return whole(ranks, folder=folder)
    except _Stop:
        return {}


WORK = {"step": step, "whole": whole, "stopped": stopped}


def _batch(size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    return torch.randn(size, 3, 8, 8, generator=draw, dtype=dtype), torch.arange(size) % 3
