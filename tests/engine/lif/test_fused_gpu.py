"""The Triton kernels against the reference loop: on a GPU where there is one, else interpreted."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.kernels import compiled
from harness.engine.lif import fused_gpu, lif
from harness.engine.lif.dynamics import Dynamics, Reset
from harness.engine.lif.fused_gpu import lif_fused_gpu, obstacle_on_gpu
from harness.engine.lif.reference import lif_loop
from harness.errors import HarnessError
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Surrogate, Triangle
from tests.engine.lif.cases import currents, gradient
from tests.interpreted import INTERPRETED, PLACE, kernels_run, on_gpu, require_interpreted_tests

LIMIT = 2e-6  # gradients of order 1 over up to 33 steps; measured 1e-6

SURROGATES: list[Surrogate] = [Rectangle(), Dspike(), Triangle(), Sigmoid(), Arctan()]
SWITCHES = list(itertools.product([False, True], [False, True]))  # detach_reset, fires_at_threshold


@pytest.mark.skipif(INTERPRETED, reason="is run by this very test")
def test_the_interpreted_tests_pass(root: Path) -> None:
    require_interpreted_tests(__file__, root)


def assert_equal(current_TBN: torch.Tensor, dynamics: Dynamics) -> None:
    current_TBN = current_TBN.to(PLACE).requires_grad_()
    ours, theirs = lif_fused_gpu(current_TBN, dynamics), lif_loop(current_TBN, dynamics)
    assert torch.equal(ours, theirs)
    got, expected = gradient(ours, current_TBN), gradient(theirs, current_TBN)
    torch.testing.assert_close(got, expected, rtol=LIMIT, atol=LIMIT)


@kernels_run
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize(("detached", "at_threshold"), SWITCHES)
@pytest.mark.parametrize("surrogate", SURROGATES, ids=repr)
def test_spikes_are_equal_bit_for_bit_and_gradients_closely(
    surrogate: Surrogate, detached: bool, at_threshold: bool, reset: Reset
) -> None:
    dynamics = Dynamics(0.9, 0.3, surrogate, detached, at_threshold, reset)
    assert_equal(currents((4, 3, 50)), dynamics)


@kernels_run
@pytest.mark.parametrize("steps", [1, 2, 8, 9, 16, 17, 33, 128])
def test_every_length_of_time(steps: int) -> None:
    assert_equal(currents((steps, 2, 35)), Dynamics(0.5, 1.0, Dspike()))


@kernels_run
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("steps", [1, 4, 20])
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_a_learned_decay_gets_its_gradient(reset: Reset, steps: int, dtype: torch.dtype) -> None:
    """Against the definition in float64, over several programs and segments."""
    current_TBN = currents((steps, 2100)).to(PLACE, dtype)
    decay = torch.tensor(0.7, device=PLACE, requires_grad=True)
    exact = torch.tensor(0.7, device=PLACE, dtype=torch.float64, requires_grad=True)
    ours = lif_fused_gpu(current_TBN, Dynamics(decay, 0.6, Dspike(), reset=reset))
    theirs = lif_loop(current_TBN.double(), Dynamics(exact, 0.6, Dspike(), reset=reset))
    assert torch.equal(ours.double(), theirs)
    weights = currents((steps, 2101))[:, 1:].to(PLACE, dtype)
    (got,) = torch.autograd.grad(ours, decay, weights)
    (expected,) = torch.autograd.grad(theirs, exact, weights.double())
    assert got.shape == () and got.dtype == torch.float32
    torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-3)
    if steps > 1:
        assert abs(expected) > 0.1


@kernels_run
def test_places_beyond_two_billion_numbers() -> None:
    """Steps times neurons takes more than 32 bits; so many neurons fit no test's memory."""
    from tests.engine.lif.places import write_places

    found = torch.zeros(2, dtype=torch.int64, device=PLACE)
    write_places[(2,)](found, 15, 150_000_000)
    assert found.tolist() == [2_250_000_000, 2_250_000_001]


@kernels_run
@pytest.mark.parametrize("shape", [(7,), (3, 0, 4), (2, 3, 5, 7, 1), (4, 1030)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    assert_equal(currents(shape), Dynamics(0.5, 1.0, Rectangle()))


@kernels_run
@pytest.mark.parametrize("layout", ["channels_last", "time_last", "strided", "expanded"])
def test_any_memory_layout(layout: str) -> None:
    dense = currents((4, 2, 4, 3, 3))
    channels_last = dense.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    current_TBN = {
        "channels_last": channels_last.unflatten(0, (4, 2)),
        "time_last": dense.movedim(0, -1).contiguous().movedim(-1, 0),
        "strided": currents((4, 4, 4, 3, 3))[:, ::2],
        "expanded": dense[:1].expand(4, 2, 4, 3, 3),
    }[layout]
    assert_equal(current_TBN, Dynamics(0.5, 1.0, Dspike()))


@kernels_run
def test_channels_last_stays_channels_last() -> None:
    images = currents((8, 4, 3, 3)).to(PLACE).contiguous(memory_format=torch.channels_last)
    spikes = lif_fused_gpu(images.unflatten(0, (2, 4)), Dynamics(0.5, 1.0, Dspike()))
    assert spikes.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


@kernels_run
@pytest.mark.parametrize("steps", [4, 20])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_in_memory_float32_in_the_membrane(dtype: torch.dtype, steps: int) -> None:
    numbers: dict[str, Any] = {"decay": 0.5, "threshold": 1.0, "surrogate": "dspike"}
    current_TBN = currents((steps, 70)).to(PLACE, dtype).requires_grad_()
    ours = lif(current_TBN, **numbers, backend="triton")
    theirs = lif(current_TBN, **numbers, backend="reference")
    assert ours.dtype == dtype and torch.equal(ours, theirs)
    got, expected = gradient(ours, current_TBN), gradient(theirs, current_TBN)
    spacing = torch.finfo(dtype).eps  # both round once, from float32 sums that differ by 1e-6
    torch.testing.assert_close(got, expected, rtol=spacing, atol=1e-6)


@kernels_run
@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_a_broken_input_is_shown_as_the_reference_shows_it(broken: float, reset: Reset) -> None:
    current_TBN = currents((20, 40)).to(PLACE)
    current_TBN[3, 5], current_TBN[17, 9] = broken, broken
    dynamics = Dynamics(0.5, 1.0, Dspike(), reset=reset)
    ours, theirs = lif_fused_gpu(current_TBN, dynamics), lif_loop(current_TBN, dynamics)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)
    assert ours[:, 5].isnan().any() and not ours[:, 6].isnan().any()


@kernels_run
@pytest.mark.parametrize(("steps", "extra"), [(8, 0), (9, 70), (64, 7 * 70)])
def test_it_keeps_its_input_and_one_potential_per_8_steps(steps: int, extra: int) -> None:
    current_TBN = currents((steps, 70)).to(PLACE).requires_grad_()
    kept: list[int] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        lif_fused_gpu(current_TBN, Dynamics(0.5, 1.0, Dspike()))
    assert sorted(kept) == [extra, steps * 70]


@on_gpu
def test_auto_takes_it_for_cuda_tensors_of_every_size() -> None:
    dynamics = Dynamics(0.5, 1.0, Dspike())
    current_TBN = currents((4, 300_001)).cuda()
    assert not obstacle_on_gpu(current_TBN, dynamics)
    assert_equal(current_TBN, dynamics)
    numbers: dict[str, Any] = {"decay": 0.5, "threshold": 1.0, "surrogate": "dspike"}
    on_cpu = lif(current_TBN.cpu(), **numbers)
    assert torch.equal(lif(current_TBN, **numbers).cpu(), on_cpu)


@on_gpu
def test_two_runs_give_the_same_bits() -> None:
    current_TBN = currents((40, 10_000)).cuda().requires_grad_()
    dynamics = Dynamics(0.5, 1.0, Dspike())
    grads = [gradient(lif_fused_gpu(current_TBN, dynamics), current_TBN) for _ in range(2)]
    assert torch.equal(*grads)


@pytest.mark.skipif(INTERPRETED, reason="compiles")
def test_no_multiply_and_add_is_contracted_for_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled for sm_90, which needs no GPU, with the options of the launch."""
    pytest.importorskip("triton", reason="NOT TESTED: triton is not installed")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    _, choices = fused_gpu.launch(torch.ones(4, 8), Dynamics(0.5, 1.0, Dspike()))
    assert not _has_fma(choices)
    assert _has_fma(choices | {"enable_fp_fusion": True})  # so the test can tell


@pytest.mark.skipif(INTERPRETED, reason="compiles")
def test_every_place_in_memory_is_computed_in_64_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the intermediate code, which still has the products: none of 32 bits but in a segment."""
    pytest.importorskip("triton", reason="NOT TESTED: triton is not installed")
    from harness.engine.lif import fused_gpu_kernels as kernels

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    for kernel in ("forward", "backward"):
        _, choices = fused_gpu.launch(torch.ones(20, 8), Dynamics(0.5, 1.0, Dspike()))
        code = compiled(getattr(kernels, kernel), choices).asm["ttir"]
        narrow = re.findall(r"arith\.muli .* : (?:tensor<\d+x)?i32", code)
        assert "arith.muli" in code and all("neurons" not in line for line in narrow), narrow


def _has_fma(choices: dict[str, Any]) -> bool:
    from harness.engine.lif import fused_gpu_kernels as kernels

    return "fma.rn" in compiled(kernels.forward, choices).asm["ptx"]


class _Own:
    def derivative(self, distance: torch.Tensor) -> torch.Tensor:
        return distance


@pytest.mark.parametrize(
    ("current", "dynamics", "why"),
    [
        (torch.ones(2, 2, dtype=torch.float64), Dynamics(0.5, 1.0, Dspike()), "float64"),
        (torch.ones(2, 2), Dynamics(0.5, 1.0, _Own()), "surrogate _Own"),
        (
            torch.ones(2, 2),
            Dynamics(0.5, torch.tensor(1.0, requires_grad=True), Dspike()),
            "threshold that is learned",
        ),
    ],
)
def test_what_it_cannot_run_is_said(current: torch.Tensor, dynamics: Dynamics, why: str) -> None:
    assert obstacle_on_gpu(current, dynamics)
    with pytest.raises(HarnessError, match=why):
        lif_fused_gpu(current, dynamics)


@pytest.mark.skipif(INTERPRETED, reason="the interpreter runs on the CPU")
def test_a_tensor_on_the_cpu_is_refused_and_auto_does_not_take_it() -> None:
    dynamics = Dynamics(0.5, 1.0, Dspike())
    assert obstacle_on_gpu(torch.ones(2, 2), dynamics)
    with pytest.raises(HarnessError, match=r"triton is not installed|CUDA only"):
        lif_fused_gpu(torch.ones(2, 2), dynamics)
