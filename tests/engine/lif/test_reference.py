"""The reference neuron against potentials by hand, its gradient against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.engine.lif.dynamics import Dynamics, Reset
from harness.engine.lif.reference import fired, lif_loop, lif_step
from harness.errors import HarnessError
from harness.parts.surrogates import Rectangle

RECTANGLE = Rectangle(1.0)


def run(currents: list[float], **numbers: float) -> tuple[list[float], list[float]]:
    """Spikes and potentials after the reset, one neuron."""
    potential, spikes, potentials = torch.zeros(1), [], []
    for current in currents:
        step = lif_step(
            torch.tensor([current]),
            potential,
            decay=numbers.get("decay", 0.5),
            threshold=numbers.get("threshold", 1.0),
            spike=lambda distance: fired(distance, bool(numbers.get("at", 0.0))),
            reset="soft" if numbers.get("soft") else "hard",
        )
        potential = step.potential
        spikes.append(step.spikes.item())
        potentials.append(potential.item())
    return spikes, potentials


@pytest.mark.parametrize(
    ("currents", "numbers", "spikes", "potentials"),
    [
        # u' = 0.75, 0.375 + 0.75 = 1.125 fires and is reset, 0.25
        ([0.75, 0.75, 0.25], {}, [0, 1, 0], [0.75, 0.0, 0.25]),
        # exactly at the threshold: eq. 1 says u > v_th
        ([1.0, 0.5, 0.5], {}, [0, 0, 0], [1.0, 1.0, 1.0]),
        # … the published code says u ≥ v_th
        ([1.0, 0.5, 1.0], {"at": 1.0}, [1, 0, 1], [0.0, 0.5, 0.0]),
        # no decay: an integrator; full decay: no memory
        ([0.5, 0.25, 0.5], {"decay": 1.0}, [0, 0, 1], [0.5, 0.75, 0.0]),
        ([0.75, 0.75, 0.75], {"decay": 0.0}, [0, 0, 0], [0.75, 0.75, 0.75]),
        # the reset goes to 0 from any height, and inhibition is kept
        ([8.0, -2.0, 1.5], {}, [1, 0, 0], [0.0, -2.0, 0.5]),
        ([0.75, 0.25], {"threshold": 0.5}, [1, 0], [0.0, 0.25]),
        # the soft reset keeps what was above the threshold: 1.5 fires and leaves 0.5,
        # 0.25 + 1 = 1.25 fires again and leaves 0.25
        ([1.5, 1.0, 0.5], {"soft": 1.0}, [1, 1, 0], [0.5, 0.25, 0.625]),
        ([3.5, 0.0, 0.0], {"soft": 1.0, "decay": 1.0}, [1, 1, 1], [2.5, 1.5, 0.5]),
        ([0.75, 0.25], {"soft": 1.0, "threshold": 0.5}, [1, 0], [0.25, 0.375]),
    ],
)
def test_potentials_by_hand(
    currents: list[float],
    numbers: dict[str, float],
    spikes: list[float],
    potentials: list[float],
) -> None:
    assert run(currents, **numbers) == (spikes, potentials)


def test_gradient_by_hand() -> None:
    """Two steps, u' = 0.5 and 1.25; with α = 1 the slopes are 1 and 1, loss = s(1) + 10·s(2).

    ∂L/∂i(2) = 10;  ∂u'(2)/∂u'(1) = 0.5·(1 − s(1) − u'(1)·σ'(1)) = 0.5·(1 − 0 − 0.5) = 0.25;
    ∂L/∂i(1) = 1 + 10·0.25 = 3.5, and with the reset detached 1 + 10·0.5 = 6.
    """
    for detached, expected in ((False, [3.5, 10.0]), (True, [6.0, 10.0])):
        current_T = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
        spikes_T = lif_loop(current_T, Dynamics(0.5, 1.0, RECTANGLE, detached))
        (spikes_T * torch.tensor([1.0, 10.0])).sum().backward()
        assert current_T.grad is not None
        assert current_T.grad.tolist() == expected


def test_gradient_of_the_soft_reset_and_of_the_decay_by_hand() -> None:
    """Two steps, u' = 1.5 (fires, u = 0.5) and 0.25 + 1 = 1.25; slopes 1, loss s(1) + 10·s(2).

    ∂u(1)/∂u'(1) = 1 − v_th·σ' = 0, so ∂L/∂i(1) = 1, detached 1 + 10·0.5·1 = 6;
    ∂L/∂decay = 10·u(1) = 5.
    """
    for detached, expected in ((False, [1.0, 10.0]), (True, [6.0, 10.0])):
        decay = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        current_T = torch.tensor([1.5, 1.0], dtype=torch.float64, requires_grad=True)
        dynamics = Dynamics(decay, 1.0, RECTANGLE, detached, reset="soft")
        spikes_T = lif_loop(current_T, dynamics)
        (spikes_T * torch.tensor([1.0, 10.0])).sum().backward()
        assert current_T.grad is not None and decay.grad is not None
        assert current_T.grad.tolist() == expected
        assert decay.grad.item() == 10.0 * 0.5


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_loop_has_the_gradient_of_its_formula(steps: int, reset: Reset) -> None:
    """With a smooth function for the spike, finite differences see the whole path, reset and decay
    too.
    """

    def unrolled(current_TBN: Tensor, decay: Tensor) -> Tensor:
        potential, spikes = torch.zeros_like(current_TBN[0]), []
        for current_BN in current_TBN:
            step = lif_step(
                current_BN,
                potential,
                decay=decay,
                threshold=1.0,
                spike=lambda distance: torch.sigmoid(3.0 * distance),
                reset=reset,
            )
            potential = step.potential
            spikes.append(step.spikes)
        return torch.stack(spikes)

    generator = torch.Generator().manual_seed(0)
    current_TBN = torch.randn(steps, 2, 3, dtype=torch.float64, generator=generator)
    decay = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unrolled, (current_TBN.requires_grad_(), decay))


@pytest.mark.parametrize(
    ("decay", "threshold", "field"),
    [
        (-0.1, 1.0, "decay"),
        (1.1, 1.0, "decay"),
        (float("nan"), 1.0, "decay"),
        (0.5, float("inf"), "threshold"),
    ],
)
def test_numbers_out_of_range_are_refused(decay: float, threshold: float, field: str) -> None:
    with pytest.raises(HarnessError, match=field):
        Dynamics(decay, threshold, RECTANGLE)


@pytest.mark.parametrize(
    "decay", [torch.ones(2), torch.tensor(1)], ids=["two numbers", "whole number"]
)
def test_a_learned_decay_is_one_floating_number(decay: Tensor) -> None:
    with pytest.raises(HarnessError, match="one floating number"):
        Dynamics(decay, 1.0, RECTANGLE)


def test_an_unknown_reset_is_refused() -> None:
    with pytest.raises(HarnessError, match="'hard' or 'soft'"):
        Dynamics(0.5, 1.0, RECTANGLE, reset="half")  # type: ignore[arg-type]
