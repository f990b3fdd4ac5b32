"""Probes on the blocks of a network: streamed, yet those of the features at once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.engine.features import image_features
from harness.engine.networks import record, small
from harness.engine.probes import (
    block_names,
    linear_probe,
    probe_blocks,
)
from harness.engine.training import Normalisation
from harness.errors import HarnessError
from harness.parts.probes import Probe, Ridge, Sgd
from tests.engine.training.cases import images, network

NORMAL = Normalisation((0.5,) * 3, (0.25,) * 3)
DATA = images(train=300, test=90)  # more than one batch
SGD = Sgd(epochs=2, batch=64)


def features(layer: str, split: str, pool: int | None, neuron: str) -> tuple[Tensor, Tensor]:
    pixels, labels = DATA.split(split)
    ((_, feature),) = record(network(neuron).eval(), NORMAL(pixels), [layer])
    return image_features(feature, pool=pool), labels


def test_blocks_are_named_in_execution_order() -> None:
    assert block_names(network()) == ("s1.b0", "s2.b0", "s3.b0")


@pytest.mark.parametrize("neuron", ["relu", "lif"])
@pytest.mark.parametrize("probe", [Ridge(), Ridge(pool=2), SGD], ids=repr)
def test_each_is_the_probe_on_the_features_at_once(neuron: str, probe: Probe) -> None:
    made = network(neuron)
    got, pool = probe_blocks(made, DATA, NORMAL, probe, seed=4), probe.pool
    assert tuple(got) == ("s1.b0", "s2.b0", "s3.b0")
    for layer, accuracy in got.items():
        splits = (*features(layer, "train", pool, neuron), *features(layer, "test", pool, neuron))
        wanted = linear_probe(*splits, probe, seed=4)
        # batches of another size round otherwise: one image of 90 may change sides
        assert accuracy.test == pytest.approx(wanted.test, abs=1.2), layer
        assert accuracy.train == pytest.approx(wanted.train, abs=1.2), layer


def test_it_reads_what_the_layer_holds() -> None:
    got = probe_blocks(network("relu"), DATA, NORMAL, Ridge(pool=4), layers=["conv1", "s3.b0"])
    assert got["conv1"].test > 95  # bright bars, seen by nearly raw pixels


def test_the_network_is_left_as_it_was() -> None:
    made = network().train()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    probe_blocks(made, DATA, NORMAL, Ridge())
    assert made.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


def test_moments_over_the_memory_limit_are_refused_before_they_are_made() -> None:
    with pytest.raises(HarnessError, match="regression memory"):
        probe_blocks(network(), DATA, NORMAL, Ridge(pool=0), memory_limit=10_000)


def test_a_network_without_blocks_needs_names() -> None:
    made = small(2, base_width=2, classes=3)
    with pytest.raises(HarnessError, match="no residual blocks"):
        probe_blocks(made, DATA, NORMAL, Ridge())
    assert set(probe_blocks(made, DATA, NORMAL, Ridge(), layers=["bn1", "bn2"])) == {"bn1", "bn2"}


def test_an_unknown_layer_or_method_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"unknown name 's4\.b0'"):
        probe_blocks(network(), DATA, NORMAL, Ridge(), layers=["s4.b0"])
    with pytest.raises(HarnessError, match="probe"):
        probe_blocks(network(), DATA, NORMAL, "svm")  # type: ignore[arg-type]


def test_the_first_layer_that_is_not_finite_is_named() -> None:
    made = network("relu")
    broken = made.get_submodule("s2.b0")
    broken.register_forward_hook(lambda layer, inputs, output: output * float("nan"))
    with pytest.raises(HarnessError, match=r"probe s2\.b0: some features are NaN or infinite"):
        probe_blocks(made, DATA, NORMAL, Ridge())
