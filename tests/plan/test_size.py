"""Sizes by formula, near those of the networks as built."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engine import networks as engine
from harness.plan.size import SIZES

CASES = [
    ({"kind": "resnet", "depth": 38, "single_step": ()}, engine.resnet(38, base_width=8)),
    ({"kind": "vgg", "depth": 13}, engine.vgg(13, base_width=8)),
    ({"kind": "vgg", "depth": 43}, engine.vgg(43, base_width=8)),
    ({"kind": "vgg", "depth": 25}, engine.vgg(25, base_width=8, layout="table")),
    ({"kind": "small", "stages": 3}, engine.small(base_width=8)),
]


@pytest.mark.parametrize(
    ("spec", "built"), CASES, ids=lambda case: str(case.get("kind")) if type(case) is dict else ""
)
def test_formulas_lie_near_the_networks_as_built(spec: Any, built: engine.Network) -> None:
    size = SIZES[spec["kind"]](spec | {"base_width": 8, "channels": 8, "width": 1}, 32)
    summary = engine.summarise(built)
    assert size.macs == pytest.approx(summary.macs_per_step, rel=0.1)
    assert size.parameters == pytest.approx(summary.parameters, rel=0.1)


def test_a_stage_of_one_step_is_a_third_of_a_residual_network() -> None:
    spec = {"depth": 20, "base_width": 16, "width": 1, "single_step": [1]}
    assert SIZES["resnet"](spec, 32).at_one_step == pytest.approx(1 / 3)


def test_a_run_stored_before_the_field_has_no_stage_of_one_step() -> None:
    assert SIZES["resnet"]({"depth": 20, "base_width": 16, "width": 1}, 32).at_one_step == 0


def test_a_stand_in_is_its_convolutions_and_a_small_head() -> None:
    size = SIZES["alexnet"]({"weights": "stand-in", "enlarge": 2}, 32)
    summary = engine.summarise(engine.alexnet(head="linear", classes=10), (3, 64, 64))
    assert size.parameters == pytest.approx(summary.parameters, rel=0.01)
    assert size.macs == pytest.approx(summary.macs, rel=0.4)  # borders weigh more in small images


def test_alexnet_has_the_size_that_torchvision_states() -> None:
    assert SIZES["alexnet"]({}, 224).macs == pytest.approx(0.714e9, rel=1e-3)
