"""Every network block becomes a network of the engine, field by field."""

from __future__ import annotations

import json

import pytest
import torch

from harness.engine.networks import Network
from harness.errors import HarnessError
from harness.layout import layout
from harness.parts.networks import Network as Spec
from harness.parts.networks import Resnet, Small, Vgg
from harness.spec.library import load

BLOCKS = load(layout()).blocks
RELU, LIF = BLOCKS.neuron["relu"], BLOCKS.neuron["lif"]


def built(spec: Spec, neuron: object = RELU) -> Network:
    return spec.build(neuron, classes=7, channels=2, seed=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in BLOCKS.network.blocks if name != "alexnet"])
@pytest.mark.parametrize("neuron", [RELU, LIF], ids=["relu", "lif"])
def test_every_block_can_be_built_and_sees_images_and_frames(name: str, neuron: object) -> None:
    narrow = "channels" if name == "small" else "base_width"
    spec = BLOCKS.network[name].model_copy(update={narrow: 2})
    made = built(spec, neuron)
    assert made(torch.randn(3, 2, 8, 8)).shape == (3, 7)
    assert made(torch.randn(5, 3, 2, 8, 8)).shape == (3, 7)


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        (Resnet(kind="resnet", base_width=2), "depth", 26),
        (Resnet(kind="resnet", base_width=2), "width", 2),
        (Resnet(kind="resnet", base_width=2), "stages_without_shortcut", (2,)),
        (Resnet(kind="resnet", base_width=2), "one_step_stages", (3,)),
        (Resnet(kind="resnet", base_width=2), "residual_scale", 0.5),
        (Vgg(kind="vgg", base_width=2), "depth", 19),
        (Vgg(kind="vgg", base_width=2), "layout", "table"),
        (Vgg(kind="vgg", base_width=2), "width", 2),
        (Small(kind="small", channels=2), "stages", 2),
        (Small(kind="small", channels=2), "channels", 3),
        (Small(kind="small", channels=2), "width", 2),
    ],
    ids=str,
)
def test_every_field_reaches_the_engine(spec: Spec, field: str, value: object) -> None:
    images = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(0)) * 3
    changed = spec.model_copy(update={field: value})
    assert not torch.equal(built(spec, LIF)(images), built(changed, LIF)(images))


def test_alexnet_is_built_to_be_a_stand_in_and_nothing_else() -> None:
    spec = BLOCKS.network["alexnet"].model_copy(update={"weights": "stand-in"})
    made, louder, larger = (
        built(spec.model_copy(update=change))
        for change in ({}, {"initial_scale": 1.0}, {"enlarge": 4})
    )
    assert made(torch.randn(2, 2, 32, 32)).shape == (2, 7)
    assert larger(torch.randn(2, 2, 16, 16)).shape == (2, 7)
    conv1 = [one.get_parameter("features.0.weight") for one in (made, louder)]
    assert conv1[0].std() < 0.5 * conv1[1].std()
    with pytest.raises(HarnessError, match="'imagenet', so it is not trained here"):
        built(BLOCKS.network["alexnet"])


def test_alexnet_is_artificial_only() -> None:
    with pytest.raises(HarnessError, match="artificial network"):
        built(BLOCKS.network["alexnet"], LIF)


def test_a_spec_says_all_that_the_figures_network_is() -> None:
    said = json.loads(BLOCKS.network["vgg"].model_dump_json(exclude={"deviations"}))
    assert said == {"kind": "vgg", "depth": 13, "width": 1, "base_width": 64, "layout": "figures"}
