"""Every neuron block trains: from the spec through the engine to the weights that are left."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from safetensors.torch import load_file

from harness.layout import layout
from harness.plan.resolve import Setting, resolve
from harness.runs import train
from harness.spec.library import load
from tests.runs.test_revisions import TINY, place, tiny

SPIKING = sorted(
    name for name, block in load(layout()).blocks.neuron.blocks.items() if block.is_spiking
)


@pytest.mark.parametrize("neuron", SPIKING)
def test_a_spiking_block_trains(tmp_path: Path, neuron: str) -> None:
    # with residual_scale 0 the first step would leave the decays inside the branches as they were
    small = (
        *TINY,
        "network.base_width=2",
        "network.residual_scale=1.0",
        "time_steps=2",
    )
    node = tiny("table1", *small, f"neuron={neuron}")[0]
    here = place(tmp_path)
    train.run(node.full, here, lambda progress: None)
    metrics = json.loads((here.files / "metrics.json").read_text())
    assert math.isfinite(metrics["history"][0]["train_loss"])
    left = load_file(here.files / "network.safetensors")
    learned = {name: float(one) for name, one in left.items() if name.endswith("decay_logit")}
    assert len(learned) == (7 if neuron == "plif" else 0)  # ResNet-8 has 7 activations
    assert all(logit != 0.0 for logit in learned.values())  # started at decay ½


def test_neurons_that_differ_in_one_number_have_names_and_keys_of_their_own() -> None:
    nodes = [tiny("table1", *TINY, f"neuron={name}")[0] for name in SPIKING]
    assert len({node.key for node in nodes}) == len(SPIKING)
    named = {name: node.label for name, node in zip(SPIKING, nodes, strict=True)}
    assert " lif T=4 " in named["lif"] and " lif soft T=4 " in named["lif-soft"]
    assert " plif T=4 " in named["plif"] and " if T=4 " in named["if"]


def test_every_spiking_block_gets_the_recipe_of_snns() -> None:
    library = load(layout())
    setting = Setting(library.blocks, library.profile("paper"))
    axes = {"dataset": "cifar10", "network": "resnet", "recipe": "paper"}
    for name in library.blocks.neuron.blocks:
        made = resolve({**axes, "neuron": name}, setting, scaled=True, places={})
        assert (made.recipe.momentum == 0.9) == (name in SPIKING), name  # the ANN's is 0.8
