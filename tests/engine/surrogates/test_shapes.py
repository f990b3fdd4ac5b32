"""Surrogate gradients against their formulas, in another notation."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Surrogate, Triangle

GRID = torch.linspace(-4.003, 4.002, 801, dtype=torch.float64)  # clear of every edge


@pytest.mark.parametrize(
    ("alpha", "distance", "expected"),
    [
        (1.0, -1.0, 0.0),  # the window is open: |u − v_th| < α
        (1.0, -0.5, 1.0),
        (1.0, 0.0, 1.0),
        (1.0, 1.0, 0.0),
        (0.5, 0.25, 2.0),
        (2.0, 1.5, 0.5),
    ],
)
def test_rectangle_is_equation_3(alpha: float, distance: float, expected: float) -> None:
    assert Rectangle(alpha).derivative(torch.tensor([distance])).tolist() == [expected]


@pytest.mark.parametrize(
    ("surrogate", "values"),  # at distance 0, ½, 1 and 2
    [
        # sech²(x) / (2·tanh 1), up to 1 and on it
        (Dspike(1.0, 1.0), [0.6565176, 0.5163168, 0.2757206, 0.0]),
        (Triangle(), [1.0, 0.5, 0.0, 0.0]),
        (Triangle(2.0), [0.5, 0.375, 0.25, 0.0]),
        (Triangle(0.5), [2.0, 0.0, 0.0, 0.0]),
        # 4·σ(4x)·(1 − σ(4x)), σ(2) = 0.8807971, σ(4) = 0.9820138, σ(8) = 0.9996646
        (Sigmoid(), [1.0, 0.4199743, 0.0706508, 0.0013410]),
        (Sigmoid(1.0), [0.25, 0.2350037, 0.1966119, 0.1049936]),
        # 1 / (1 + (πx)²) for α = 2, ½ / (1 + (πx/2)²) for α = 1
        (Arctan(), [1.0, 0.2884004, 0.0919997, 0.0247045]),
        (Arctan(1.0), [0.5, 0.3092432, 0.1442002, 0.0459998]),
    ],
    ids=repr,
)
def test_values_by_hand(surrogate: Surrogate, values: list[float]) -> None:
    at = torch.tensor([0.0, 0.5, 1.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(
        surrogate.derivative(at), torch.tensor(values, dtype=torch.float64), rtol=0, atol=1e-7
    )


@pytest.mark.parametrize(("temperature", "support"), [(3.0, 3.0), (1.0, 2.0), (5.0, 0.5)])
def test_dspike_is_the_derivative_of_the_scaled_tanh(temperature: float, support: float) -> None:
    x = GRID.clone().requires_grad_()
    curve = torch.tanh(temperature * x.clamp(-support, support)) / (
        2 * math.tanh(temperature * support)
    )
    (expected,) = torch.autograd.grad(curve.sum(), x)
    torch.testing.assert_close(Dspike(temperature, support).derivative(GRID), expected)


def test_dspike_with_the_published_numbers_is_the_sigmoid_of_slope_6() -> None:
    inside = GRID[GRID.abs() <= 3.0]
    sigmoid = torch.sigmoid(6.0 * inside)
    expected = 6.0 * sigmoid * (1.0 - sigmoid)
    torch.testing.assert_close(Dspike().derivative(inside), expected, rtol=0, atol=1e-7)


PRIMITIVES: list[tuple[Surrogate, Callable[[Tensor], Tensor]]] = [
    (Rectangle(0.7), lambda x: (x / 0.7).clamp(-1.0, 1.0)),
    (Dspike(), lambda x: torch.tanh(3.0 * x.clamp(-3.0, 3.0)) / (2.0 * math.tanh(9.0)) + 0.5),
    # SpikingJelly's PiecewiseQuadratic, −½α²|x|x + αx + ½, with α = 1/γ
    (Triangle(), lambda x: (x - x * x.abs() / 2).clamp(-0.5, 0.5).where(x.abs() < 1, x.sign() / 2)),
    (Sigmoid(), lambda x: torch.sigmoid(4.0 * x)),
    (Sigmoid(1.5), lambda x: torch.sigmoid(1.5 * x)),
    (Arctan(), lambda x: torch.atan(math.pi * x) / math.pi + 0.5),
    (Arctan(0.5), lambda x: torch.atan(math.pi / 4.0 * x) / math.pi + 0.5),
]


@pytest.mark.parametrize(
    ("surrogate", "primitive"), PRIMITIVES, ids=[repr(one) for one, _ in PRIMITIVES]
)
def test_each_is_the_derivative_of_its_primitive(
    surrogate: Surrogate, primitive: Callable[[Tensor], Tensor]
) -> None:
    """By central differences; the grid steps past every edge and corner."""
    h = 1e-6
    expected = (primitive(GRID + h) - primitive(GRID - h)) / (2.0 * h)
    torch.testing.assert_close(surrogate.derivative(GRID), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("surrogate", "area"),
    [
        (Rectangle(1.0), 2.0),
        (Rectangle(0.5), 2.0),
        (Dspike(), 1.0),
        (Triangle(1.0), 1.0),
        (Triangle(2.5), 1.0),
        (Sigmoid(4.0), 1.0),
        (Sigmoid(8.0), 1.0),
        # its tails fall with 1/x²: 2/π·arctan(π/2·α·4) lies within ±4
        (Arctan(2.0), 2.0 / math.pi * math.atan(4.0 * math.pi)),
        (Arctan(1.0), 2.0 / math.pi * math.atan(2.0 * math.pi)),
    ],
    ids=repr,
)
def test_the_area_says_whether_gradients_grow_with_depth(surrogate: Surrogate, area: float) -> None:
    fine = torch.linspace(-3.999, 4.001, 80_001, dtype=torch.float64)
    integral = torch.trapezoid(surrogate.derivative(fine), fine)
    assert integral.item() == pytest.approx(area, abs=1e-3)


ALL = [Rectangle(), Dspike(), Triangle(), Sigmoid(), Arctan()]


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_above_and_below_the_threshold_count_alike(surrogate: Surrogate) -> None:
    there, back = surrogate.derivative(GRID), surrogate.derivative(-GRID)
    torch.testing.assert_close(there, back, rtol=0, atol=1e-15)
    assert (there >= 0).all()


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_the_dtype_stays_and_nothing_overflows(surrogate: Surrogate) -> None:
    assert surrogate.derivative(GRID.float()).dtype == torch.float32
    far = torch.tensor([-1e30, 1e30])
    assert surrogate.derivative(far).abs().max() < 1e-6


@pytest.mark.parametrize("kind", [type(one) for one in ALL])
def test_a_number_that_is_learned_is_refused(kind: type) -> None:
    name = list(kind.model_fields)[1]  # type: ignore[attr-defined]
    with pytest.raises(HarnessError, match=f"{name}: must be a number .got a tensor"):
        kind(**{name: torch.tensor(1.0, requires_grad=True)})
