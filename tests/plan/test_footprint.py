"""What a node is given in memory is what a run at least as large as it needed, or nothing."""

from __future__ import annotations

import pytest

from harness.plan.estimate import Past
from harness.plan.footprint import Footprint, alive, footprints, side_by_side
from harness.plan.node import Node
from tests.synthetic import plan

TABLE1 = {node.label: node for node in plan("table1").nodes.values()}
DEEP, SHALLOW, WIDE = (
    TABLE1[f"resnet-{name} lif T=4 cifar10 seed 0"] for name in ("164", "20", "20 x16")
)


def past(node: Node, gpu: float | None, memory: float | None = None) -> Past:
    return Past(node.kind, node.spec, 1.0, memory, gpu)


def given(node: Node, *runs: Past) -> Footprint:
    return footprints([node], runs)[node.key]


def test_size_follows_depth_width_steps_and_batch() -> None:
    ann = TABLE1["resnet-20 relu cifar10 seed 0"]
    assert alive(ann.spec) < alive(SHALLOW.spec) < alive(DEEP.spec)
    assert alive(SHALLOW.spec) < alive(WIDE.spec)
    recipe = dict(SHALLOW.spec["recipe"])
    double = dict(SHALLOW.spec) | {"recipe": recipe | {"batch": 2 * recipe["batch"]}}
    parts = dict(SHALLOW.spec) | {"recipe": recipe | {"micro_batch": 32}}
    assert alive(parts) < alive(SHALLOW.spec) < alive(double)


def test_a_map_of_two_networks_is_larger_than_that_of_one() -> None:
    maps = [node for node in plan("fig2").nodes.values() if node.kind == "cka"]
    both = next(node.spec for node in maps if node.spec["y"])
    assert alive(both) > alive(dict(both) | {"y": None})


def test_nothing_is_said_where_nothing_as_large_has_run() -> None:
    assert given(DEEP) == Footprint(None, None)
    assert given(DEEP, past(SHALLOW, 2000.0, 900.0)) == Footprint(None, None)


def test_the_smallest_run_that_is_as_large_decides_by_its_highest_peak() -> None:
    runs = [past(DEEP, 9000.0, 3000.0), past(WIDE, 5e4, 7000.0)]
    assert given(SHALLOW, *runs) == given(DEEP, *runs) == Footprint(3000.0, 9000.0)
    again = [*runs, past(SHALLOW, 2000.0, 900.0), past(SHALLOW, 2500.0, 800.0)]
    assert given(SHALLOW, *again) == Footprint(900.0, 2500.0)


def test_each_memory_is_bounded_by_the_runs_that_measured_it() -> None:
    runs = [past(SHALLOW, None, 900.0), past(DEEP, 9000.0, None)]
    assert given(SHALLOW, *runs) == Footprint(900.0, 9000.0)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("numerics", {"device": "cpu"}),
        ("numerics", {"compile": True}),
        ("recipe", {"precision": "other"}),
        ("recipe", {"checkpoint_activations": True}),
    ],
)
def test_runs_of_another_arithmetic_say_nothing(part: str, change: dict[str, object]) -> None:
    other = dict(DEEP.spec) | {part: dict(DEEP.spec[part]) | change}
    assert given(DEEP, Past("train", other, 1.0, 3000.0, 9000.0)) == Footprint(None, None)


def test_runs_of_another_kind_say_nothing_even_of_one_that_is_made_no_more() -> None:
    others = [Past("cka", {"x": DEEP.spec}, 1.0, 1.0, 1.0), Past("old", {}, 1.0, 1.0, 1.0)]
    assert given(DEEP, *others) == Footprint(None, None)


@pytest.mark.parametrize(
    ("peaks", "card", "fit"),
    [
        ([2000.0, 4000.0], 80_000.0, 13),  # 1.25 · 4 GB + 0.8 GB each
        ([4000.0, None], 80_000.0, 1),
        ([], 80_000.0, 1),
        ([70_000.0], 80_000.0, 1),
        ([4000.0], 0.0, 1),  # nobody knows the card
    ],
)
def test_a_card_holds_as_many_as_the_largest_of_them_would_fit(
    peaks: list[float | None], card: float, fit: int
) -> None:
    assert side_by_side(peaks, card) == fit
