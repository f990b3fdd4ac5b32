"""The training loop, the learning rate of each of its steps, and accuracy on a split.

Legend: M = images of the split, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, device_of, require_input, require_logits
from harness.engine.data.augment import crop_flip
from harness.engine.data.labelled import LabelledSet
from harness.engine.norm.layer import shared_statistics
from harness.engine.randomness import stream
from harness.engine.training.checkpoint import Checkpoint, Epoch, History, Unusable, load, save
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast, determinism
from harness.engine.training.ranks import ALONE, Ranks
from harness.engine.training.recompute import recomputed_blocks
from harness.engine.training.state import TrainingState, check_finite, identity
from harness.parts.recipe import Recipe

_BATCH = 256  # images; part of the numbers' last bits, so not left to the caller's taste
_WARMUP_START = 1.0 / 25.0  # of the peak, as in torch's OneCycleLR
_log = logging.getLogger(__name__)

Step = Callable[[TrainingState, Tensor, Tensor, float], tuple[Tensor, Tensor]]


@checked
@torch.enable_grad()
def train(
    network: nn.Module,
    images: LabelledSet,
    recipe: Recipe,
    *,
    seed: int,
    normalisation: Normalisation | None = None,
    device: str = "cpu",
    deterministic: bool = True,
    compiled: bool = False,
    ranks: Ranks = ALONE,
    checkpoint: Path | None = None,
    report: Callable[[Epoch], None] | None = None,
    take: Step | None = None,
) -> History:
    """Train `network` in place and return its learning curve.

    The training images, or recordings as frames, live on the device as one tensor; order and
    augmentation of an epoch come from stream(seed, "order", epoch) and stream(seed, "augment",
    epoch) alone. `normalisation` None measures mean and standard deviation on the training
    images. `recipe.precision` is that of the convolutions. `compiled` asks for torch.compile; where
    it fails, training goes on without and `History.not_compiled` says why.
    Where several processes train together, each calls this with the same arguments, its `ranks` and
    its device; all return the same history, and the first alone writes and reports.
    With `checkpoint` the state is written there after every epoch, and the same call picks up from
    it, on the CPU with bitwise the same result as an undisturbed run; a file that is damaged or
    belongs to another run is set aside with a warning and `History.discarded_checkpoint`. `report`
    is called after every epoch; `take` takes each step, for one who looks on while it does.
    Raises Diverged when loss or weights are no longer finite; the last checkpoint is then still the
    one before.
    """
    place, precision = torch.device(device), recipe.precision
    autocast(precision, place)  # an unknown name fails here, before any work
    ranks.require_parts(len(images.train_labels), recipe.batch, recipe.micro_batch)
    scale = normalisation or Normalisation.of(images.train_images)
    run = identity(
        network,
        recipe,
        {
            "seed": seed,
            "normalisation": None if normalisation is None else asdict(normalisation),
            "images": images.sha256,
            "numerics": [place.type, precision, deterministic, compiled],
            "processes": [ranks.size, ranks.statistics],
        },
    )
    with (
        determinism(deterministic),
        recomputed_blocks(network, recipe.checkpoint_activations),
        shared_statistics(network, ranks.synchronised),
    ):
        state = TrainingState(
            network,
            recipe,
            place,
            precision,
            compiled=compiled,
            ranks=ranks,
            last_label=int(max(images.train_labels.max(), images.test_labels.max())),
        )
        require_input(network, scale(images.train_images[:1].to(place)))
        epochs, discarded = _resume(state, checkpoint, run)
        done = len(epochs)
        here = (images.train_images.to(place), images.train_labels.to(place))
        for epoch in range(done, recipe.epochs):
            row = _epoch(state, images, here, scale, seed, epoch, take or TrainingState.step)
            epochs = (*epochs, row)
            if checkpoint is not None and ranks.first:
                save(checkpoint, state.checkpoint(run, epochs))
            if report is not None and ranks.first:
                report(row)
    return History(epochs, scale, done, discarded, state.not_compiled)


def _resume(state: TrainingState, path: Path | None, run: str) -> tuple[tuple[Epoch, ...], str]:
    """Epochs that are done already, and why a checkpoint that exists was not used."""
    found = load(path, run) if path is not None else None
    match found:
        case Checkpoint():
            state.resume(found)
            return found.epochs, ""
        case Unusable(reason):
            _log.warning("checkpoint discarded, training starts over: %s", reason)
            return (), reason
    return (), ""


def _epoch(
    state: TrainingState,
    images: LabelledSet,
    here: tuple[Tensor, Tensor],
    normalisation: Normalisation,
    seed: int,
    epoch: int,
    take: Step,
) -> Epoch:
    """One pass over the training images, which are `here` on the device with their labels, and the
    test after it.
    """
    recipe, ranks, network = state.recipe, state.ranks, state.network
    (pixels_MCHW, labels_M), started = here, time.perf_counter()
    order_M = torch.randperm(len(labels_M), generator=stream(seed, "order", epoch))
    augment = stream(seed, "augment", epoch)
    batches = torch.split(order_M.to(state.device), recipe.batch)
    losses = torch.empty(len(batches), device=state.device)
    right = torch.zeros((), dtype=torch.int64, device=state.device)
    for step, chosen in enumerate(batches):
        pixels = crop_flip(
            pixels_MCHW[chosen], padding=recipe.crop_padding, flip=recipe.flip, generator=augment
        )
        lr = learning_rate(recipe, epoch=epoch, step=step, steps_per_epoch=len(batches))
        losses[step], answers = take(state, normalisation(pixels), labels_M[chosen], lr)
        right += answers
    losses, right = ranks.add_up(losses), ranks.add_up(right)
    check_finite(losses, network, epoch)
    sizes = torch.tensor([len(chosen) for chosen in batches]).to(losses)
    trained = time.perf_counter()
    ranks.agree(network)
    test_accuracy = accuracy(
        network,
        *images.split("test"),
        normalisation,
        precision=state.precision,
        ranks=ranks,
    )
    return Epoch(
        epoch=epoch,
        train_loss=float((losses * sizes).sum().item() / len(labels_M)),
        train_accuracy=100.0 * right.item() / len(labels_M),
        test_accuracy=test_accuracy,
        lr=learning_rate(recipe, epoch=epoch, step=0, steps_per_epoch=len(losses)),
        seconds=time.perf_counter() - started,
        images_per_second=len(labels_M) / (trained - started),
    )


@checked
@torch.no_grad()
def accuracy(
    network: nn.Module,
    images_MCHW: Tensor,
    labels_M: Tensor,
    normalisation: Normalisation,
    *,
    precision: str = "f32",
    ranks: Ranks = ALONE,
) -> float:
    """Percent of uint8 images whose largest logit is at the label, in evaluation mode; the
    network's mode is restored. The batches are dealt out to the processes in `ranks`.
    """
    was_training = network.training
    network.eval()
    device, last = device_of(network), int(labels_M.max())
    right = torch.zeros((), dtype=torch.int64, device=device)
    batches = zip(torch.split(images_MCHW, _BATCH), torch.split(labels_M, _BATCH), strict=True)
    try:
        for images, labels in islice(batches, ranks.rank, None, ranks.size):
            with autocast(precision, device):
                logits = network(require_input(network, normalisation(images.to(device))))
            answers = require_logits(logits, len(labels), last).argmax(1)
            right += (answers == labels.to(device)).sum()
    finally:
        network.train(was_training)
    return 100.0 * ranks.add_up(right).item() / len(labels_M)


def learning_rate(recipe: Recipe, *, epoch: int, step: int, steps_per_epoch: int) -> float:
    """The rate of one step; epochs and steps count from 0.

    Warm-up, in both schedules: linear from lr/25 to lr over `warmup_epochs`, step by step. After it
    the cosine ½·lr·(1 + cos(π·x)), where x runs from 0 to 1 over the epochs that are left: "cosine"
    advances x once per epoch, as the published code does (torch CosineAnnealingLR, eta_min 0),
    "one-cycle" at every step, so that the last steps are near 0.
    """
    now = epoch + step / steps_per_epoch
    if now < recipe.warmup_epochs:
        return recipe.lr * (_WARMUP_START + (1.0 - _WARMUP_START) * now / recipe.warmup_epochs)
    if recipe.schedule == "cosine":
        now = max(float(epoch), recipe.warmup_epochs)
    x = (now - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return 0.5 * recipe.lr * (1.0 + math.cos(math.pi * x))
