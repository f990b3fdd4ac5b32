"""Levels agree as text or as numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from harness.check.predicates.level import agrees, same


@pytest.mark.parametrize(
    ("written", "wanted", "answer"),
    [
        ("0", 0.0, True),
        ("0.001", 0.001, True),
        ("0.0010", 0.001, True),
        (20, "20", True),
        (20, 2, False),
        ("stage-1", "stage-1", True),
        ("stage-1", 1, False),
        ("nan", "nan", True),
    ],
)
def test_same(written: Any, wanted: Any, answer: bool) -> None:
    assert same(written, wanted) is answer


@pytest.mark.parametrize(
    ("levels", "answer"),
    [
        ({"neuron": "lif", "depth": 20}, True),
        ({"neuron": "lif", "depth": 56}, True),
        ({"neuron": "lif", "depth": 38}, False),
        ({"neuron": "relu", "depth": 20}, False),
        ({"neuron": pd.NA, "depth": 20}, True),  # a gap of neurons has none
        ({"depth": 20}, True),
    ],
)
def test_agrees(levels: dict[str, Any], answer: bool) -> None:
    assert agrees(levels, {"neuron": "lif", "depth": (20, 56)}) is answer
