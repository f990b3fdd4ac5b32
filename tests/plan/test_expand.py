"""Exhibits become each node once; the profile decides the scale; nothing imports torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.errors import HarnessError
from harness.layout import layout
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.spec.library import load
from harness.spec.overrides import parse_override


def plan_of(*names: str, profile: str = "smoke") -> Plan:
    library = load(layout())
    return expand(library, names, Setting(library.blocks, library.profile(profile)))


def test_table1_is_eighteen_trainings_since_x1_is_depth_20() -> None:
    plan = plan_of("table1")
    assert len(plan.nodes) == 18
    assert len(plan.exhibits[0].points) == 18
    cells = {(p.axes["neuron"], p.axes["depth"], p.axes["width"]) for p in plan.exhibits[0].points}
    columns = [(d, 1) for d in (20, 38, 56, 110, 164)] + [(20, w) for w in (2, 4, 8, 16)]
    assert cells == {(n, d, w) for n in ("relu", "lif") for d, w in columns}


def test_every_node_stands_once_however_many_exhibits_ask_for_it() -> None:
    assert set(plan_of("table1", "table1", "tableD1").nodes) == set(
        plan_of("tableD1", "table1").nodes
    )


def test_a_profile_scales_the_trainings_and_not_the_architectures() -> None:
    smoke, paper = plan_of("table1", "tableD1"), plan_of("table1", "tableD1", profile="paper")
    small, large = smoke.exhibits[0].points[0].run, paper.exhibits[0].points[0].run
    assert (small.dataset.name, small.network.base_width, small.numerics.device) == (
        "digits",
        4,
        "cpu",
    )
    assert (large.dataset.name, large.network.base_width, large.recipe.epochs) == (
        "cifar10",
        16,
        300,
    )
    assert smoke.exhibits[1].nodes == paper.exhibits[1].nodes


def test_ann_and_snn_get_their_own_recipe() -> None:
    runs = [point.run for point in plan_of("table1", profile="paper").exhibits[0].points]
    momenta = {(run.neuron.kind, run.recipe.momentum, run.recipe.precision) for run in runs}
    assert momenta == {("relu", 0.8, "f32"), ("lif", 0.9, "fp16")}


def test_planning_imports_no_torch() -> None:
    code = (
        "from pathlib import Path; from harness.layout import layout;"
        "import sys; from harness.cli import app; app.resolved_commands();"
        "from harness.app import *; import harness.cli.health;"
        "p = open_project(layout(store=Path('/nonexistent-store')), profile='smoke');"
        "surveyed(p, ['all']);"
        "bad = {'torch', 'matplotlib', 'pandas', 'numba'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=layout().project)


def test_stages_of_one_step_are_an_axis_whose_levels_are_words() -> None:
    library = load(layout())
    typed = (
        parse_override("one_step_stages=[],[1],[1, 3]"),
        parse_override("stages_without_shortcut=[2]"),
    )
    plan = expand(library, ("table1",), Setting(library.blocks, library.profile("smoke"), typed))
    points = plan.exhibits[0].points
    assert {point.axes["one_step_stages"] for point in points} == {
        "no-stage",
        "stage-1",
        "stage-1-3",
    }
    assert {point.run.network.one_step_stages for point in points} == {(), (1,), (1, 3)}
    assert len({point.key for point in points}) == len(points)
    assert any(" s1+3 at T=1 " in node.label for node in plan.nodes.values())


def test_networks_without_depth_are_named_by_their_kind() -> None:
    library = load(layout())
    typed = tuple(map(parse_override, ("network=small,vgg-table", "depth=13", "width=1,2")))
    plan = expand(library, ("tableD1",), Setting(library.blocks, library.profile("smoke"), typed))
    assert {node.label for node in plan.nodes.values()} == {
        "small as built",
        "small x2 as built",
        "vgg-13 of Table D.2 as built",
        "vgg-13 x2 of Table D.2 as built",
    }


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ("one_step_stages=[],[1],[1, 3]", "one_step_stages=no-stage,stage-1,stage-1-3"),
        (
            "stages_without_shortcut=[2],stage-1-2-3,[1, 3]",
            "stages_without_shortcut=stage-2,stage-1-2-3,stage-1-3",
        ),
    ],
)
def test_a_list_of_stages_has_one_notation_in_grid_and_point(lists: str, words: str) -> None:
    library = load(layout())
    settings = [
        Setting(library.blocks, library.profile("smoke"), (parse_override(typed),))
        for typed in (lists, words)
    ]
    found = [expand(library, ("table2",), setting).exhibits[0] for setting in settings]
    axis, _, said = words.partition("=")
    for planned in found:
        assert planned.exhibit.grid[0].axes()[axis] == tuple(said.split(","))
        assert {point.axes[axis] for point in planned.points} == set(said.split(","))
    assert found[0].nodes == found[1].nodes


@pytest.mark.parametrize(
    "typed",
    [
        "stages_without_shortcut=all,stage-1",
        "one_step_stages=1,stage-2",
        "stages_without_shortcut=[3, 1]",
        "stages_without_shortcut=[4]",
    ],
)
def test_what_is_no_list_of_stages_is_refused_with_what_would_be(typed: str) -> None:
    library = load(layout())
    setting = Setting(library.blocks, library.profile("smoke"), (parse_override(typed),))
    with pytest.raises(HarnessError, match=r"must be no-stage, .* or alike") as refused:
        expand(library, ("table2",), setting)
    assert refused.value.where == f"--set {typed}"
