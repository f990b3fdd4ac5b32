"""Settings of torch are put back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.training.numerics import Float32, autocast, determinism, float32_products
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


def products() -> tuple[object, ...]:
    """What both of torch's interfaces say of products of float32; a reading raises where the two
    disagree.
    """
    known: Any = torch.backends
    newer = (known.cuda.matmul, known.cudnn.conv, known.cudnn.rnn, known.mkldnn.matmul)
    older = (known.cuda.matmul.allow_tf32, known.cudnn.allow_tf32)
    said = (*older, torch.get_float32_matmul_precision())
    return (*(one.fp32_precision for one in newer), *said)


INSIDE: dict[Float32, tuple[object, ...]] = {
    "ieee": ("ieee", "ieee", "ieee", "ieee", False, False, "highest"),
    "tf32": ("tf32", "tf32", "tf32", "ieee", True, True, "high"),
}


@pytest.mark.parametrize("how", INSIDE)
@pytest.mark.parametrize("elsewhere", ["highest", "high", "medium"])
def test_products_of_float32_are_as_asked_for_and_as_before_afterwards(
    how: Float32, elsewhere: str
) -> None:
    usual = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(elsewhere)
        before = products()
        with pytest.raises(RuntimeError, match="inside"), float32_products(how):
            assert products() == INSIDE[how]
            with float32_products("ieee"):  # CKA's, whatever the run's
                assert products() == INSIDE["ieee"]
            assert products() == INSIDE[how]
            raise RuntimeError("inside")
        assert products() == before
    finally:
        torch.set_float32_matmul_precision(usual)


def test_settings_of_the_newer_interface_alone_come_back_too() -> None:
    conv = torch.backends.cudnn.conv
    usual = conv.fp32_precision
    try:
        conv.fp32_precision = "ieee"  # conv and rnn now differ, so the older one cannot be read
        with float32_products("ieee"):
            assert products() == INSIDE["ieee"]
        assert conv.fp32_precision == "ieee"
    finally:
        conv.fp32_precision = usual


def test_the_environment_does_not_decide() -> None:
    program = """
from harness.engine.training.numerics import float32_products
from tests.engine.training.test_numerics import INSIDE, products
before = products()
assert before[0] == "tf32"
for how in INSIDE:
    with float32_products(how):
        assert products() == INSIDE[how]
assert products() == before
"""
    environment = os.environ | {
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


@pytest.mark.parametrize(("wanted", "tuned", "found"), [(True, True, False), (False, True, True)])
def test_cudnn_times_its_kernels_only_where_bits_may_differ(
    wanted: bool, tuned: bool, found: bool
) -> None:
    with determinism(wanted, tuned=tuned):
        assert torch.backends.cudnn.benchmark is found
    assert not torch.backends.cudnn.benchmark
