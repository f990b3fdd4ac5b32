"""The order in which nodes run: longest path first, each after what it needs."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.parts.measurement import Numerics
from harness.plan.node import Node
from harness.plan.schedule import paths, resting_on, waves
from tests.synthetic import plan


def node(name: str, *needs: str) -> Node:
    return Node(name, "train", 1, {}, {need: need for need in needs}, name, Numerics())


def test_a_path_is_the_longest_chain_that_waits_for_a_node() -> None:
    nodes = [node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c"), node("e", "stored")]
    seconds = {"a": 2.0, "b": 1.0, "c": 5.0, "d": 1.0, "e": 3.0, "stored": 100.0}
    assert paths(nodes, seconds) == {"a": 8.0, "b": 2.0, "c": 6.0, "d": 1.0, "e": 3.0}


def test_waves_need_only_those_before_the_longest_first() -> None:
    nodes = [node("m", "t1", "t2"), node("t1"), node("t2"), node("n", "m"), node("k", "stored")]
    seconds = {"m": 1.0, "t1": 2.0, "t2": 9.0, "n": 1.0, "k": 20.0}
    made = [[one.key for one in wave] for wave in waves(nodes, seconds)]
    assert made == [["k", "t2", "t1"], ["m"], ["n"]]


def labels(*trainings: str) -> set[str]:
    nodes = plan("table1", "fig8", "tableD1").nodes
    return {nodes[key].label for key in resting_on(nodes, trainings)}


def test_what_rests_on_trainings_is_what_needs_no_others() -> None:
    ann, snn = "resnet-20 relu cifar10 seed 0", "resnet-20 lif T=4 cifar10 seed 0"
    assert labels(ann) == {ann, f"PGD on {ann}"}
    assert labels(ann, snn) == {ann, snn, f"PGD on {ann}", f"PGD on {snn}"}
    assert labels("resnet-20 [rl]* cifar10 seed 0") == labels(ann, snn)
    nodes = plan("fig2").nodes
    pair = [key for key, node in nodes.items() if node.label in (ann, snn)]
    found = resting_on(nodes, [key[:8] for key in pair])
    assert [nodes[key].kind for key in nodes if key in found] == ["train", "train", "cka"]


def test_what_is_no_training_of_the_plan_is_told_with_the_nearest() -> None:
    with pytest.raises(HarnessError, match="did you mean 'resnet-20 relu cifar10 seed 0'"):
        labels("resnet-20 relu cifar10 seed 1")
    with pytest.raises(HarnessError, match="is no training of this plan"):
        labels("0" * 8)
