"""tdBN on channels-last activations: the bits of torch's batch norm on contiguous images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from harness.engine.lif import lif
from harness.engine.lif.dynamics import Dynamics
from harness.engine.norm import TdBatchNorm, channels_last
from harness.engine.norm.into_neurons import Neurons
from harness.parts.surrogates import Dspike, Rectangle

pytest.importorskip("numba")

LAST = torch.channels_last
SHAPES = [  # T, B, C, H, W; more than one slab and chunk, fewer pixels than slabs, odd channels
    (4, 8, 16, 16, 16),
    (1, 2, 3, 2, 3),
    (2, 5, 7, 5, 3),
    (3, 2, 1100, 2, 2),
    (2, 3, 1, 4, 4),
]


def activations(shape: tuple[int, ...], *, mean: float = 1.0, seed: int = 0) -> Tensor:
    steps, batch, *rest = shape
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(steps * batch, *rest, generator=draw) * 3 + mean
    return values.contiguous(memory_format=LAST)


def norms(channels: int) -> tuple[TdBatchNorm, nn.BatchNorm2d]:
    ours, theirs = TdBatchNorm(channels), nn.BatchNorm2d(channels)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        ours.weight.copy_(torch.rand(channels, generator=draw) + 0.5)
        ours.bias.copy_(torch.randn(channels, generator=draw))
    theirs.load_state_dict(ours.state_dict(), strict=False)
    return ours, theirs


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_has_the_bits_of_batch_norm_on_contiguous_images(shape: tuple[int, ...]) -> None:
    ours, theirs = norms(shape[2])
    values = activations(shape)
    assert channels_last.fits(values, torch.ones(1))
    found, expected = ours(values), theirs(values.contiguous())
    if shape[3] * shape[4] % 16 == 0:
        assert torch.equal(found, expected)
    else:  # what does not fill a vector torch computes with two roundings instead of one
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=2e-6)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mean", [0.0, 300.0], ids=["centred", "mean 100 deviations away"])
def test_gradients_are_those_of_float64(shape: tuple[int, ...], mean: float) -> None:
    ours, theirs = norms(shape[2])
    values = activations(shape, mean=mean).requires_grad_()
    exact = values.detach().double().requires_grad_()
    arriving = torch.randn(values.shape, generator=torch.Generator().manual_seed(2))
    ours(values).backward(arriving)
    theirs.double()(exact).backward(arriving.double())
    scale = exact.grad.abs().max()  # type: ignore[union-attr]
    assert (values.grad - exact.grad).abs().max() <= (1e-6 if mean == 0 else 1e-4) * scale  # type: ignore[operator]
    for name in ("weight", "bias"):
        found, expected = getattr(ours, name).grad, getattr(theirs, name).grad
        limit = (1e-5 if mean == 0 else 1e-3) * expected.abs().max()
        assert (found - expected).abs().max() <= limit


@pytest.mark.parametrize("surrogate", [Dspike(), Rectangle()], ids=["dspike", "rectangle"])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fused_with_the_neurons_it_gives_the_numbers_of_one_after_the_other(
    shape: tuple[int, ...], reset: str, surrogate: Dspike | Rectangle
) -> None:
    dynamics = Dynamics(0.5, 1.0, surrogate, False, True, reset)  # type: ignore[arg-type]
    steps = shape[0]
    results = []
    for fused in (True, False):
        norm, _ = norms(shape[2])
        values = activations(shape).requires_grad_()
        if fused:
            spikes = norm.fire(values, Neurons(dynamics, steps, torch.float32))
        else:
            current = norm(values)
            spikes = lif(
                current.view(steps, -1, *current.shape[1:]),
                decay=0.5,
                threshold=1.0,
                surrogate=surrogate,
                fires_at_threshold=True,
                reset=reset,  # type: ignore[arg-type]
                backend="reference",
            ).flatten(0, 1)
        spikes.backward(activations(shape, mean=0.0, seed=3))
        results.append((spikes, values.grad, norm.weight.grad, norm.bias.grad))
    for found, expected in zip(*results, strict=True):
        limit = 0.0 if found is results[0][0] else 1e-5 * expected.abs().max()  # type: ignore[union-attr]
        assert (found - expected).abs().max() <= limit  # type: ignore[operator]


def test_bfloat16_is_normalised_in_float32() -> None:
    norm, exact = norms(16)
    values = activations(SHAPES[0]).bfloat16().requires_grad_()
    found = norm(values)
    assert found.dtype == torch.float32
    assert torch.equal(found, exact(values.detach().float().contiguous()))
    found.backward(activations(SHAPES[0], mean=0.0, seed=3))
    assert values.grad is not None and values.grad.dtype == torch.bfloat16


def test_numbers_do_not_depend_on_the_threads() -> None:
    before = torch.get_num_threads()
    values = activations((4, 16, 16, 32, 32)).requires_grad_()
    grads = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            norm, _ = norms(16)
            spikes = norm.fire(values, Neurons(Dynamics(0.5, 1.0, Dspike()), 4, torch.float32))
            (grad,) = torch.autograd.grad(spikes, values, torch.ones_like(spikes))
            grads.append(grad)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(grads[0], grads[1]) and torch.equal(grads[0], grads[2])


def test_what_is_not_finite_reaches_the_output() -> None:
    values = activations(SHAPES[0])
    values[3, 2, 0, 0] = float("inf")
    norm, _ = norms(16)
    assert norm(values)[:, 2].isnan().all()
    assert (
        norm.fire(values, Neurons(Dynamics(0.5, 1.0, Dspike()), 4, torch.float32))[:, 2]
        .isnan()
        .all()
    )


@pytest.mark.parametrize(
    "values",
    [
        torch.zeros(2, 3, 4, 4),  # channels first
        torch.zeros(2, 3, 4, 4, dtype=torch.float64).contiguous(memory_format=LAST),
        torch.zeros(1, 3, 1, 1),  # one value has no variance: torch refuses it with a reason
    ],
    ids=["contiguous", "float64", "one value"],
)
def test_everything_else_is_left_to_torch(values: Tensor) -> None:
    assert not channels_last.fits(values, torch.ones(1))


def test_a_freed_activation_is_freed_at_once() -> None:
    """No reference cycle keeps the arrays of a kernel until the collector comes by."""
    import gc
    import weakref

    gc.disable()
    try:
        values = activations((4, 16, 16, 32, 32)).requires_grad_()
        norm, _ = norms(16)
        spikes = norm.fire(values, Neurons(Dynamics(0.5, 1.0, Dspike()), 4, torch.float32))
        spikes.sum().backward()
        left = weakref.ref(values.untyped_storage())
        storage = weakref.ref(values)
        del values, spikes
        assert storage() is None and left() is None
    finally:
        gc.enable()


def test_a_residual_is_added_and_gets_the_gradient_as_it_is() -> None:
    ours, _ = norms(16)
    values = activations(SHAPES[0])
    residual = activations(SHAPES[0], seed=5).requires_grad_()
    expected = ours(values) + residual
    arriving = activations(SHAPES[0], seed=6)
    found = ours.plus(values, residual)
    assert torch.equal(found, expected)
    (grad,) = torch.autograd.grad(found, residual, arriving)
    assert torch.equal(grad, arriving)
