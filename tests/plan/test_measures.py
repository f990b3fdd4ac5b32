"""Measures become nodes that share trainings; what is measured enters the key, names do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.canonical import identity_key
from harness.errors import HarnessError
from harness.measures.base import Run
from harness.plan.expand import Plan, expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.spec.overrides import parse_override
from tests.plan.test_identity import leaves, other, replaced
from tests.synthetic import library, plan

NODES = 231  # of all exhibits under `smoke`, each once however many exhibits ask for it


def measured(made: Plan, kind: str) -> list[Node]:
    return [node for node in made.nodes.values() if node.kind == kind]


def test_all_exhibits_together_are_so_many_nodes() -> None:
    published = [id for id, one in library().exhibits.items() if one.source.document != "beyond"]
    made = plan("table1", *published, profile="smoke")
    asked = sum(len(one.nodes) for one in made.exhibits)
    assert len(made.nodes) == NODES
    assert asked > 1.5 * NODES  # what sharing saves


def test_a_pair_needs_both_trainings_and_comes_after_them() -> None:
    made = plan("fig3", profile="smoke")
    assert [node.kind for node in made.nodes.values()] == ["train", "train", "cka"]
    node = measured(made, "cka")[0]
    kinds = {name: made.nodes[key].spec["neuron"]["kind"] for name, key in node.inputs.items()}
    assert kinds == {"x": "lif", "y": "relu"}
    assert {made.nodes[key].spec["network"]["depth"] for key in node.inputs.values()} == {110}


def test_a_network_with_itself_is_trained_once() -> None:
    made = plan("fig4", profile="smoke")
    assert len(measured(made, "train")) == 4
    assert all(
        set(node.inputs) == {"x"} and node.spec["y"] is None for node in measured(made, "cka")
    )


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("fig3", "fig2", 3),  # the pair of depth 110 and its map
        ("fig2", "table1", 18),  # every training
        ("fig5", "fig2", 3),  # ResNet-20 at T = 4
        ("figC2", "fig2", 3),  # both first initialisations
        ("fig6", "figA12", 3),  # the SNNs; other layers, so other maps
        ("figA2", "figA3", 3),
        ("figA9", "figA4", 2),
        ("lab-fig2", "lab-fig3", 2),  # the CNN and its activations
        ("lab-fig1", "lab-fig9", 1),  # the SNN
        ("beyond-width", "fig2", 18),  # every training
        ("beyond-input", "beyond-width", 15),  # one sweep has all estimates
        ("beyond-ceiling", "figC1", 6),  # all trainings, and the maps of two seeds of one kind
        ("beyond-untrained-time", "fig6", 6),
    ],
)
def test_exhibits_share_what_is_the_same(one: str, other: str, shared: int) -> None:
    made = plan(one, other)
    assert len(set(made.exhibits[0].nodes) & set(made.exhibits[1].nodes)) == shared


def test_the_other_initialisation_is_the_next_seed() -> None:
    points = plan("figC2", profile="smoke").exhibits[0].points
    seeds = {p.measure.map: tuple(one.seed for one in p.trainings) for p in points}  # type: ignore[union-attr]
    assert seeds == {
        "init0-init0": (0, 0),
        "init1-init1": (1, 1),
        "init0-init1": (0, 1),
        "init1-init0": (1, 0),
        "ann-ann": (0, 1),
        "snn-snn": (0, 1),
    }
    assert {point.seed for point in points} == {0}


def test_two_measures_give_a_point_each_at_the_same_axes() -> None:
    points = plan("figA6").exhibits[0].points
    assert len(points) == 8
    assert len({point.key for point in points}) == 8
    assert {(p.axes["stages_without_shortcut"], p.measure.kind) for p in points} == {
        (residual, kind)
        for residual in ("no-stage", "stage-1", "stage-2", "stage-3")
        for kind in ("cka", "probe")
    }


def test_other_estimates_come_with_the_unbiased_one() -> None:
    with pytest.raises(HarnessError, match="also: comes with the unbiased estimator"):
        plan("beyond-input", overrides=("cka.estimator=biased",))


@pytest.mark.parametrize("exhibit", ["fig1", "fig3", "fig6", "fig8", "figA6", "beyond-input"])
def test_every_leaf_of_a_measurement_is_part_of_its_key(exhibit: str) -> None:
    for node in plan(exhibit).nodes.values():
        said = json.loads(json.dumps(node.spec))
        for path, value in leaves(said):
            changed = replaced(said, path, other(value))
            key = identity_key(node.kind, Run.kinds[node.kind].revision, changed, node.inputs)
            assert key != node.key, path
        lost = dict.fromkeys(node.inputs, "0" * 64)
        if lost:
            assert identity_key(node.kind, Run.kinds[node.kind].revision, said, lost) != node.key


def test_what_a_map_is_called_is_no_part_of_a_key() -> None:
    first = measured(plan("fig3"), "cka")[0]
    named = [n for n in measured(plan("fig2"), "cka") if n.key == first.key]
    assert len(named) == 1
    assert "map" not in first.spec


def test_a_profile_and_a_user_change_fields_of_measurements() -> None:
    small = measured(plan("fig3", profile="smoke"), "cka")[0]
    large = measured(plan("fig3"), "cka")[0]
    assert large.spec["cka"] == {"estimator": "unbiased", "images": 4096, "batch": 1024}
    assert small.spec["cka"]["images"] < 2000
    typed = measured(plan("fig3", overrides=("cka.images=1024",)), "cka")[0]
    assert typed.spec["cka"]["images"] == 1024
    attacked = measured(plan("fig8", overrides=("attack.iterations=7",)), "attack")
    assert {node.spec["attack"]["iterations"] for node in attacked} == {7}


@pytest.mark.parametrize(
    ("exhibit", "typed", "said"),
    [
        ("fig3", "cka.images=1000", r"--set cka\.images=1000: images 1000 are no whole number"),
        ("fig8", "attack.iterations=0", r"--set attack\.iterations=0: .*greater than or equal"),
        ("fig2", "neuron=lif-text", r"--set neuron=lif-text: the measure of fig2 names"),
        ("fig2", "cka.image=3", r"did you mean 'cka\.images'"),
    ],
)
def test_a_bad_change_is_refused_where_it_was_typed(exhibit: str, typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        plan(exhibit, overrides=(typed,))


def test_seeds_of_a_pair_move_together() -> None:
    made = plan("figC1", profile="smoke", overrides=("seed=3,4", "neuron=relu"))
    trained = {node.spec["seed"] for node in measured(made, "train")}
    assert trained == {3, 4, 5}
    assert {point.seed for point in made.exhibits[0].points} == {3, 4}


def test_a_plan_is_a_function_of_what_it_is_made_of() -> None:
    books = library()
    setting = Setting(books.blocks, books.profile("paper"), (parse_override("seed=0"),))
    first, second = (expand(books, ("fig2", "figA6"), setting) for _ in range(2))
    assert list(first.nodes) == list(second.nodes)


def test_labels_tell_networks_apart() -> None:
    labels = [node.label for node in plan("fig4").nodes.values()]
    assert len(set(labels)) == len(labels)
    said: Any = " ".join(labels)
    assert "resnet-56 without shortcuts in s2 lif T=4" in said


OPEN = {
    "measure": [{"kind": "cka", "map": "ann-snn", "x": {}, "y": {"neuron": "relu"}}],
    "grid": [{"neuron": ["lif", "lif-text", "if"], "neuron.threshold": [0.5, 1]}],
    "claim": [],
}
"""Fig. 2 of the neurons that its grid names, each beside the same ANN."""


def test_a_side_that_names_no_neuron_has_that_of_the_grid() -> None:
    (planned,) = plan("fig2", profile="smoke", changed={"fig2": OPEN}).exhibits
    assert planned.index[:3] == ("neuron", "neuron.threshold", "map")
    assert len(planned.points) == 6
    for point in planned.points:
        x, y = point.trainings
        block = library().blocks.neuron[point.axes["neuron"]]
        assert (x.neuron.kind, y.neuron.kind) == (block.kind, "relu")
        assert x.neuron.surrogate == block.surrogate
        assert str(point.axes["neuron.threshold"]) == f"{x.neuron.threshold:g}"
    assert len({point.key for point in planned.points}) == 6
    assert len({point.trainings[1] for point in planned.points}) == 1


def test_a_pair_that_names_its_neurons_has_none_beside_a_measure_that_leaves_them_open() -> None:
    both = {**OPEN, "grid": [{"neuron": ["lif", "relu"]}]}
    pair = {"kind": "cka", "map": "pair", "x": {"neuron": "lif"}, "y": {"neuron": "relu"}}
    both["measure"] = [pair, {"kind": "probe", "probe": "ridge"}]
    (planned,) = plan("fig2", profile="smoke", changed={"fig2": both}).exhibits
    found = [(point.measure.kind, point.axes["neuron"]) for point in planned.points]
    assert found == [("cka", None), ("probe", "lif"), ("probe", "relu")]


@pytest.mark.parametrize(
    ("name", "part", "block", "said"),
    [
        ("fig8", "attack", "fgsm", "FGSM on resnet-20 relu"),
        ("fig8", "cka", "biased", "PGD on resnet-20 relu"),
        ("figA6", "probe", "sgd", "probes of resnet-56"),
    ],
)
def test_a_block_of_a_measure_is_an_axis(name: str, part: str, block: str, said: str) -> None:
    before = plan(name, profile="smoke").exhibits[0]
    made = plan(name, profile="smoke", overrides=(f"{part}={block}",))
    (planned,) = made.exhibits
    assert part not in before.held
    touched = [point for point in planned.points if part in point.measure.blocks]
    assert touched and not {point.key for point in touched} & {point.key for point in before.points}
    wanted = getattr(library().blocks, part)[block]
    for point in touched:
        assert point.measure.blocks[part] == (block,)
        full = getattr(made.nodes[point.key].full, part)
        assert (type(full), getattr(full, "kind", "")) == (
            type(wanted),
            getattr(wanted, "kind", ""),
        )
    assert any(made.nodes[point.key].label.startswith(said) for point in touched)
    others = {point.key for point in planned.points} - {point.key for point in touched}
    assert others <= {point.key for point in before.points}


def test_measures_that_a_block_makes_equal_are_one() -> None:
    measures = [point.measure for point in plan("lab-fig1").exhibits[0].points]
    assert [one.blocks.get("regression") for one in measures][:2] == [("ridge",), ("descent",)]
    made = plan("lab-fig1", overrides=("regression=descent",)).exhibits[0]
    assert [point.measure for point in made.points] == [measures[1], *measures[2:]]


def test_several_blocks_of_a_measure_are_rows_of_their_names() -> None:
    made = plan("fig8", profile="smoke", overrides=("attack=pgd,fgsm", "attack.images=64,128"))
    found = {
        (
            point.axes["attack"],
            point.axes["attack.images"],
            made.nodes[point.key].spec["attack"]["kind"],
        )
        for point in made.exhibits[0].points
    }
    assert found == {(kind, images, kind) for kind in ("pgd", "fgsm") for images in (64, 128)}


def test_a_grid_may_name_the_blocks_of_a_measure() -> None:
    grid = [{"neuron": ["lif"], "attack": ["pgd", "pgd-pixels"]}]
    (planned,) = plan("fig8", changed={"fig8": {"grid": grid, "claim": []}}).exhibits
    assert planned.index[:2] == ("neuron", "attack")
    with pytest.raises(HarnessError, match="names blocks that differ in it: pgd, pgd-pixels"):
        plan(
            "fig8", overrides=("attack.units=pixel",), changed={"fig8": {"grid": grid, "claim": []}}
        )


def test_a_field_in_which_the_blocks_of_a_grid_differ_is_no_axis_beside_them() -> None:
    grid = [{"neuron": ["lif", "lif-soft"], "neuron.reset": ["hard", "soft"]}]
    with pytest.raises(HarnessError, match=r"table1.toml: neuron.reset: .* differ in it"):
        plan("table1", changed={"table1": {"grid": grid, "claim": [], "derive": []}})
