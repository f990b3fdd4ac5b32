"""tdBN and what follows it in one pass, against the layers one after the other in float64: on a GPU
where there is one, else by Triton's interpreter.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.lif.dynamics import Dynamics, Reset
from harness.engine.lif.reference import lif_loop, through_time
from harness.engine.norm import fused_gpu
from harness.engine.norm.fused_gpu import LIF, NOTHING, RELU, Behind, Running, normalised
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Surrogate
from tests.interpreted import INTERPRETED, PLACE, kernels_run, require_interpreted_tests

LAST = torch.channels_last
SHAPES = [  # T, B, C, H, W: of several programs and tiles, of odd channels, of fewer than a tile
    (4, 8, 16, 8, 8),
    (2, 5, 7, 5, 3),
    (3, 2, 130, 2, 3),
    (8, 2, 64, 3, 3),
    (1, 3, 1, 4, 4),
]
LIMIT = 1e-5  # of the largest number; measured 3e-6


@pytest.mark.skipif(INTERPRETED, reason="is run by this very test")
def test_the_interpreted_tests_pass(root: Path) -> None:
    require_interpreted_tests(__file__, root)


def activations(shape: tuple[int, ...], *, seed: int = 0, mean: float = 1.0) -> Tensor:
    """[T·B, C, H, W], channels-last, each number one that halves hold too."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=draw).flatten(0, 1) * 3
    return values.half().float().add(mean).to(PLACE).contiguous(memory_format=LAST)


def layers(channels: int) -> nn.BatchNorm2d:
    draw = torch.Generator().manual_seed(1)
    layer = nn.BatchNorm2d(channels, device=PLACE)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(channels, generator=draw) + 0.5)
        layer.bias.copy_(torch.randn(channels, generator=draw))
    return layer


def ours(layer: nn.BatchNorm2d, values: Tensor, behind: Behind, shortcut: Tensor | None) -> Tensor:
    assert layer.running_mean is not None and layer.running_var is not None
    running = Running(layer.running_mean, layer.running_var, 0.1, layer.eps)
    assert not fused_gpu.obstacle(values, layer.weight, behind)
    return normalised(values, layer.weight, layer.bias, running, behind, shortcut)


def far_from_the_threshold(shape: tuple[int, ...], dynamics: Dynamics) -> Tensor:
    """Activations whose potentials in float64 no rounding takes across the threshold."""
    for seed in range(50):
        values = activations(shape, seed=seed)
        current = layers(shape[2]).double()(values.double()).unflatten(0, (shape[0], -1))
        _, before_reset = through_time(current.detach(), dynamics)
        if (before_reset - dynamics.threshold).abs().min() > 1e-5:
            return values.requires_grad_()
    raise AssertionError("no such activations")


def close(found: Tensor | None, expected: Tensor | None, limit: float = LIMIT) -> None:
    assert found is not None and expected is not None
    assert found.isfinite().all()
    assert (found.double() - expected).abs().max() <= limit * expected.abs().max().clamp(min=1e-3)


def assert_same_statistics(layer: nn.BatchNorm2d, exact: nn.BatchNorm2d) -> None:
    close(layer.running_mean, exact.running_mean, 1e-6)
    close(layer.running_var, exact.running_var, 1e-6)


@kernels_run
@pytest.mark.parametrize("mean", [1.0, 300.0], ids=["near 0", "100 deviations away"])
@pytest.mark.parametrize("kind", [NOTHING, RELU], ids=["plain", "relu"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_norm_with_relu_or_shortcut(shape: tuple[int, ...], kind: int, mean: float) -> None:
    layer, exact = layers(shape[2]), layers(shape[2]).double()
    values = activations(shape, mean=mean).requires_grad_()
    shortcut = activations(shape, seed=3).requires_grad_() if kind == NOTHING else None
    made = ours(layer, values, Behind(kind), shortcut)
    wide = values.detach().double().requires_grad_()
    expected = exact(wide) if shortcut is None else exact(wide) + shortcut.detach().double()
    expected = functional.relu(expected) if kind == RELU else expected
    limit = LIMIT if mean == 1.0 else 1e-4
    close(made, expected, limit)
    arriving = activations(shape, seed=4, mean=0.0)
    arriving = torch.where((expected < 1e-3) & (expected > 0), 0.0, arriving)  # may be cut off
    made.backward(arriving)
    expected.backward(arriving.double())
    close(values.grad, wide.grad, limit)
    close(layer.weight.grad, exact.weight.grad, limit)
    close(layer.bias.grad, exact.bias.grad, limit)
    assert_same_statistics(layer, exact)
    if shortcut is not None:
        assert shortcut.grad is not None and torch.equal(shortcut.grad, arriving)


@kernels_run
@pytest.mark.parametrize(
    ("surrogate", "reset", "learned"),
    [(Dspike(), "hard", False), (Dspike(), "hard", True), (Arctan(), "soft", True)],
    ids=["dspike", "learned", "soft and learned"],
)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_norm_with_neurons(
    shape: tuple[int, ...], surrogate: Surrogate, reset: Reset, learned: bool
) -> None:
    layer, exact = layers(shape[2]), layers(shape[2]).double()
    values = far_from_the_threshold(shape, Dynamics(0.7, 0.611, surrogate, reset=reset))
    wide = values.detach().double().requires_grad_()
    decays = [torch.tensor(0.7, dtype=d, device=PLACE) for d in (torch.float32, torch.float64)]
    mine, theirs = (d.requires_grad_() if learned else float(d) for d in decays)
    numbers = (0.611, surrogate, False, False, reset)
    spikes = ours(layer, values, Behind(LIF, Dynamics(mine, *numbers), shape[0]), None)
    current = exact(wide).unflatten(0, (shape[0], -1))
    expected = lif_loop(current, Dynamics(theirs, *numbers)).flatten(0, 1)
    assert torch.equal(spikes.double(), expected)
    arriving = activations(shape, seed=4, mean=0.0)
    spikes.backward(arriving)
    expected.backward(arriving.double())
    close(values.grad, wide.grad)
    close(layer.weight.grad, exact.weight.grad)
    close(layer.bias.grad, exact.bias.grad)
    assert_same_statistics(layer, exact)
    if learned and shape[0] > 1:
        close(decays[0].grad, decays[1].grad, 1e-4)  # a sum of numbers of both signs


@kernels_run
@pytest.mark.parametrize("kind", [NOTHING, LIF], ids=["plain", "neurons"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_lie_in_memory_and_float32_in_between(dtype: torch.dtype, kind: int) -> None:
    shape = (4, 4, 24, 5, 5)
    values = activations(shape).to(dtype).requires_grad_()
    wide = values.detach().float().requires_grad_()
    dynamics = Dynamics(0.5, 1.0, Dspike()) if kind == LIF else None
    behind = Behind(kind, dynamics, 4 if kind == LIF else 1)
    made, expected = (ours(layers(24), one, behind, None) for one in (values, wide))
    assert made.dtype == dtype
    spacing = torch.finfo(dtype).eps  # the interpreter cuts bfloat16 off instead of rounding it
    torch.testing.assert_close(made.float(), expected, rtol=spacing, atol=1e-6)
    assert kind == NOTHING or torch.equal(made.float(), expected)
    arriving = activations(shape, seed=4, mean=0.0).to(dtype)
    made.backward(arriving)
    expected.backward(arriving.float())
    assert values.grad is not None and values.grad.dtype == dtype
    close(values.grad, wide.grad, spacing)


@kernels_run
def test_what_is_not_finite_reaches_the_output() -> None:
    values = activations(SHAPES[0])
    values[3, 2, 0, 0] = float("inf")
    for behind in (Behind(RELU), Behind(LIF, Dynamics(0.5, 1.0, Rectangle()), 4)):
        assert ours(layers(16), values, behind, None)[:, 2].isnan().all()


@kernels_run
def test_nothing_but_the_activations_is_kept() -> None:
    values, kept = activations(SHAPES[0]).requires_grad_(), []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        ours(layers(16), values, Behind(LIF, Dynamics(0.5, 1.0, Dspike()), 4), None)
    assert sorted(one.numel() for one in kept) == [4 * 16, values.numel()]


@pytest.mark.parametrize(
    ("values", "steps", "why"),
    [
        (torch.ones(4, 3, 2, 2), 1, "not last"),
        (torch.ones(1, 3, 1, 1), 1, "two values"),
        (torch.ones(9, 3, 1, 2).to(memory_format=LAST), 9, "9 time steps"),
        (torch.ones(4, 3, 2, 2).double().to(memory_format=LAST), 1, "float64"),
    ],
)
def test_what_it_cannot_take_is_said(values: Tensor, steps: int, why: str) -> None:
    behind = Behind(LIF, Dynamics(0.5, 1.0, Dspike()), steps)
    assert why in fused_gpu.obstacle(values, torch.ones(3), behind)
