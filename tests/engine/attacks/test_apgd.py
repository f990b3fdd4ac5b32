"""Auto-PGD: the published algorithm written out, the ball, and no weaker than PGD."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.engine.attacks import apgd, pgd
from harness.engine.attacks.apgd import checkpoints
from harness.engine.randomness import stream
from harness.errors import HarnessError
from tests.engine.attacks.cases import INPUTS, LABELS, NORMAL, network, state

RAW: dict[str, Any] = {"normalisation": NORMAL, "units": "normalised", "clip": False}


def losses(made: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return nn.functional.cross_entropy(made(inputs), LABELS, reduction="none")


def _published(made: nn.Module, clean: Tensor, label: Tensor, epsilon: float, steps: int) -> Tensor:
    """Algorithm 1 for one image, word for word; of the points that it met the worst."""

    def seen(x: Tensor) -> tuple[float, Tensor, bool]:
        x = x.clone().requires_grad_()
        logits = made(x)
        loss = nn.functional.cross_entropy(logits, label)
        return loss.item(), torch.autograd.grad(loss, x)[0], int(logits.argmax()) != int(label)

    def ball(x: Tensor) -> Tensor:
        return clean + (x - clean).clamp(-epsilon, epsilon)

    points = [clean, ball(clean + 2 * epsilon * seen(clean)[1].sign())]
    f = [seen(point)[0] for point in points]
    top = points[f.index(max(f))]
    eta, etas, tops, last = 2 * epsilon, [2 * epsilon], [f[0]], 0
    rises, places, met = int(f[1] > f[0]), checkpoints(steps), list(points)
    x_before, x, fx = points[0], points[1], f[1]
    shrunk = True
    for k in range(1, steps + 1):
        if k in places:
            no_gain = not shrunk and max(f) == tops[-1]
            shrunk = rises < 0.75 * (k - last) or no_gain
            if shrunk:
                eta, x, fx = eta / 2, top, max(f)
            tops.append(max(f))
            etas.append(eta)
            rises, last = 0, k
        if k == steps:
            break
        z = ball(x + eta * seen(x)[1].sign())
        x_before, x = x, ball(x + 0.75 * (z - x) + 0.25 * (x - x_before))
        before, (fx, _, _) = fx, seen(x)
        rises += fx > before
        if fx > max(f):
            top = x
        f.append(fx)
        met.append(x)
    return max(met, key=lambda point: (seen(point)[2], seen(point)[0]))


def test_it_is_the_published_algorithm() -> None:
    made = network().double()
    clean = INPUTS.double()
    found = apgd(made, clean, LABELS, epsilon=0.3, iterations=20, **RAW)
    for place in range(6):
        one, label = clean[place : place + 1], LABELS[place : place + 1]
        wanted = _published(made, one, label, 0.3, 20)
        same = (found[place : place + 1] - wanted).abs() < 1e-9
        # a gradient at rounding level may point either way
        assert float(same.double().mean()) > 0.99, place


def test_checkpoints_are_those_of_the_paper() -> None:
    """p = 0, 0.22, then distances 0.19, 0.16, 0.13, 0.10, 0.07, and 0.06 from there on."""
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]


@pytest.mark.parametrize("neuron", ["relu", "lif"])
@pytest.mark.parametrize("start", [False, True])
def test_it_stays_in_the_ball_and_leaves_the_network_alone(neuron: str, start: bool) -> None:
    made = network(neuron)
    before = state(made)
    found = apgd(
        made, INPUTS, LABELS, normalisation=NORMAL, epsilon=0.05, iterations=6, mode="train",
        random_start=start, generator=stream(0, "a"),
    )  # fmt: skip
    std, mean = (torch.tensor(one)[:, None, None] for one in (NORMAL.std, NORMAL.mean))
    assert float(((found - INPUTS) * std).abs().max()) <= 0.05 + 1e-6
    assert -1e-6 < float((found * std + mean).min()) <= float((found * std + mean).max()) < 1 + 1e-6
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


class _Linear(nn.Module):
    """Logits that are linear in the pixels: the loss is convex, and largest at a corner."""

    def __init__(self) -> None:
        super().__init__()
        weights = torch.randn(3, INPUTS[0].numel(), generator=stream(0, "w"))
        self.weight = nn.Parameter(0.01 * weights)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.flatten(1) @ self.weight.T


def test_on_a_linear_network_of_two_classes_it_reaches_the_corner() -> None:
    made = _Linear()
    made.weight.data[2] = 0
    made.weight.data[1] = -made.weight.data[0]
    labels = torch.zeros_like(LABELS)
    found = apgd(made, INPUTS, labels, epsilon=0.1, iterations=10, **RAW)
    corner = INPUTS - 0.1 * made.weight.data[0].sign().view(INPUTS[0].shape)
    torch.testing.assert_close(found, corner, rtol=0, atol=1e-6)


@pytest.mark.parametrize("made", [_Linear(), network("relu")])
def test_the_worst_loss_is_no_lower_than_that_of_pgd(made: nn.Module) -> None:
    how: dict[str, Any] = {"epsilon": 0.2, "iterations": 20, **RAW}
    theirs = losses(made, pgd(made, INPUTS, LABELS, step=0.02, **how))
    ours = losses(made, apgd(made, INPUTS, LABELS, **how))
    assert float(ours.mean()) >= float(theirs.mean()) - 1e-5
    assert not math.isclose(float(ours.mean()), float(losses(made, INPUTS).mean()))


def test_no_strength_is_no_change_and_no_step_is_refused() -> None:
    assert torch.equal(apgd(network(), INPUTS, LABELS, epsilon=0.0, iterations=3, **RAW), INPUTS)
    with pytest.raises(HarnessError, match="attack iterations: must be 1 or more"):
        apgd(network(), INPUTS, LABELS, epsilon=0.1, iterations=0, **RAW)
