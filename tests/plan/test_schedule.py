"""The order in which nodes run: longest path first, each after what it needs."""

from __future__ import annotations

from harness.parts.measurement import Numerics
from harness.plan.node import Node
from harness.plan.schedule import paths, waves


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
