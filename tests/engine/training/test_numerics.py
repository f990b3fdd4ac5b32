"""Settings of torch are put back."""

from __future__ import annotations

import os

import pytest
import torch

from harness.engine.training.numerics import autocast, determinism, full_precision
from harness.errors import HarnessError


def settings() -> tuple[object, ...]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
        os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    )


def test_everything_is_restored_even_after_an_error() -> None:
    before = settings()
    with pytest.raises(RuntimeError, match="inside"), determinism(True):
        assert torch.are_deterministic_algorithms_enabled()
        raise RuntimeError("inside")
    assert settings() == before


def test_unwanted_it_does_nothing() -> None:
    before = settings()
    with determinism(False):
        assert settings() == before


def test_precisions() -> None:
    weight = torch.ones(2, 2)
    for name, dtype in {"f32": torch.float32, "bf16": torch.bfloat16}.items():
        with autocast(name, torch.device("cpu")):
            assert (weight @ weight).dtype == dtype
    with pytest.raises(HarnessError, match="did you mean 'bf16'"):
        autocast("bf61", torch.device("cpu"))


def float32() -> tuple[object, ...]:
    """All that says how float32 is multiplied; torch raises where its two ways to say it differ."""
    known = torch.backends
    return (
        torch.get_float32_matmul_precision(),
        known.cuda.matmul.allow_tf32,
        known.cudnn.allow_tf32,
        *(one.fp32_precision for one in (known.cuda.matmul, known.cudnn.conv, known.mkldnn.matmul)),
    )


@pytest.mark.parametrize("older", ["highest", "high", "medium"])
def test_float32_is_float32_inside_and_can_be_asked_for(older: str) -> None:
    usual = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(older)
        before = float32()
        with full_precision():
            assert float32() == ("highest", False, False, "ieee", "ieee", "ieee")
            with torch.backends.cudnn.flags(enabled=True):  # reads what it puts back
                pass
        assert float32() == before
    finally:
        torch.set_float32_matmul_precision(usual)
