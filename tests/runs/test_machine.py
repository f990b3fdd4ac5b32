"""A run that a machine would compute otherwise than its key says does not start there."""

from __future__ import annotations

import pytest
import torch

from harness.errors import ExitCode, HarnessError
from harness.parts.measurement import Numerics
from harness.runs.machine import prepare, prepared
from harness.runs.place import Place
from tests.runs.test_revisions import place


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A machine with a GPU, to look at."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    return place(tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize(
    ("float32", "override", "capability", "problem", "hint"),
    [
        ("tf32", "", (7, 5), "capability 7.5 has no TF32", "float32=ieee"),
        ("tf32", "0", (9, 0), "NVIDIA_TF32_OVERRIDE makes 'ieee' of 'tf32'", "unset NVIDIA_TF32"),
        ("ieee", "1", (9, 0), "NVIDIA_TF32_OVERRIDE makes 'tf32' of 'ieee'", "unset NVIDIA_TF32"),
    ],
)
def test_other_products_than_the_keys_are_refused(
    here: Place,
    monkeypatch: pytest.MonkeyPatch,
    float32: str,
    override: str,
    capability: tuple[int, int],
    problem: str,
    hint: str,
) -> None:
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", override)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    with pytest.raises(HarnessError) as caught:
        prepare(Numerics(device="cuda", float32=float32), here)
    assert caught.value.where == "numerics.float32" and caught.value.code == ExitCode.RUN_FAILED
    assert problem in caught.value.problem and hint in caught.value.hint


@pytest.mark.parametrize("float32", ["ieee", "tf32"])
def test_a_measurement_has_the_products_of_its_numerics(here: Place, float32: str) -> None:
    before = torch.backends.cudnn.conv.fp32_precision
    with prepared(Numerics(device="cuda", float32=float32), here):
        assert torch.backends.cudnn.conv.fp32_precision == float32
        assert torch.backends.cuda.matmul.fp32_precision == float32
    assert torch.backends.cudnn.conv.fp32_precision == before
