"""The numba kernels against the reference loop."""

from __future__ import annotations

import threading

import pytest
import torch

from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.fused_cpu import fits_fused_cpu, lif_fused_cpu
from harness.engine.lif.reference import lif_loop
from harness.errors import HarnessError
from harness.parts.surrogates import Dspike, Rectangle
from tests.engine.lif.cases import DYNAMICS, SHAPES, currents, gradient

LIMIT = 3e-6  # gradients of order 1 over up to 16 steps; measured 5e-7


@pytest.mark.parametrize("dynamics", DYNAMICS, ids=repr)
@pytest.mark.parametrize("shape", SHAPES)
def test_spikes_are_equal_bit_for_bit_and_gradients_closely(
    shape: tuple[int, ...], dynamics: Dynamics
) -> None:
    current_TBN = currents(shape).requires_grad_()
    ours, theirs = lif_fused_cpu(current_TBN, dynamics), lif_loop(current_TBN, dynamics)
    assert torch.equal(ours, theirs)
    torch.testing.assert_close(
        gradient(ours, current_TBN), gradient(theirs, current_TBN), rtol=LIMIT, atol=LIMIT
    )


@pytest.mark.parametrize("surrogate", [Dspike(0.7, 2.0), Dspike(10.0, 5.0), Rectangle(0.25)])
def test_other_widths_and_far_potentials(surrogate: Dspike | Rectangle) -> None:
    current_TBN = (currents((3, 500)) * 30).requires_grad_()
    dynamics = Dynamics(0.5, 1.0, surrogate)
    ours, theirs = lif_fused_cpu(current_TBN, dynamics), lif_loop(current_TBN, dynamics)
    assert torch.equal(ours, theirs)
    torch.testing.assert_close(
        gradient(ours, current_TBN), gradient(theirs, current_TBN), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("surrogate", [Dspike(1.0, 1.0), Rectangle(1.0)])
def test_a_window_is_closed_or_open_as_the_surrogate_says(surrogate: Dspike | Rectangle) -> None:
    current_TBN = torch.tensor([[-0.25, 0.0, 0.25, 1.0, 1.75, 2.0, 2.25]], requires_grad=True)
    ours = lif_fused_cpu(current_TBN, Dynamics(0.5, 1.0, surrogate))  # distances −1.25 … 1.25
    expected = surrogate.derivative(current_TBN.detach() - 1.0)
    torch.testing.assert_close(torch.autograd.grad(ours.sum(), current_TBN)[0], expected)


@pytest.mark.parametrize("dynamics", [DYNAMICS[0], Dynamics(0.9, 0.6, Dspike(), reset="soft")])
def test_each_chunk_of_neurons_starts_at_rest(dynamics: Dynamics) -> None:
    from harness.engine.lif.fused_cpu_kernels import CHUNK

    current_TBN = currents((3, 2 * CHUNK + 5)).requires_grad_()
    ours, theirs = lif_fused_cpu(current_TBN, dynamics), lif_loop(current_TBN, dynamics)
    assert torch.equal(ours, theirs)
    torch.testing.assert_close(
        gradient(ours, current_TBN), gradient(theirs, current_TBN), rtol=LIMIT, atol=LIMIT
    )


@pytest.mark.parametrize("layout", ["channels_last", "time_last", "strided", "expanded"])
def test_any_memory_layout(layout: str) -> None:
    dense = currents((4, 6, 4, 8, 8))
    current_TBN = {
        "channels_last": dense.flatten(0, 1)
        .contiguous(memory_format=torch.channels_last)
        .unflatten(0, (4, 6)),
        "time_last": dense.movedim(0, -1).contiguous().movedim(-1, 0),
        "strided": currents((4, 12, 4, 8, 8))[:, ::2],
        "expanded": dense[:1].expand(4, 6, 4, 8, 8),
    }[layout].requires_grad_()
    ours, theirs = lif_fused_cpu(current_TBN, DYNAMICS[0]), lif_loop(current_TBN, DYNAMICS[0])
    assert torch.equal(ours, theirs)
    torch.testing.assert_close(
        gradient(ours, current_TBN), gradient(theirs, current_TBN), rtol=LIMIT, atol=LIMIT
    )


def test_channels_last_stays_channels_last() -> None:
    images = currents((8, 4, 8, 8)).contiguous(memory_format=torch.channels_last)
    spikes = lif_fused_cpu(images.unflatten(0, (2, 4)), DYNAMICS[0]).flatten(0, 1)
    assert spikes.is_contiguous(memory_format=torch.channels_last)


def test_the_number_of_threads_does_not_change_a_bit() -> None:
    current_TBN = currents((4, 300_001)).requires_grad_()
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            spikes_TBN = lif_fused_cpu(current_TBN, DYNAMICS[4])
            results.append((spikes_TBN, gradient(spikes_TBN, current_TBN)))
    finally:
        torch.set_num_threads(threads)
    (spikes, grad), (spikes_again, grad_again) = results
    assert torch.equal(spikes, spikes_again) and torch.equal(grad, grad_again)


def test_one_torch_thread_starts_no_others() -> None:
    threads, before = torch.get_num_threads(), threading.active_count()
    try:
        torch.set_num_threads(1)
        lif_fused_cpu(currents((4, 400_000)), DYNAMICS[0])
    finally:
        torch.set_num_threads(threads)
    assert threading.active_count() <= before


class _Own:
    def derivative(self, distance: torch.Tensor) -> torch.Tensor:
        return distance


@pytest.mark.parametrize(
    ("current", "dynamics", "why"),
    [
        (torch.ones(2, 2, dtype=torch.float64), DYNAMICS[0], "float32"),
        (torch.ones(2, 2), Dynamics(0.5, 1.0, _Own()), "surrogate _Own"),
    ],
)
def test_what_it_cannot_run_is_said(current: torch.Tensor, dynamics: Dynamics, why: str) -> None:
    assert not fits_fused_cpu(current, dynamics)
    with pytest.raises(HarnessError, match=why):
        lif_fused_cpu(current, dynamics)
