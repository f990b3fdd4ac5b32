"""Surrogate gradients against their formulas, in another notation."""

from __future__ import annotations

import math

import pytest
import torch

from harness.engine.surrogates import Dspike, Rectangle, Surrogate, surrogate_by_name
from harness.errors import HarnessError

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


@pytest.mark.parametrize(
    ("surrogate", "area"), [(Rectangle(1.0), 2.0), (Rectangle(0.5), 2.0), (Dspike(), 1.0)]
)
def test_the_area_says_whether_gradients_grow_with_depth(surrogate: Surrogate, area: float) -> None:
    fine = torch.linspace(-3.999, 4.001, 80_001, dtype=torch.float64)
    integral = torch.trapezoid(surrogate.derivative(fine), fine)
    assert integral.item() == pytest.approx(area, abs=1e-3)


@pytest.mark.parametrize("surrogate", [Rectangle(), Dspike()])
def test_the_dtype_stays(surrogate: Surrogate) -> None:
    assert surrogate.derivative(GRID.float()).dtype == torch.float32


def test_names_are_the_published_numbers_and_objects_pass_through() -> None:
    assert surrogate_by_name("rectangle") == Rectangle(alpha=1.0)
    assert surrogate_by_name("dspike") == Dspike(temperature=3.0, support=3.0)
    own = Rectangle(0.25)
    assert surrogate_by_name(own) is own


@pytest.mark.parametrize("bad", ["dspik", "relu", 3.0])
def test_anything_else_is_refused(bad: object) -> None:
    with pytest.raises(HarnessError, match="surrogate"):
        surrogate_by_name(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_widths_must_be_finite_and_positive(number: float) -> None:
    for make in (lambda: Rectangle(number), lambda: Dspike(support=number), lambda: Dspike(number)):
        with pytest.raises(HarnessError, match="above 0"):
            make()
