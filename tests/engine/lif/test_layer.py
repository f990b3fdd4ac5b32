"""The public layer: choice of backend, precision, faults."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.engine.lif import lif
from harness.errors import HarnessError
from harness.parts.surrogates import Rectangle
from tests.engine.lif.cases import currents, gradient

NUMBERS: dict[str, Any] = {"decay": 0.5, "threshold": 1.0, "surrogate": "rectangle"}


def test_eq_1_by_hand() -> None:
    current_TBN = torch.tensor([0.75, 0.75, 1.0, 0.5, 0.75]).view(5, 1, 1)
    assert lif(current_TBN, **NUMBERS).flatten().tolist() == [0, 1, 0, 0, 1]
    at = lif(current_TBN, **NUMBERS, fires_at_threshold=True)
    assert at.flatten().tolist() == [0, 1, 1, 0, 1]


@pytest.mark.parametrize("backend", ["auto", "numba", "torch", "reference"])
@pytest.mark.parametrize(
    ("decay", "spikes"),
    [(0.75, [0, 1, 0, 1, 0]), (0.25, [0, 0, 1, 0, 0])],  # u' = 0.75 1.3125 1 1.25 0.75, and lower
)
def test_the_decay_is_what_is_kept(decay: float, spikes: list[int], backend: str) -> None:
    """At ½, the paper's, what is kept and what is lost are the same."""
    current_TBN = torch.tensor([0.75, 0.75, 1.0, 0.5, 0.75]).view(5, 1, 1)
    made = lif(current_TBN, **(NUMBERS | {"decay": decay}), backend=backend)
    assert made.flatten().tolist() == spikes


@pytest.mark.parametrize("backend", ["auto", "numba", "torch", "reference"])
def test_all_backends_give_the_same_spikes(backend: str) -> None:
    current_TBN = currents((4, 3, 50))
    expected = lif(current_TBN, **NUMBERS, backend="reference")
    assert torch.equal(lif(current_TBN, **NUMBERS, backend=backend), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_membrane_is_float32_under_half_precision(dtype: torch.dtype) -> None:
    current_TBN = currents((8, 200)).to(dtype)
    spikes = lif(current_TBN, **NUMBERS)
    assert spikes.dtype == dtype
    assert torch.equal(spikes.float(), lif(current_TBN.float(), **NUMBERS))


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_detach_reset_changes_the_gradient_and_no_spike(backend: str) -> None:
    current_TBN = currents((4, 100)).requires_grad_()
    spikes = lif(current_TBN, **NUMBERS, backend=backend)
    detached = lif(current_TBN, **NUMBERS, backend=backend, detach_reset=True)
    assert torch.equal(spikes, detached)
    assert not torch.equal(gradient(spikes, current_TBN), gradient(detached, current_TBN))


def test_float64_and_own_surrogates_fall_to_torch() -> None:
    class Flat:
        def derivative(self, distance: torch.Tensor) -> torch.Tensor:
            return torch.full_like(distance, 0.25)

    current_TBN = torch.tensor([[0.5]], dtype=torch.float64, requires_grad=True)
    spikes = lif(current_TBN, decay=0.5, threshold=1.0, surrogate=Flat())
    spikes.backward()  # type: ignore[no-untyped-call]
    assert current_TBN.grad is not None and current_TBN.grad.item() == 0.25


def test_two_calls_know_nothing_of_each_other() -> None:
    current_TBN = currents((4, 100))
    assert torch.equal(lif(current_TBN, **NUMBERS), lif(current_TBN, **NUMBERS))


BACKENDS = ["numba", "torch", "reference"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_not_finite_gives_spikes_that_are_nan_from_there_on(
    backend: str, reset: str, bad: float
) -> None:
    for at_threshold in (False, True):
        rest: dict[str, Any] = {"reset": reset, "fires_at_threshold": at_threshold}
        current_TBN = currents((4, 50))
        clean = lif(current_TBN, **NUMBERS, **rest, backend=backend)
        current_TBN[2, 7] = bad
        spikes = lif(current_TBN, **NUMBERS, **rest, backend=backend)
        assert spikes[2:, 7].isnan().all()
        spikes[2:, 7] = clean[2:, 7]
        assert torch.equal(spikes, clean)  # neither earlier steps nor the neighbours know of it


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("surrogate", ["rectangle", "arctan"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_learned_decay_has_the_gradient_of_the_plain_loop(
    backend: str, surrogate: str, reset: str, detached: bool
) -> None:
    """float32 against the loop in float64, over enough neurons for several chunks."""
    rest: dict[str, Any] = {"reset": reset, "detach_reset": detached, "surrogate": surrogate}
    grads = []
    for dtype, name in ((torch.float32, backend), (torch.float64, "reference")):
        decay = torch.tensor(0.625, dtype=dtype, requires_grad=True)
        current_TBN = currents((6, 2100)).to(dtype).requires_grad_()
        spikes = lif(current_TBN, decay=decay, threshold=1.0, **rest, backend=name)
        weights = torch.linspace(-1.0, 2.0, spikes.numel(), dtype=dtype).view_as(spikes)
        grads.append(torch.autograd.grad(spikes, (current_TBN, decay), weights))
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_decay_in_a_tensor_gives_the_spikes_of_the_number(backend: str) -> None:
    current_TBN = currents((5, 3, 40))
    numbers: dict[str, Any] = {**NUMBERS, "backend": backend}
    spikes = lif(current_TBN, **{**numbers, "decay": torch.tensor(0.7)})
    assert torch.equal(spikes, lif(current_TBN, **{**numbers, "decay": 0.7}))


def _straight_through(
    current_TBN: torch.Tensor, threshold: torch.Tensor, reset: str, detached: bool
) -> torch.Tensor:
    """eq. 1 whose spikes have the derivative of σ(4x), by ordinary autograd of σ itself."""
    potential, spikes_T = torch.zeros_like(current_TBN[0]), []
    for current_BN in current_TBN:
        before = 0.5 * potential + current_BN
        smooth = torch.sigmoid(4 * (before - threshold))
        spikes = smooth + ((before > threshold).to(smooth.dtype) - smooth).detach()
        fired = spikes.detach() if detached else spikes
        potential = before - threshold * fired if reset == "soft" else before * (1 - fired)
        spikes_T.append(spikes)
    return torch.stack(spikes_T)


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_learned_threshold_has_its_gradient(backend: str, reset: str, detached: bool) -> None:
    current_TBN = currents((6, 40)).double()
    grads = []
    for ours in (True, False):
        threshold = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
        if ours:
            rest: dict[str, Any] = {"reset": reset, "detach_reset": detached, "backend": backend}
            numbers = NUMBERS | rest | {"threshold": threshold, "surrogate": "sigmoid"}
            spikes = lif(current_TBN, **numbers)
        else:
            spikes = _straight_through(current_TBN, threshold, reset, detached)
        weights = torch.linspace(-1.0, 2.0, spikes.numel(), dtype=spikes.dtype).view_as(spikes)
        grads.append(torch.autograd.grad(spikes, threshold, weights)[0])
    assert grads[0].item() == pytest.approx(grads[1].item(), rel=1e-12)
    assert abs(grads[0].item()) > 0.1


@pytest.mark.parametrize("backend", ["numba", "triton", "torch"])
def test_a_backend_without_gradient_for_the_threshold_refuses_to_learn_it(backend: str) -> None:
    threshold = torch.tensor(0.8, requires_grad=True)
    numbers = NUMBERS | {"threshold": threshold, "backend": backend}
    with pytest.raises(HarnessError, match="learned no gradient – use backend 'auto' or 'ref"):
        lif(currents((4, 10)), **numbers)
    if backend != "triton":
        spikes = lif(currents((4, 10)), **numbers | {"threshold": threshold.detach()})
        plain = lif(currents((4, 10)), **numbers | {"threshold": float(threshold.detach())})
        assert torch.equal(spikes, plain)


@pytest.mark.parametrize("backend", ["auto", "numba", "torch"])
def test_a_second_derivative_is_refused_instead_of_lacking_a_part(backend: str) -> None:
    current_TBN = currents((4, 10)).requires_grad_()
    spikes = lif(current_TBN * 1.0, **NUMBERS | {"surrogate": "sigmoid"}, backend=backend)
    (first,) = torch.autograd.grad(spikes.square().sum(), current_TBN, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.square().sum().backward()


@pytest.mark.parametrize(
    ("current", "change", "message"),
    [
        (torch.ones(2, 2), {"backend": "cuda"}, "known: auto, numba, reference, torch"),
        (torch.ones(2, 2), {"surrogate": "rectangel"}, "did you mean 'rectangle'"),
        (torch.ones(2, 2), {"decay": 2.0}, "0 … 1"),
        (torch.ones(2, 2), {"reset": "soft", "backend": "triton"}, "CUDA only|not installed"),
        (torch.ones(2, 2), {"threshold": torch.ones(2)}, "must be one floating number"),
        (torch.ones(2, 2), {"threshold": torch.tensor(torch.nan)}, "must be finite"),
        (torch.ones(2, 2), {"reset": "none"}, "'hard' or 'soft'"),
        (torch.ones(2, 2, dtype=torch.int64), {}, "floating"),
        (torch.tensor(1.0), {}, r"\[T, B, …\]"),
        (torch.ones(0, 2), {}, "T ≥ 1"),
    ],
)
def test_faults_name_the_place_and_the_fix(
    current: torch.Tensor, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(HarnessError, match=message):
        lif(current, **{**NUMBERS, **change})


def test_a_surrogate_object_is_taken_as_it_is() -> None:
    current_TBN = currents((2, 50)).requires_grad_()
    narrow = lif(current_TBN, **{**NUMBERS, "surrogate": Rectangle(0.01)})
    assert gradient(narrow, current_TBN).count_nonzero() < current_TBN.numel() / 4
