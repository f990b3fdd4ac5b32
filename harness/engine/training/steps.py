"""The steps of an epoch: what is drawn for all of them at once, and how each is taken without
waiting for the device.

Legend: M = images of the split, B = batch, S = steps of an epoch.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from harness.engine.data.augment import crop_flip, draw
from harness.engine.randomness import stream
from harness.engine.training.captured import Captured, CudaGraphs, Recorder
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.engine.training.state import TrainingState, channels_last
from harness.parts.recipe import Recipe

_WARMUP_START = 1.0 / 25.0  # of the peak, as in torch's OneCycleLR
_log = logging.getLogger(__name__)

Step = Callable[[TrainingState, Tensor, Tensor, float], tuple[Tensor, Tensor]]


class Steps:
    """Takes the steps of one epoch after the other, on images and labels that it brings to the
    device.

    On a GPU a whole step, from the choice of its images to the new weights, is one CUDA graph
    (`Captured`); `not_captured` says why it is not. `take` takes each step, for one who looks on.
    """

    def __init__(
        self,
        state: TrainingState,
        pixels_MCHW: Tensor,
        labels_M: Tensor,
        normalisation: Normalisation,
        take: Step | None = None,
    ) -> None:
        self.state = state
        self.pixels, self.labels = pixels_MCHW.to(state.device), labels_M.to(state.device)
        self.normalisation, self.take = normalisation, take or TrainingState.step
        self.right = torch.zeros((), dtype=torch.int64, device=state.device)
        self.why_not = why_not_captured(state, take)
        self.recorder = None if self.why_not else recorder_of(state)
        self._captured: Captured | None = None
        if self.recorder is not None:
            self._captured = Captured(self.whole, self.recorder, "a step", state.forget_scaling)
        elif state.device.type == "cuda":
            _log.info("steps are started kernel by kernel: %s", self.why_not)

    @property
    def not_captured(self) -> str:
        """Why the steps on a GPU are not started as one; empty where they are."""
        return self._captured.problem if self._captured else self.why_not

    def epoch(self, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
        """One pass over the images; the losses [S] and the right answers, added up over the
        processes and still on the device.
        """
        state, recipe, device = self.state, self.state.recipe, self.state.device
        drawn_4M = moved(epoch_draws(len(self.labels), recipe, seed, epoch), device)
        batches = torch.split(drawn_4M, recipe.batch, 1)
        wide = torch.float32 if device.type == "cuda" else torch.float64  # that of fused steps
        rates = torch.tensor(
            [
                learning_rate(recipe, epoch=epoch, step=step, steps_per_epoch=len(batches))
                for step in range(len(batches))
            ],
            dtype=wide,
        )
        losses = torch.empty(len(batches), device=device)
        self.right.zero_()
        if self._captured is not None:
            for step, (drawn, lr) in enumerate(zip(batches, moved(rates, device), strict=True)):
                losses[step] = self._captured(drawn, lr)
        else:
            for step, (drawn, rate) in enumerate(zip(batches, rates.tolist(), strict=True)):
                losses[step] = self.whole(drawn, rate)
        return state.ranks.add_up(losses), state.ranks.add_up(self.right)

    def release(self) -> None:
        """Let go of recorded steps, and of the memory that they keep."""
        self._captured = None

    def whole(self, drawn_4B: Tensor, lr: float | Tensor) -> Tensor:
        """A step from the choice of its images on; its loss."""
        recipe, chosen = self.state.recipe, drawn_4B[0]
        pixels = crop_flip(
            self.pixels[chosen], drawn_4B[1:], padding=recipe.crop_padding, flip=recipe.flip
        )
        inputs = self.normalisation(pixels)
        loss, right = self.take(self.state, inputs, self.labels[chosen], lr)  # type: ignore[arg-type]
        self.right += right
        return loss


@torch.no_grad()
def measure_norms(steps: Steps, seed: int) -> None:
    """Give the batch norms of a network that nothing has trained mean and variance of the training
    images, unless its recipe wants them as they are.

    The images come as they are, in the order of a first epoch: in that of the data set, a batch may
    hold one class. Each batch is normalised by its own statistics, and their mean over the batches,
    by images, is kept.
    """
    state, recipe = steps.state, steps.state.recipe
    learning = [one for one in state.network.modules() if hasattr(one, "running_mean")]
    if recipe.untrained_norm == "initial":
        return
    kept, seen = [one.momentum for one in learning], 0
    order_M = torch.randperm(len(steps.labels), generator=stream(seed, "order", 0))
    for chosen in torch.split(order_M.to(state.device), recipe.micro_batch or recipe.batch):
        seen += len(chosen)
        for norm in learning:
            norm.momentum = len(chosen) / seen  # type: ignore[assignment]
        inputs = steps.normalisation(state.ranks.part(steps.pixels[chosen]))
        with autocast(recipe.precision, state.device):
            state.network(channels_last(inputs))
    for norm, momentum in zip(learning, kept, strict=True):
        norm.momentum = momentum
    state.ranks.agree(state.network)


def why_not_captured(state: TrainingState, take: Step | None) -> str:
    """Why steps cannot be recorded as a CUDA graph; empty where nothing is known against it."""
    if state.device.type != "cuda":
        return "they are not on a GPU"
    if take is not None:
        return "someone looks on at each step"
    if state.ranks.size > 1:
        return "several processes train together"
    if state.compiled:
        return "torch.compile was asked for"
    if state.recipe.checkpoint_activations:
        return "recipe.checkpoint_activations puts random states aside, which waits for the device"
    if any(map(_is_hooked, state.network.modules())):
        return "a hook on a layer would run once and not at every step"
    return ""


def recorder_of(state: TrainingState) -> Recorder:
    """What records the steps."""
    return CudaGraphs(state.device)


def _is_hooked(layer: nn.Module) -> bool:
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks)


def epoch_draws(images: int, recipe: Recipe, seed: int, epoch: int) -> Tensor:
    """Which image comes when, the rows and columns that its crop skips, and whether it is flipped,
    int64 [4, M], on the CPU: from stream(seed, "order", epoch) and, batch after batch,
    stream(seed, "augment", epoch).
    """
    order_M = torch.randperm(images, generator=stream(seed, "order", epoch))
    augment = stream(seed, "augment", epoch)
    batches = torch.split(order_M, recipe.batch)
    drawn = [draw(len(chosen), recipe.crop_padding, augment) for chosen in batches]
    return torch.cat([order_M[None], torch.cat(drawn, 1)])


def what_fits(steps: Steps) -> str:
    """After a step that did not fit into the GPU's memory: the largest part of its batch, halved
    and halved again, whose gradient does, in words. The network is not to be used afterwards.
    """
    state = steps.state
    steps.release()
    part = min(state.recipe.micro_batch or state.recipe.batch, len(steps.labels))
    while part > 1:
        part = -(-part // 2)
        if _fits(steps, part):
            said = f"{part} images at a time fit: recipe.micro_batch = {part}, each part with tdBN "
            said += "statistics of its own"
            if state.recipe.checkpoint_activations:
                return said
            return f"{said}; recipe.checkpoint_activations = true needs less and gives the same"
    return "not even the gradient of one image fits beside the network and the data"


def _fits(steps: Steps, part: int) -> bool:
    try:
        steps.state.optimiser.zero_grad()
        inputs = steps.normalisation(steps.pixels[:part])
        steps.state.add_gradient(inputs, steps.labels[:part], 1.0)
    except torch.OutOfMemoryError:
        return False
    return True


def moved(made: Tensor, device: torch.device) -> Tensor:
    """To the device; to a GPU from pinned memory, so that the host need not wait for the copy."""
    if device.type == "cuda":
        return made.pin_memory().to(device, non_blocking=True)
    return made.to(device)


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
