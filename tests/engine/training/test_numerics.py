"""Settings of torch are put back."""

from __future__ import annotations

import os

import pytest
import torch

from harness.engine.training.numerics import autocast, determinism
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
