"""Estimates keep proportion, and follow what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.layout import layout
from harness.measures.base import Run
from harness.plan.cost import Basis, Past, disk_bytes, estimate
from harness.plan.expand import expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.plan.size import resnet_macs, resnet_parameters
from harness.spec.library import load
from harness.spec.overrides import parse_override


def nodes() -> dict[str, Node]:
    library = load(layout())
    plan = expand(library, ("table1",), Setting(library.blocks, library.profile("smoke")))
    return {node.label: node for node in plan.nodes.values()}


def test_deeper_wider_and_spiking_networks_cost_more() -> None:
    found = nodes()
    seconds = {
        n: e.seconds for n, e in zip(found, estimate(found.values(), []).values(), strict=True)
    }
    ann = [seconds[f"resnet-{depth} relu digits seed 0"] for depth in (20, 38, 56, 110, 164)]
    assert ann == sorted(ann)
    wide = [
        seconds[f"resnet-20{w} lif T=4 digits seed 0"] for w in ("", " x2", " x4", " x8", " x16")
    ]
    assert wide == sorted(wide)
    assert seconds["resnet-20 lif T=4 digits seed 0"] > seconds["resnet-20 relu digits seed 0"]


def test_earlier_runs_set_the_scale() -> None:
    node, other, *_ = nodes().values()
    stated = estimate([node, other], [])
    assert stated[node.key].runs == 0
    assert stated[node.key].basis is Basis.STATED
    slow = [
        Past("train", other.spec, stated[other.key].seconds * factor) for factor in (2.0, 3.0, 40.0)
    ]
    learnt = estimate([node], slow)[node.key]
    assert learnt.runs == 3
    assert learnt.basis is Basis.SCALED
    expected = 3.0 * stated[node.key].seconds  # the median, not the mean
    assert learnt.seconds == pytest.approx(expected)


def seeded(spec: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {**spec, "seed": seed}


def test_a_run_of_another_seed_is_a_measurement_of_this_one() -> None:
    node, other, *_ = nodes().values()
    past = [Past("train", seeded(node.spec, seed), 10.0 + seed) for seed in (1, 2, 9)]
    past += [Past("train", other.spec, 5000.0)] * 5
    found = estimate([node], past)[node.key]
    assert (found.seconds, found.runs, found.basis) == (12.0, 3, Basis.MEASURED)


def test_a_measurement_of_networks_of_other_seeds_is_one_too() -> None:
    library = load(layout())
    plan = expand(library, ("fig3",), Setting(library.blocks, library.profile("smoke")))
    node = next(node for node in plan.nodes.values() if node.kind == "cka")
    sides = {side: seeded(node.spec[side], 7) for side in ("x", "y")}
    found = estimate([node], [Past("cka", {**node.spec, **sides}, 4.0)])[node.key]
    assert (found.seconds, found.basis) == (4.0, Basis.MEASURED)
    assert found.images_per_second is None
    fewer = {**node.spec, "cka": {**node.spec["cka"], "images": 1}}
    assert estimate([node], [Past("cka", fewer, 4.0)])[node.key].basis is Basis.SCALED


def test_what_older_code_took_is_no_measurement_of_todays() -> None:
    node = next(iter(nodes().values()))
    old, today = (
        Past("train", node.spec, 4.0, revision=which) for which in (1, Run.kinds["train"].revision)
    )
    assert estimate([node], [old])[node.key].basis is Basis.SCALED
    assert estimate([node], [today])[node.key].basis is Basis.MEASURED


def test_images_per_second_are_the_counted_ones_or_all_images_by_all_seconds() -> None:
    node = next(iter(nodes().values()))
    images = 5 * 2560  # epochs x images
    stated = estimate([node], [])[node.key]
    assert stated.images_per_second == pytest.approx(images / stated.seconds)
    counted = [Past("train", node.spec, 10.0, images_per_second=rate) for rate in (900.0, 1000.0)]
    assert estimate([node], counted)[node.key].images_per_second == 950.0
    uncounted = estimate([node], [Past("train", node.spec, 10.0)])[node.key]
    assert uncounted.images_per_second == images / 10.0


MEASURED = [  # label → seconds, once each: one thread of an Intel Xeon, two runs side by side
    ("table1", "resnet-164 relu digits seed 0", 37.5),
    ("table1", "resnet-164 lif T=4 digits seed 0", 75.7),
    ("table1", "resnet-20 x16 relu digits seed 0", 52.6),
    ("figA1", "vgg-43 relu digits seed 0", 8.5),
    ("figA2", "vgg-13 lif T=32 digits seed 0", 11.7),
    ("fig5", "resnet-20 lif T=128 digits seed 0", 131.5),
    ("lab-fig7", "alexnet relu digits seed 0", 26.3),
    ("fig8", "PGD on resnet-20 relu digits seed 0", 9.1),
]


@pytest.mark.parametrize(("exhibit", "label", "seconds"), MEASURED)
def test_stated_constants_are_near_what_was_measured(
    exhibit: str, label: str, seconds: float
) -> None:
    library = load(layout())
    plan = expand(library, (exhibit,), Setting(library.blocks, library.profile("smoke")))
    node = next(node for node in plan.nodes.values() if node.label == label)
    stated = estimate([node], [])[node.key].seconds
    assert 1 / 1.35 < stated / seconds < 1.35


def test_a_short_arithmetic_takes_its_share() -> None:
    library = load(layout())
    plan = expand(library, ("ablation",), Setting(library.blocks, library.profile("quick")))
    stated = {node.label: estimate([node], [])[node.key].seconds for node in plan.nodes.values()}
    short = "resnet-20 relu cifar10 seed 0"
    assert stated[short] == pytest.approx(0.7 * stated[f"{short}, recipe.precision f32"])


def test_runs_of_another_kind_or_device_say_nothing() -> None:
    node = next(iter(nodes().values()))
    gpu = dict(node.spec) | {"numerics": {"device": "cuda"}}
    others = [Past("architecture", {}, 99.0), Past("train", gpu, 1.0), Past("old", {}, 7.0)]
    assert estimate([node], others)[node.key].runs == 0


def test_macs_and_parameters_are_those_of_the_table() -> None:
    # ResNet-20 at 16 channels and 32x32: 40.8 M multiply-accumulates, 0.27 M weights (He et al.)
    assert resnet_macs(20, 16, 32) == pytest.approx(40.8e6, rel=0.08)
    assert resnet_parameters(20, 16) == pytest.approx(0.27e6, rel=0.1)
    assert disk_bytes(nodes()["resnet-20 x16 relu digits seed 0"]) > 16**2 * 1000


@pytest.mark.parametrize("network", ["vgg", "vgg-table", "small"])
def test_other_networks_cost_something_and_more_when_they_spike(network: str) -> None:
    library = load(layout())
    typed = tuple(map(parse_override, (f"network={network}", "width=1,2", "depth=13")))
    plan = expand(library, ("table1",), Setting(library.blocks, library.profile("smoke"), typed))
    found = [estimate([node], [])[node.key].seconds for node in plan.nodes.values()]
    assert all(0 < seconds < 1e4 for seconds in found)
    assert min(disk_bytes(node) for node in plan.nodes.values()) > 20_000


def seconds_of(kind: str, *exhibits: str, typed: tuple[str, ...] = ()) -> list[float]:
    library = load(layout())
    overrides = tuple(map(parse_override, typed))
    plan = expand(library, exhibits, Setting(library.blocks, library.profile("smoke"), overrides))
    chosen = [node for node in plan.nodes.values() if node.kind == kind]
    return [estimate([node], [])[node.key].seconds for node in chosen]


def test_measurements_cost_more_with_layers_time_images_and_iterations() -> None:
    depths = seconds_of("cka", "fig2", typed=("width=1",))
    assert depths == sorted(depths)
    steps = seconds_of("cka", "fig5")
    assert steps == sorted(steps)
    assert sum(seconds_of("cka", "fig2", typed=("cka.images=1024",))) > sum(
        seconds_of("cka", "fig2")
    )
    assert sum(seconds_of("attack", "fig8", typed=("attack.iterations=40",))) > 1.5 * sum(
        seconds_of("attack", "fig8")
    )
    for kind in ("time_cka", "probe", "workflow"):
        found = seconds_of(kind, "fig1", "fig6", "figA3", "figA6")
        assert found
        assert all(0 < seconds < 600 for seconds in found)


LAB = {
    "regression": ("lab-fig1", "regression.images=512"),
    "activations": ("lab-fig2", "neuron.decay=0.5"),
    "maximisation": ("lab-fig6", "ascent.steps=48"),
    "top_images": ("lab-fig9", "time_steps=2"),
}


@pytest.mark.parametrize("kind", LAB)
def test_measures_of_the_lab_cost_what_they_look_at(kind: str) -> None:
    exhibit, less = LAB[kind]
    usual, smaller = (sum(seconds_of(kind, exhibit, typed=t)) for t in ((), (less,)))
    assert 0 < smaller <= usual < 600
    assert smaller < usual or kind == "activations"


def test_a_stand_in_leaves_its_convolutions_alone() -> None:
    library = load(layout())
    plan = expand(library, ("lab-fig7",), Setting(library.blocks, library.profile("smoke")))
    train, images = plan.nodes.values()
    assert disk_bytes(train) == pytest.approx(4 * 2.56e6, rel=0.01)
    assert disk_bytes(images) > 2 * 12 * 224**2


def test_earlier_measurements_set_the_scale_of_their_kind_and_device() -> None:
    library = load(layout())
    plan = expand(library, ("fig3",), Setting(library.blocks, library.profile("smoke")))
    node = next(node for node in plan.nodes.values() if node.kind == "cka")
    stated = estimate([node], [])[node.key]
    learnt = estimate([node], [Past("cka", node.spec, 2.0 * stated.seconds)])[node.key]
    assert learnt.seconds == pytest.approx(2.0 * stated.seconds)
    gpu = {**node.spec, "x": {**node.spec["x"], "numerics": {"device": "cuda"}}}
    assert estimate([node], [Past("cka", gpu, 9.0)])[node.key].runs == 0
    assert disk_bytes(node) > 8 * 388**2


def test_stages_of_one_step_cost_less() -> None:
    library = load(layout())
    seconds = []
    for single in ("[]", "[1]", "[1, 3]"):
        typed = tuple(map(parse_override, ("neuron=lif", "width=8", f"single_step={single}")))
        setting = Setting(library.blocks, library.profile("smoke"), typed)
        nodes = expand(library, ("table1",), setting).nodes.values()
        seconds.append(sum(one.seconds for one in estimate(nodes, []).values()))
    assert seconds == sorted(seconds, reverse=True)
    assert len(set(seconds)) == 3
