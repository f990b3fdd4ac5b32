"""bfloat16 inside kernels, and the multiply-add of one rounding."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

pytest.importorskip("numba")

from harness.engine.cpu.floats import fma, jit, put, widened


@jit
def narrowed(source: np.ndarray, target: np.ndarray) -> None:
    for j in range(source.size):
        put(target, j, source[j])


@jit
def widen(source: np.ndarray, target: np.ndarray) -> None:
    for j in range(source.size):
        target[j] = widened(source[j])


@jit
def multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray, out: np.ndarray) -> None:
    for j in range(a.size):
        out[j] = fma(a[j], b[j], c[j])


NUMBERS = torch.cat(
    [
        torch.randn(4096, generator=torch.Generator().manual_seed(0)) * 100,
        torch.tensor([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 1e-40, 3.4e38]),
        torch.tensor([1.00390625, 1.01171875, -1.00390625]),  # half way: to the even neighbour
    ]
)


def test_rounding_to_bfloat16_is_torchs() -> None:
    found = np.empty(len(NUMBERS), np.uint16)
    narrowed(NUMBERS.numpy(), found)
    expected = NUMBERS.bfloat16()
    as_floats = torch.from_numpy(found.view(np.int16)).view(torch.bfloat16)
    torch.testing.assert_close(as_floats, expected, rtol=0, atol=0, equal_nan=True)


def test_widening_gives_the_number_back() -> None:
    bits = NUMBERS.bfloat16().view(torch.int16).numpy().view(np.uint16)
    found = np.empty(len(bits), np.float32)
    widen(bits, found)
    torch.testing.assert_close(
        torch.from_numpy(found), NUMBERS.bfloat16().float(), rtol=0, atol=0, equal_nan=True
    )


def test_the_multiply_add_rounds_once() -> None:
    draw = np.random.default_rng(0)
    a, b = (draw.standard_normal(2000).astype(np.float32) for _ in range(2))
    c = (-a * b).astype(np.float32)  # cancels: what is left is the rounding of the product
    found = np.empty_like(a)
    multiply_add(a, b, c, found)
    exact = [
        float(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)))
        for x, y, z in zip(a, b, c, strict=True)
    ]
    assert np.array_equal(found, np.array(exact, np.float32))
    assert not np.array_equal(found, a * b + c)
