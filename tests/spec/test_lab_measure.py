"""Units and weights say all that they need, and nothing that means something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.measures.base import Measure, Side
from harness.parts.networks import Alexnet, GivenWeights, PublishedWeights

MEASURE: TypeAdapter[Any] = TypeAdapter(Measure)
PUBLISHED = PublishedWeights(name="w.pth", checksum=f"sha256:{'0' * 64}")
GIVEN = GivenWeights(checksum=f"sha256:{'1' * 64}", path="/here/w.pth")


def measure(**said: Any) -> Any:
    return MEASURE.validate_python(said)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            {"kind": "maximisation", "activation_maximisation": "a", "position": (1, 1)},
            "a position needs its channel",
        ),
        ({"kind": "top_images"}, "needs channel and position"),
        ({"kind": "top_images", "channel": 1}, "needs channel and position"),
        (
            {"kind": "maximisation", "activation_maximisation": "a", "channel": -1},
            "greater than or equal to 0",
        ),
        ({"kind": "kernels", "tiles": "grey"}, "'rgb' or 'triples'"),
    ],
    ids=str,
)
def test_a_unit_is_a_layer_a_channel_of_it_or_a_neuron_of_that(said: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        measure(layer="l", **said)


def test_measures_of_the_lab_name_their_blocks_and_sides() -> None:
    pair = {"x": Side(neuron="relu"), "y": Side(neuron="lif")}
    fit = measure(kind="regression", layer="bn2", regression="ridge", **pair)
    assert fit.blocks == {"regression": ("ridge",)}
    assert fit.sides == (Side(neuron="relu"), Side(neuron="lif"))
    assert measure(kind="maximisation", layer="l", activation_maximisation="pixel").blocks == {
        "activation_maximisation": ("pixel",)
    }
    assert measure(kind="kernels", layer="l", tiles="rgb").sides == (Side(),)


@pytest.mark.parametrize(("weights", "given"), [("file", None), ("imagenet", GIVEN)])
def test_weights_of_a_file_need_one_and_no_other_has_one(weights: Any, given: Any) -> None:
    with pytest.raises(HarnessError, match="just when one is given"):
        Alexnet(kind="alexnet", weights=weights, published=PUBLISHED, given=given)


def test_a_file_of_weights_may_be_given() -> None:
    made = Alexnet(kind="alexnet", weights="file", published=PUBLISHED, given=GIVEN)
    assert made.given == GIVEN
