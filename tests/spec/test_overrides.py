"""`--set`: typed by the models, recorded as typed, refused with a suggestion."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import HarnessError
from harness.layout import layout
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.spec.library import load
from harness.spec.overrides import parse_override

VALUES = [
    ("recipe.epochs=2", "recipe.epochs", (2,)),
    ("seed=0,1,2", "seed", (0, 1, 2)),
    ("seed=0..3", "seed", (0, 1, 2, 3)),
    ("seed = 7, 0..2 ,5..5", "seed", (7, 0, 1, 2, 5)),
    ("recipe.lr = 0.05", "recipe.lr", (0.05,)),
    (
        "stages_without_shortcut=no-stage,stage-1-2-3",
        "stages_without_shortcut",
        ("no-stage", "stage-1-2-3"),
    ),
    ("stages_without_shortcut=[2]", "stages_without_shortcut", ((2,),)),
    (
        "stages_without_shortcut=stage-1-2-3,[1, 3]",
        "stages_without_shortcut",
        ("stage-1-2-3", (1, 3)),
    ),
    ("one_step_stages=[],[1, 3]", "one_step_stages", ((), (1, 3))),
    ("recipe.nesterov=true", "recipe.nesterov", (True,)),
    ("network.shortcut=identity", "network.shortcut", ("identity",)),
    ("recipe.epochs=0,2..4", "recipe.epochs", (0, 2, 3, 4)),
    ("neuron.threshold=0.5, 1", "neuron.threshold", (0.5, 1)),
]

REFUSED = [
    ("recipe.epochs", "must read name=value"),
    ("=2", "must read name=value"),
    ("recipe.epochs=", "must read name=value"),
    ("recipe.epoch=2", "did you mean 'recipe.epochs'"),
    ("sead=1", "did you mean 'seed'"),
    ("neuron.time_steps=1,2", "it is the axis 'time_steps'"),
    ("neuron.surrogate=1,{kind='dspike'}", "must be a number, a word, true or false"),
    ("neuron.treshold=0.5,1", "did you mean 'neuron.threshold'"),
    ("seed=0..99999", "at most 10,000 make sense"),
    ("residual=full", "it is called 'stages_without_shortcut' now"),
    ("network.single_step=1", "it is called 'network.one_step_stages' now"),
    ("ascent.steps=2", "it is called 'activation_maximisation.steps' now"),
    ("network.given=1", "no axis or field"),  # only --weights may
    ("network.published=1", "no axis or field"),
    ("dataset.files=1", "no axis or field"),  # pins data; only --repacked-data may
]

WRONG = [
    ("recipe.epochs=two", "--set recipe.epochs=two: .*integer"),
    ("recipe.epochs=-1", "--set recipe.epochs=-1: .*greater than or equal to 0"),
    ("seed=zero", "--set seed=zero: .*integer"),
    ("seed=3..1", "--set seed=3..1: .*integer"),
    ("seed=0..x", "--set seed=0..x: .*integer"),
    ("depth=21", "--set depth=21: must be 6n"),
    ("neuron.threshold=0.5,-1", "--set neuron.threshold=0.5,-1: .*greater than 0"),
    ("recipe.lr=0.1,fast", "--set recipe.lr=0.1,fast: .*must be a valid number"),
    ("recipe.epochs=2,2", "--set recipe.epochs=2,2: .*stands twice"),
    ("neuron.decay=2", "--set neuron.decay=2: .*less than or equal to 1"),
]


def plan_of(*typed: str) -> Plan:
    library = load(layout())
    overrides = tuple(parse_override(one) for one in typed)
    return expand(
        library, ("table1",), Setting(library.blocks, library.profile("smoke"), overrides)
    )


def runs(plan: Plan) -> list[Any]:
    return [point.run for point in plan.exhibits[0].points]


@pytest.mark.parametrize(("typed", "name", "values"), VALUES)
def test_a_value_is_read_as_its_type(typed: str, name: str, values: tuple[Any, ...]) -> None:
    override = parse_override(typed)
    assert (override.name, override.values, override.typed) == (name, values, typed)


@pytest.mark.parametrize(("typed", "said"), REFUSED)
def test_what_cannot_be_set_is_refused(typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        parse_override(typed)


@pytest.mark.parametrize(("typed", "said"), WRONG)
def test_a_wrong_value_is_refused_where_it_was_typed(typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        plan_of(typed)


def test_a_field_reaches_every_run_that_has_it() -> None:
    assert {run.recipe.epochs for run in runs(plan_of("recipe.epochs=2"))} == {2}
    decays = {
        run.neuron.decay for run in runs(plan_of("neuron.decay=0.25")) if run.neuron.kind == "lif"
    }
    assert decays == {0.25}


def test_an_axis_replaces_the_grid_that_varies_it_and_leaves_the_others() -> None:
    points = plan_of("depth=20").exhibits[0].points
    assert {point.axes["depth"] for point in points} == {20}
    assert {point.axes["width"] for point in points} == {1, 2, 4, 8, 16}


def test_seeds_multiply_every_point() -> None:
    points = plan_of("seed=0,1,2").exhibits[0].points
    assert len(points) == 3 * 18
    assert {point.run.seed for point in points} == {0, 1, 2}


def test_an_axis_that_is_not_varied_is_fixed() -> None:
    steps = {r.neuron.time_steps for r in runs(plan_of("time_steps=2")) if r.neuron.kind == "lif"}
    assert steps == {2}


def test_the_plan_remembers_what_was_typed() -> None:
    typed = [one.typed for one in plan_of("recipe.epochs=2", "seed=1").exhibits[0].overridden]
    assert typed == ["recipe.epochs=2", "seed=1"]
    assert plan_of().exhibits[0].overridden == ()
