"""The training loop, the learning rate of each of its steps, and accuracy on a split.

Legend: M = images of the split, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked, device_of, require_input, require_logits
from harness.engine.data.labelled import LabelledSet
from harness.engine.norm.layer import shared_statistics
from harness.engine.training.captured import Captured, Work
from harness.engine.training.checkpoint import Checkpoint, Epoch, History, Unusable, load, save
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import Float32, autocast, determinism, float32_products
from harness.engine.training.ranks import ALONE, Ranks
from harness.engine.training.recompute import recomputed_blocks
from harness.engine.training.state import TrainingState, check_finite, identity
from harness.engine.training.steps import (
    Step,
    Steps,
    learning_rate,
    measure_norms,
    what_fits,
)
from harness.errors import ExitCode, HarnessError
from harness.parts.recipe import Recipe

_BATCH = 256  # images; part of the numbers' last bits, so not left to the caller's taste
CHECKPOINT_S = 10.0  # seconds between two checkpoints, at least
_log = logging.getLogger(__name__)


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
    float32: Float32 = "ieee",
    ranks: Ranks = ALONE,
    checkpoint: Path | None = None,
    must_resume: bool = False,
    report: Callable[[Epoch], None] | None = None,
    take: Step | None = None,
) -> History:
    """Train `network` in place and return its learning curve.

    The training images, or recordings as frames, live on the device as one tensor; order and
    augmentation of an epoch come from stream(seed, "order", epoch) and stream(seed, "augment",
    epoch) alone. `normalisation` None measures mean and standard deviation on the training
    images. `recipe.precision` is that of the convolutions, `float32` that of their products on a
    GPU (`float32_products`). `compiled` asks for torch.compile; where it fails, training goes on
    without and `History.not_compiled` says why. On a GPU no step waits for the device, and steps
    are recorded as a CUDA graph; `History.not_captured` says why they are not.
    Where several processes train together, each calls this with the same arguments, its `ranks` and
    its device; all return the same history, and the first alone writes and reports.
    With `checkpoint` the state is written there after the first epoch, then at most every 10 s and
    whenever the call ends, with or without an error; the same call picks up from it, on the CPU
    with bitwise the same result as an undisturbed run; a file that is damaged or belongs to another
    run is set aside with a warning and `History.discarded_checkpoint`. `report` is called after
    every epoch; `take` takes each step, for one who looks on while it does.
    The network ends with the weights of the last epoch, or with `recipe.kept_epoch` "best" with
    those of the epoch of highest test accuracy.
    A recipe of 0 epochs leaves the weights as they are (`Recipe.untrained_norm`), and the history
    has the accuracy of that network alone.
    With `must_resume` a training that would start from scratch raises HarnessError instead.
    Raises Diverged when loss or weights are no longer finite; the checkpoint is then that of the
    epoch before. Raises OutOfMemoryError where a batch does not fit, with what would (`what_fits`).
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
            "numerics": [place.type, precision, deterministic, compiled]
            + [float32] * (float32 != "ieee"),
            "processes": [ranks.size, ranks.statistics],
        },
    )
    with (
        determinism(deterministic, tuned=place.type == "cuda"),
        float32_products(float32),
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
        if must_resume and not epochs and recipe.epochs:
            problem = discarded or "there is no checkpoint to go on from"
            hint = "bring its checkpoint here, or let it start from scratch: without --must-resume"
            raise HarnessError("training", problem, hint=hint, code=ExitCode.RUN_FAILED)
        done = len(epochs)
        steps = Steps(state, images.train_images, images.train_labels, scale, take)
        test_set = (images.test_images.to(place), images.test_labels.to(place))
        answer: Work = partial(_right, network, scale, precision, state.last_label)
        if steps.recorder is not None:
            answer = Captured(answer, steps.recorder, "a test batch")
        kept, lacked, untrained = _Kept(checkpoint if ranks.first else None), "", math.nan
        try:
            if not recipe.epochs:
                measure_norms(steps, seed)
                found = _answered(network, answer, *test_set, ranks)
                untrained = 100.0 * found.item() / len(test_set[1])
            for epoch in range(done, recipe.epochs):
                row = _epoch(steps, test_set, answer, seed, epoch)
                epochs = (*epochs, row)
                state.keep_best(epochs)
                kept.keep(state, run, epochs)
                if report is not None and ranks.first:
                    report(row)
        except torch.OutOfMemoryError as error:
            lacked = str(error)  # alone: the error itself holds on to what fills the memory
        finally:
            kept.write()
        if lacked:
            raise torch.OutOfMemoryError(f"{lacked}\n{what_fits(steps)}")
        if state.best:
            network.load_state_dict(state.best)
    said = (done, discarded, state.not_compiled, steps.not_captured)
    return History(epochs, scale, *said, untrained_accuracy=untrained)


@dataclass
class _Kept:
    """The run as it stood after its last epoch, and when that was last written to `path`: at most
    every ten seconds, and as the run ends, whole or not. A kill alone costs what came between.
    """

    path: Path | None
    written: float = -math.inf
    unwritten: Checkpoint | None = None

    def keep(self, state: TrainingState, run: str, epochs: tuple[Epoch, ...]) -> None:
        """After an epoch."""
        if self.path is None:
            return
        self.unwritten = state.checkpoint(run, epochs)
        if time.monotonic() - self.written >= CHECKPOINT_S:
            self.write()

    def write(self) -> None:
        """What is not written yet."""
        if self.path is not None and self.unwritten is not None:
            save(self.path, self.unwritten)
            self.unwritten, self.written = None, time.monotonic()


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


def _epoch(steps: Steps, test: tuple[Tensor, Tensor], answer: Work, seed: int, epoch: int) -> Epoch:
    """One pass over the training images, and the test after it."""
    state, images, started = steps.state, len(steps.labels), time.perf_counter()
    losses, right = steps.epoch(seed, epoch)
    check_finite(losses, state.network, epoch)
    sizes = torch.full_like(losses, state.recipe.batch)  # the last batch may be smaller
    sizes[-1] = images - state.recipe.batch * (len(losses) - 1)
    trained = time.perf_counter()
    state.ranks.agree(state.network)
    found = _answered(state.network, answer, *test, state.ranks)
    return Epoch(
        epoch=epoch,
        train_loss=float((losses * sizes).sum().item() / images),
        train_accuracy=100.0 * right.item() / images,
        test_accuracy=100.0 * found.item() / len(test[1]),
        lr=learning_rate(state.recipe, epoch=epoch, step=0, steps_per_epoch=len(losses)),
        seconds=time.perf_counter() - started,
        images_per_second=images / (trained - started),
    )


@checked
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
    last, images = int(labels_M.max()), len(labels_M)
    answer = partial(_right, network, normalisation, precision, last)
    return 100.0 * _answered(network, answer, images_MCHW, labels_M, ranks).item() / images


@torch.no_grad()
def _answered(
    network: nn.Module, answer: Work, images_MCHW: Tensor, labels_M: Tensor, ranks: Ranks
) -> Tensor:
    """How many images are answered rightly, batch by batch, in evaluation mode."""
    was_training = network.training
    network.eval()
    right = torch.zeros((), dtype=torch.int64, device=device_of(network))
    batches = zip(torch.split(images_MCHW, _BATCH), torch.split(labels_M, _BATCH), strict=True)
    try:
        for images, labels in islice(batches, ranks.rank, None, ranks.size):
            right = right + answer(images, labels)
    finally:
        network.train(was_training)
    return ranks.add_up(right)


def _right(
    network: nn.Module,
    normalisation: Normalisation,
    precision: str,
    last_label: int,
    images_BCHW: Tensor,
    labels_B: Tensor,
) -> Tensor:
    """How many of a batch are answered rightly, on the network's device."""
    device = device_of(network)
    with autocast(precision, device):
        logits = network(require_input(network, normalisation(images_BCHW.to(device))))
    answers = require_logits(logits, len(labels_B), last_label).argmax(1)
    return (answers == labels_B.to(device)).sum()
