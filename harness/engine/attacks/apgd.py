"""Auto-PGD on the cross-entropy in the L∞ ball (Croce & Hein, ICML 2020, algorithm 1): PGD with
momentum whose step halves, and which goes back to its best inputs, where the loss stops rising.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.attacks.ascent import Objective, Worst, per_image
from harness.engine.attacks.ball import Budget
from harness.engine.attacks.pgd import require_draws
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError

_MOMENTUM = 0.75  # α: share of the new step, the rest is of the last one
_RISES = 0.75  # ρ: share of the steps between two checkpoints that must raise the loss


def checkpoints(iterations: int) -> list[int]:
    """After how many steps the step size is looked at: w_j = ⌈p_j·N⌉, p = 0, 0.22, and each
    distance 0.03 shorter than the last, but at least 0.06.
    """
    percents = [0, 22]  # in whole numbers, so that rounding adds no step
    while percents[-1] <= 100:
        percents.append(percents[-1] + max(percents[-1] - percents[-2] - 3, 6))
    found = dict.fromkeys(math.ceil(percent * iterations / 100) for percent in percents[1:])
    return [place for place in found if place <= iterations]


@checked
def apgd(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    iterations: int,
    random_start: bool = False,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    generator: torch.Generator | None = None,
    precision: str = "f32",
) -> Tensor:
    """Inputs that raise the cross-entropy at the true labels, within ε of the given ones: of each
    image the worst that was met, answered wrongly and among those of largest loss.

    Each image has its own step, 2ε at first. It takes `iterations` steps, each with one gradient,
    and a last look. The arguments, what is left alone and what is raised: see `pgd`.
    """
    if iterations < 1:
        raise HarnessError("attack iterations", f"must be 1 or more (got {iterations})")
    objective = Objective(network, inputs, labels_B, precision)
    budget = Budget.around(
        objective.clean,
        epsilon=epsilon,
        step=2 * epsilon,
        units=units,
        clip=clip,
        normalisation=normalisation,
    )
    drawn = require_draws(generator, random_start=random_start)
    start = objective.clean.clone() if drawn is None else budget.random_start(drawn)
    if epsilon == 0 or not start.numel():
        return start
    with in_mode(network, mode):
        attacked = _ascend(objective, budget, start, iterations)
    return objective.checked(attacked)


def _ascend(objective: Objective, budget: Budget, here: Tensor, iterations: int) -> Tensor:
    seen, worst, places = objective(here), Worst(), checkpoints(iterations)
    found = worst.take(here, seen)
    best, best_B, uphill = here, seen.loss_B, seen.gradient  # of largest loss, its gradient
    before, gradient, loss_B = here, seen.gradient, seen.loss_B
    share_B = torch.ones_like(loss_B)  # of the first step
    rises_B, last_place = torch.zeros_like(loss_B), 0
    last_best_B, was_halved_B = best_B, torch.ones_like(loss_B, dtype=torch.bool)
    for step in range(1, iterations + 1):
        ahead = budget.inside(here + per_image(share_B) * budget.step_C11 * gradient.sign())
        weight = _MOMENTUM if step > 1 else 1.0
        moved = budget.inside(here + weight * (ahead - here) + (1 - weight) * (here - before))
        before, here, seen = here, moved, objective(moved)
        found = worst.take(here, seen)
        rises_B += seen.loss_B > loss_B
        loss_B, gradient = seen.loss_B, seen.gradient
        better_B = loss_B > best_B
        best_B = torch.where(better_B, loss_B, best_B)
        best = torch.where(per_image(better_B), here, best)
        uphill = torch.where(per_image(better_B), gradient, uphill)
        if step in places:
            stuck_B = rises_B < _RISES * (step - last_place)
            halved_B = stuck_B | (~was_halved_B & (best_B <= last_best_B))
            share_B = torch.where(halved_B, share_B / 2, share_B)
            here = torch.where(per_image(halved_B), best, here)
            gradient = torch.where(per_image(halved_B), uphill, gradient)
            loss_B = torch.where(halved_B, best_B, loss_B)
            rises_B, last_place = torch.zeros_like(rises_B), step
            last_best_B, was_halved_B = best_B, halved_B
    return found
