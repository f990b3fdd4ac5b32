"""Surrogates by name."""

from __future__ import annotations

import math
from functools import partial

import pytest

from harness.engine.surrogates import (
    SURROGATES,
    Arctan,
    Dspike,
    Rectangle,
    Sigmoid,
    Triangle,
    surrogate_by_name,
)
from harness.errors import HarnessError


def test_names_are_the_published_numbers_and_objects_pass_through() -> None:
    assert surrogate_by_name("rectangle") == Rectangle(alpha=1.0)
    assert surrogate_by_name("dspike") == Dspike(temperature=3.0, support=3.0)
    assert surrogate_by_name("triangle") == Triangle(gamma=1.0)
    assert surrogate_by_name("sigmoid") == Sigmoid(alpha=4.0)
    assert surrogate_by_name("arctan") == Arctan(alpha=2.0)
    own = Rectangle(0.25)
    assert surrogate_by_name(own) is own


@pytest.mark.parametrize("bad", ["dspik", "relu", 3.0])
def test_anything_else_is_refused(bad: object) -> None:
    with pytest.raises(HarnessError, match="surrogate"):
        surrogate_by_name(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_widths_must_be_finite_and_positive(number: float) -> None:
    makers = [
        lambda: Dspike(support=number),
        *(partial(one, number) for one in SURROGATES.values()),
    ]
    for make in makers:
        with pytest.raises(HarnessError, match="above 0"):
            make()
