"""What is kept of an array sees every change of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.canary.task import KEPT, projections, series_of, shortened


def test_projections_by_hand() -> None:
    norm, golden, silver = projections([3.0, 4.0])
    assert norm == 5.0
    assert golden == pytest.approx(3 * 0.118033988749895 + 4 * -0.26393202250021)
    assert silver == pytest.approx(3 * -0.08578643762690 + 4 * 0.32842712474619)


@pytest.mark.parametrize("change", [lambda a: a[::-1], lambda a: np.roll(a, 1), lambda a: -a])
def test_an_array_that_is_turned_or_shifted_projects_elsewhere(change: object) -> None:
    numbers = np.sin(np.arange(100.0))
    assert callable(change)
    moved = projections(change(numbers))
    assert moved[0] == pytest.approx(projections(numbers)[0])
    assert moved[1:] != pytest.approx(projections(numbers)[1:], rel=0.01)


def test_a_record_becomes_series_by_path() -> None:
    record = {"layers": [{"name": "a", "x": 1}, {"name": "b", "x": math.nan}], "of": {"k": None}}
    assert series_of(record) == {"layers.name": ["a", "b"], "layers.x": [1.0, None], "of.k": [None]}


def test_many_numbers_are_kept_as_how_many_are_undefined_and_their_projections() -> None:
    many = [None, *map(float, range(KEPT))]
    assert shortened(many) == [1.0, *projections([0.0, *map(float, range(KEPT))])]
