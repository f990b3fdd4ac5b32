"""`--only`: cells of an exhibit keep their keys, golden values and claims; of the others nothing is
said.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.check.golden import level_text
from harness.check.status import Status
from harness.check.verdict import Verdict, judge
from harness.errors import HarnessError
from harness.frames.frame import frame_of
from harness.plan.expand import Plan, Point
from harness.report.pivot import agrees, pivot
from harness.spec.overrides import parse_only
from tests.browser.whole import whole
from tests.synthetic import PROJECT, library, plan

EXHIBITS = library().exhibits
WITH_CLAIMS = ("table1", "table2", "table3", "tableD1", "fig6", "fig8", "figA6")


def selections(*names: str) -> Iterator[tuple[str, str]]:
    """An exhibit, and the first and the last level of each of its axes."""
    for name in names:
        exhibit = EXHIBITS[name]
        for axis in exhibit.varied():
            levels = [level for grid in exhibit.grid for level in grid.axes().get(axis, ())]
            yield from (
                (name, f"{axis}={level}") for level in dict.fromkeys((levels[0], levels[-1]))
            )


def verdict_of(made: Plan, profile: str = "smoke") -> Verdict:
    (planned,) = made.exhibits
    frame = frame_of(planned, whole(made), {})
    return judge(planned, frame, library().profile(profile), [PROJECT / "golden"], {})


def but_neuron(point: Point) -> dict[str, object]:
    """Its levels, but for those of its neuron."""
    return {name: at for name, at in point.axes.items() if name not in ("neuron", "time_steps")}


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_cells_that_are_asked_for_are_those_of_the_exhibit(name: str) -> None:
    every = plan(name, profile="smoke")
    for _, only in selections(name):
        axis, _, level = only.partition("=")
        part = plan(name, profile="smoke", only=(only,))
        (planned,) = part.exhibits
        points = every.exhibits[0].points
        wanted = [point for point in points if str(point.axes[axis]) == level]
        if axis == "time_steps":  # and the ANN beside them
            sizes = [but_neuron(point) for point in wanted]
            beside = [p for p in points if p.axes[axis] is None and but_neuron(p) in sizes]
            wanted = [point for point in points if point in wanted or point in beside]
        assert list(planned.points) == wanted
        assert len(planned.points) + len(planned.left_out) == len(every.exhibits[0].points)
        assert part.nodes == {key: every.nodes[key] for key in planned.nodes}
        needed = {point.key for point in wanted}
        assert set(part.nodes) == needed | {
            key for one in needed for key in every.nodes[one].inputs.values()
        }
        columns = pivot(planned).columns()
        for point in planned.points:
            levels = {name: level_text(at) for name, at in point.axes.items()}
            assert any(agrees(levels, column) for column in columns)
        for column in columns:
            assert column.get(axis, level) in (level, "")


@pytest.mark.parametrize("name", WITH_CLAIMS)
def test_what_is_said_of_a_part_is_what_is_said_of_the_whole(name: str) -> None:
    everything = verdict_of(plan(name, profile="smoke"))
    cells = {(one.quantity, *one.levels.values()): one for one in everything.cells}
    claims = {one.id: one for one in everything.claims}
    not_asked = 0
    for _, only in selections(name):
        part = verdict_of(plan(name, profile="smoke", only=(only,)))
        assert part.asked and part.golden == everything.golden and not part.overridden
        for one in part.cells:
            assert repr(one) == repr(cells[one.quantity, *one.levels.values()])  # NaN is NaN
        for claim in part.claims:
            if claim.status is Status.NOT_ASKED:
                not_asked += 1
                assert not claim.counted and not claim.measured
            else:
                assert repr(claim) == repr(claims[claim.id])
    assert not_asked or not claims


def test_a_claim_of_which_every_place_is_asked_for_is_put_to_the_test() -> None:
    found = {one.id: one for one in verdict_of(plan("table1", only=("depth=20",)), "paper").claims}
    assert found["gap-falls-with-width"].status in (Status.PASS, Status.FAIL)
    assert found["gap-not-monotone-with-depth"].status is Status.NOT_ASKED
    assert found["gap-not-monotone-with-depth"].sentence.startswith("not asked for")


def test_a_difference_is_asked_for_where_both_of_its_sides_are() -> None:
    both = verdict_of(plan("table1", only=("depth=20,width=1",)), "paper")
    assert [one.quantity for one in both.cells] == ["accuracy", "accuracy", "gap"]
    assert both.name == "table1 (2 of 18 cells asked for)" and both.is_held
    alone = verdict_of(plan("table1", only=("depth=20,width=1,neuron=lif",)), "paper")
    assert [one.quantity for one in alone.cells] == ["accuracy"]


def test_levels_are_typed_as_values_and_an_axis_may_come_again() -> None:
    (depth, width) = parse_only(("depth=20,32..38,width=1", "depth=56"))
    assert (depth.axis, depth.typed) == ("depth", "depth=20,32..38,56")
    assert depth.levels == (20, *range(32, 39), 56) and width.levels == (1,)
    (stages,) = parse_only(("one_step_stages=[1, 3],no-stage",))
    assert stages.levels == ("stage-1-3", "no-stage")
    points = plan("table1", only=("depth=30..60", "width=1")).exhibits[0].points
    assert {point.axes["depth"] for point in points} == {38, 56}


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("depth", "must read name=level – as in depth=20,32"),
        ("=20", "must read name=level"),
        ("depth=,width=1", "must read name=level"),
        ("dept=20", "these exhibits have no such axis – did you mean 'depth'"),
        ("layer=bn1", "no such axis – known: .*depth"),
        ("depth=20,32", "have no cell at depth 32 – there are 20, 38, 56, 110, 164"),
        ("depth=40..50", "have no cell at depth 40..50"),
        ("depth=38,width=2", "no cell of table1, fig8 lies there"),
        ("seed=0", "seeds are no cells – --set seed"),
    ],
)
def test_what_selects_nothing_is_refused(only: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        plan("table1", "fig8", only=(only,))


def test_an_exhibit_without_such_cells_is_passed_over_by_name() -> None:
    made = plan("table1", "fig2", "fig8", only=("neuron=lif",))
    assert [one.exhibit.id for one in made.exhibits] == ["table1", "fig8"]
    assert made.passed_over == ("fig2",)  # whose measure names its neurons
