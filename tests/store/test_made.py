"""By what a stored run was made, and in what that differs from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.plan.node import Node
from harness.store.made import made_otherwise, ways_apart
from harness.store.manifest import Manifest
from harness.store.store import Store

HERE: Mapping[str, Any] = {
    "code": "c0de",
    "packages": {"torch": "2.15.0", "numba": "0.62", "numpy": "2.3", "pandas": "3.0"},
    "arithmetic": {"machine": "x86_64", "flags": "f1", "model name": "Xeon"},
    "gpu_arithmetic": {},
}


@pytest.fixture
def run(store: Store, publish: Callable[..., Manifest]) -> Callable[..., Manifest]:
    def made(device: str = "cpu", **environment: Any) -> Manifest:
        node = Node.of("train", 1, {"numerics": {"device": device}}, {})
        stored = store.get(node.key) or publish(node)
        return stored.model_copy(update={"environment": {**HERE, **environment}})

    return made


@pytest.mark.parametrize(
    ("environment", "ways"),
    [
        ({}, []),
        ({"code": "other"}, ["by other code"]),
        ({"code": "c0de 0ther"}, ["by other code"]),  # taken up by another
        ({"code": None}, ["by code that left no digest"]),
        (
            {"packages": {**HERE["packages"], "torch": "2.14.0"}},
            ["by torch 2.14.0 instead of 2.15.0"],
        ),
        ({"packages": {**HERE["packages"], "pandas": "2.2"}}, []),
        (
            {"arithmetic": {**HERE["arithmetic"], "flags": "f2"}},
            ["with another instruction set"],
        ),
        ({"arithmetic": {**HERE["arithmetic"], "model name": "EPYC"}}, []),
        (
            {"arithmetic": {**HERE["arithmetic"], "ATEN_CPU_CAPABILITY": "default"}},
            ["with ATEN_CPU_CAPABILITY=default"],
        ),
        (
            {"arithmetic": {**HERE["arithmetic"], "ONEDNN_MAX_CPU_ISA": "SSE41"}},
            ["with ONEDNN_MAX_CPU_ISA=SSE41"],
        ),
        ({"gpu_arithmetic": {"NVIDIA_TF32_OVERRIDE": "1"}}, []),  # not of a run on a processor
        ({"arithmetic": "none"}, ["with another instruction set"]),
    ],
)
def test_in_what_a_run_on_a_processor_was_made_otherwise(
    run: Callable[..., Manifest], environment: dict[str, Any], ways: list[str]
) -> None:
    assert list(ways_apart(run(**environment), HERE)) == ways


def test_a_gpu_has_variables_of_its_own_and_any_processor(run: Callable[..., Manifest]) -> None:
    other = {"machine": "aarch64", "ATEN_CPU_CAPABILITY": "default"}
    assert list(ways_apart(run("cuda", arithmetic=other), HERE)) == []
    override = {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}
    found = list(ways_apart(run("cuda", gpu_arithmetic=override), HERE))
    assert found == ["with TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1"]
    found = list(ways_apart(run("cuda"), {**HERE, "gpu_arithmetic": override}))
    assert found == ["without TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1"]


def test_runs_are_counted_in_a_sentence(run: Callable[..., Manifest]) -> None:
    same = run()
    other = run(code="other", packages={**HERE["packages"], "torch": "2.14.0"})
    found = made_otherwise([same, other, run(code="other")], HERE)
    assert (found.runs, found.of) == (2, 3)
    assert found.sentence == (
        "2 of 3 stored runs were made otherwise than they would be here: "
        "2 by other code, 1 by torch 2.14.0 instead of 2.15.0"
    )
    assert not made_otherwise([same], HERE)
    assert made_otherwise([same], HERE).sentence == ""
