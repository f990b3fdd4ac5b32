"""Surrogates by name."""

from __future__ import annotations

import math
from functools import partial

import pytest

from harness.engine.lif.dynamics import surrogate_of
from harness.errors import HarnessError
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Surrogate, Triangle


def test_names_are_the_published_numbers_and_objects_pass_through() -> None:
    assert surrogate_of("rectangle") == Rectangle(alpha=1.0)
    assert surrogate_of("dspike") == Dspike(temperature=3.0, support=3.0)
    assert surrogate_of("triangle") == Triangle(gamma=1.0)
    assert surrogate_of("sigmoid") == Sigmoid(alpha=4.0)
    assert surrogate_of("arctan") == Arctan(alpha=2.0)
    own = Rectangle(0.25)
    assert surrogate_of(own) is own


@pytest.mark.parametrize("bad", ["dspik", "relu", 3.0])
def test_anything_else_is_refused(bad: object) -> None:
    with pytest.raises(HarnessError, match="surrogate"):
        surrogate_of(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_widths_must_be_finite_and_positive(number: float) -> None:
    makers = [
        lambda: Dspike(support=number),
        *(partial(one, number) for one in Surrogate.kinds.values()),
    ]
    for make in makers:
        with pytest.raises(HarnessError, match=r"must be (greater than 0|a finite number)"):
            make()
