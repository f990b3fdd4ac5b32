"""Tables are laid out as the grids say, which is how the paper prints them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.check.golden import level_text
from harness.report.pivot import Block, Pivot, agrees, pivot, spread
from harness.spec.exhibit import Exhibit, Grid
from tests.synthetic import library, plan


def test_table_1_has_neurons_down_and_depths_then_widths_across() -> None:
    layout = pivot(plan("table1").exhibits[0])
    assert layout.rows == ("neuron",)
    assert [block.title for block in layout.blocks] == ["depth", "width"]
    assert [block.labels for block in layout.blocks] == [
        ("20", "38", "56", "110", "164"),
        ("×1", "×2", "×4", "×8", "×16"),
    ]
    assert layout.blocks[0].columns[4] == {"width": "1", "depth": "164"}
    assert layout.blocks[1].columns[0] == {"depth": "20", "width": "1"}


def test_grids_that_were_made_alike_stand_in_the_table_once() -> None:
    planned = plan("table1", overrides=("depth=20", "width=1")).exhibits[0]
    layout = pivot(planned)
    assert layout.columns() == ({"width": "1", "depth": "20"},)


def test_an_axis_that_an_ann_has_not_does_not_part_it_from_the_snn() -> None:
    layout = pivot(plan("tableB1").exhibits[0])
    snn = {"depth": "38", "width": "1", "time_steps": "4"}
    for levels in (snn, {**snn, "time_steps": ""}):
        found = [place for place, column in enumerate(layout.columns()) if agrees(levels, column)]
        assert found == [1]


@pytest.mark.parametrize(
    ("profile", "typed"),
    [
        ("smoke", ()),
        ("paper", ()),
        ("smoke", ("one_step_stages=[],[1],[1, 3]",)),
        (
            "smoke",
            (
                "one_step_stages=no-stage,stage-1",
                "stages_without_shortcut=[2],stage-1-2-3,stage-1-3",
            ),
        ),
    ],
)
def test_no_cell_of_any_exhibit_is_left_out_of_its_table(
    profile: str, typed: tuple[str, ...]
) -> None:
    left_out = []
    names = [name for name in library().exhibits if not typed or name.startswith("table")]
    for one in plan(*names, profile=profile, overrides=typed).exhibits:
        layout = pivot(one)
        for point in one.points:
            levels = {name: level_text(value) for name, value in point.axes.items()}
            if layout.blocks and not any(agrees(levels, column) for column in layout.columns()):
                left_out.append((one.exhibit.id, levels))
    assert left_out == []


def test_table_d1_has_stages_down_and_depths_across() -> None:
    layout = pivot(plan("tableD1").exhibits[0])
    assert layout.rows == ("stage",)
    assert layout.blocks[0].labels == ("20", "38", "56", "110", "164")


@pytest.mark.parametrize(
    ("grids", "rows", "titles"),
    [
        (
            (
                {
                    "neuron": ("relu", "lif"),
                    "stages_without_shortcut": ("no-stage", "stage-1-2-3"),
                    "depth": (20, 38),
                },
            ),
            ("neuron", "depth"),
            ["without shortcuts in"],
        ),
        (
            ({"time_steps": (4, 8), "stages_without_shortcut": ("no-stage", (1,))},),
            ("stages_without_shortcut",),
            ["time steps"],
        ),
        (({"neuron": ("relu",)}, {"neuron": ("lif",)}), (), ["neuron", "neuron"]),
        (({"depth": (20,)}, {"depth": (20,), "width": (1,)}), (), ["depth", "depth × width"]),
    ],
)
def test_other_shapes(grids, rows: tuple[str, ...], titles: list[str]) -> None:
    planned = plan("table1").exhibits[0]
    exhibit: Exhibit = planned.exhibit.model_copy(
        update={"grid": tuple(Grid(**one) for one in grids)}
    )
    layout = pivot(replace(planned, exhibit=exhibit, points=()))
    assert (layout.rows, [block.title for block in layout.blocks]) == (rows, titles)


def test_what_a_measure_tells_apart_stands_across_where_no_grid_does() -> None:
    one = Pivot(("target", "region", "colour"), (Block((), ({"depth": "20"},)),))
    bright = [
        {"target": "layer", "region": region, "colour": colour}
        for region in ("border", "centre")
        for colour in ("red", "blue")
    ]
    layout = spread(one, [*bright, {"target": "layer", "region": "", "colour": ""}])
    assert layout.rows == ("target", "region")
    assert layout.blocks[0].labels == ("red", "blue")
    assert layout.columns()[0] == {"depth": "20", "colour": "red"}


def test_an_axis_of_few_cells_or_many_levels_stays_down() -> None:
    one = Pivot(("layer", "step"), (Block((), ({},)),))
    few = [{"layer": "a", "step": "1"}, {"layer": "a", "step": "2"}]
    assert spread(one, [*few, *({"layer": "a", "step": ""},) * 2]) == one
    assert spread(one, [{"layer": "a", "step": str(step)} for step in range(9)]) == one
    wide = Pivot(("layer",), (Block(("depth",), ({"depth": "20"}, {"depth": "38"})),))
    assert spread(wide, [{"layer": "a"}, {"layer": "b"}]) == wide


FIXED = {"network": "resnet", "dataset": "cifar10", "recipe": "paper", "depth": 20}


def test_an_axis_by_its_path_has_columns_of_the_words_that_its_cells_have() -> None:
    grid = [{"neuron": ["relu", "lif"], "neuron.threshold": [0.5, 1.0, 2]}]
    fields = {"grid": grid, "claim": [], "derive": [], "fixed": FIXED}
    (planned,) = plan("table1", changed={"table1": fields}).exhibits
    layout = pivot(planned)
    assert [column["neuron.threshold"] for column in layout.columns()] == ["0.5", "1", "2"]
    assert layout.blocks[0].title == "neuron.threshold" and layout.rows == ("neuron",)
    levels = [{name: level_text(at) for name, at in p.axes.items()} for p in planned.points]
    lines = layout.arranged(("accuracy", at, number) for number, at in enumerate(levels))
    assert list(lines.values()) == [[0, 0, 0], [1, 2, 3]]  # the ANN has no threshold
