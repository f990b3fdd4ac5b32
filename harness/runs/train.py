"""`train`: one network, trained once. Leaves weights, numbers, and the time that it took."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from harness.engine import training
from harness.engine.cpu.process import keep_freed_memory
from harness.engine.training import Epoch, History
from harness.engine.training.ranks import ALONE, Ranks
from harness.engine.training.steps import Step
from harness.measures.base import Training
from harness.plan.course import WORDS
from harness.runs.machine import prepare
from harness.runs.place import Numbers, Place, Progress, Report, write_json
from harness.runs.several import run_in_ranks
from harness.runs.trained import images_of, normalisation, skipped_in

CHECKPOINT = "training.safetensors"
TIMES = ("seconds", "images_per_second")  # the only fields of an epoch that two runs differ in


def run(spec: Training, place: Place, report: Report) -> Numbers:
    """Train; `metrics.json`, `timing.json` and `network.safetensors` (of the epoch that
    `recipe.kept_epoch` names) are left.

    `metrics.json` holds nothing that depends on the clock, so that equal runs leave equal bytes.
    """
    if spec.numerics.world_size > 1:
        return run_in_ranks(spec, place, report)
    return trained_in(spec, place, report, ALONE, spec.numerics.device)


def trained_in(
    spec: Training,
    place: Place,
    report: Report,
    ranks: Ranks,
    device: str,
    take: Step | None = None,
) -> Numbers:
    """The same in one of the processes that train together; the first alone leaves files. `take`
    takes each step, for one who looks on.
    """
    prepare(spec.numerics, place)
    keep_freed_memory()
    images = images_of(spec, place)
    net = spec.build()

    def told(epoch: Epoch) -> None:
        note = f"test {epoch.test_accuracy:.2f} %"
        done = epoch.epoch + 1
        numbers = {name: getattr(epoch, name) for name in WORDS}
        report(Progress(done, spec.recipe.epochs, "epoch", epoch.images_per_second, note, numbers))

    history = training.train(
        net,
        images,
        spec.recipe,
        seed=spec.seed,
        normalisation=normalisation(spec, images),
        device=device,
        deterministic=spec.numerics.deterministic,
        compiled=spec.numerics.compile,
        float32=spec.numerics.float32,
        ranks=ranks,
        checkpoint=place.checkpoints / CHECKPOINT,
        must_resume=place.must_resume,
        report=told,
        take=take,
    )
    if ranks.first:
        _leave(history, net, place)
    rates = sorted(epoch.images_per_second for epoch in history.epochs)
    return {
        "best_accuracy": history.best_accuracy,
        "last_accuracy": history.last_accuracy,
        **({"images_per_second": rates[len(rates) // 2]} if rates else {}),
        "resumed_from_epoch": history.resumed_from,
        "not_compiled": history.not_compiled,
        **({"not_captured": history.not_captured} if device != "cpu" else {}),
        "seconds": sum(epoch.seconds for epoch in history.epochs),
        **skipped_in(images),
    }


def _leave(history: History, net: nn.Module, place: Place) -> None:
    epochs = [asdict(epoch) | {"epoch": epoch.epoch + 1} for epoch in history.epochs]
    timing = {name: [epoch.pop(name) for epoch in epochs] for name in TIMES}
    metrics = {
        "best_accuracy": history.best_accuracy,
        "best_epoch": history.best_epoch + 1,
        "last_accuracy": history.last_accuracy,
        "parameters": sum(weights.numel() for weights in net.parameters()),
        "history": epochs,
    }
    write_json(place.files / "metrics.json", metrics)
    write_json(place.files / "timing.json", timing)
    keep_weights(net, place)


def keep_weights(net: nn.Module, place: Place) -> None:
    """Leave `network.safetensors`."""
    weights = {  # a number that has two names is kept under both
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in net.state_dict().items()
    }
    save_file(weights, place.files / "network.safetensors")


def epochs_done(checkpoints: Path) -> int:
    """Epochs that the checkpoint in a folder has behind it; 0 where there is none to read."""
    try:
        with safe_open(checkpoints / CHECKPOINT, framework="numpy") as file:
            return len(json.loads((file.metadata() or {})["epochs"]))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return 0
