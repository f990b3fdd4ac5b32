"""Curves as a reader meets them: which, over what, where each point stands."""

from __future__ import annotations

import math

import pytest

from harness.frames.frame import Frame, frame_of
from harness.plan.course import Band
from harness.report.curves import HEIGHT, WIDTH, Chart, charts, learning
from harness.report.pivot import pivot
from tests.frames.stored import Stored, residual
from tests.synthetic import SyntheticStore, plan


def drawn(name: str, store: Stored | SyntheticStore) -> tuple[Chart, ...]:
    (planned,) = store.plan.exhibits
    frame: Frame = frame_of(planned, store, {})
    return charts(frame, pivot(planned))


def scaling(holes: tuple[int, ...] = (), se: float | None = None) -> Stored:
    """Fig. 2 with maps of two sizes: depths have other numbers of layers than widths."""
    store = Stored(plan("fig2"))
    for point in store.plan.exhibits[0].points:
        rows = residual(3 if point.axes["depth"] == 38 else 2)
        n = len(rows)
        values = [[0.25 + 0.5 * (i == j) for j in range(n)] for i in range(n)]
        for hole in holes:
            values[hole][hole] = math.nan
        why = [{"y": list(holes), "x": list(holes), "why": "silent"}] if holes else []
        content = {"y": rows, "x": rows, "undefined": why}
        arrays = {"values": values} if se is None else {"values": values, "se": [[se] * n] * n}
        store.keep(point, "cka.json", content, **arrays)
    return store


def test_a_chart_for_each_block_of_the_grid_with_what_tells_curves_apart() -> None:
    by_depth, by_width, *_ = drawn("fig2", scaling())
    assert by_depth.title == "Diagonal, width ×1"
    words = [series.word for series in by_depth.series]
    assert words == ["depth 20", "depth 38", "depth 56", "depth 110", "depth 164"]
    assert by_width.title == "Diagonal, depth 20"
    assert by_width.series[0].word == "width ×1"
    assert by_width.described["series"][0]["names"][:3] == ["conv1", "bn1", "s1.b0.relu1"]


def test_curves_of_other_lengths_share_the_width() -> None:
    by_depth, by_width, *_ = drawn("fig2", scaling())
    assert all(f"L{WIDTH:.1f} " in series.path for series in by_depth.series)
    assert by_depth.ticks_x == ()
    assert by_depth.x == "layer, from the first to the last"
    assert by_width.ticks_x[0][1] == "1"


def test_cka_stands_between_0_and_1() -> None:
    chart = drawn("fig2", scaling())[0]
    assert [text for _, text in chart.ticks_y] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert chart.series[0].path.startswith(f"M0.0 {HEIGHT / 4:.1f}")


def test_a_curve_has_a_band_where_its_errors_are_known() -> None:
    chart = drawn("fig2", scaling(holes=(5,), se=0.0625))[0]
    by = 1.959964 * 0.0625 / (1 - 0.75**2)
    low, high = (math.tanh(math.atanh(0.75) + sign * by) for sign in (-1, 1))
    said = chart.described["series"][0]["ends"]
    assert said[0] == [pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4)]
    assert said[5] is None
    band = chart.series[0].band
    assert band.startswith(f"M0.0 {(1 - high) * HEIGHT:.1f}L")
    assert f"L0.0 {(1 - low) * HEIGHT:.1f}Z" in band  # it comes back to where it began
    assert band.count("Z") == 2  # on both sides of the hole
    assert chart.has_bands
    without = drawn("fig2", scaling())[0]
    assert not without.has_bands
    assert without.described["series"][0]["ends"] is None


def test_a_network_is_like_itself_and_no_curve_says_so() -> None:
    store = Stored(plan("fig4"))
    for point in store.plan.exhibits[0].points:
        rows = residual(2)
        values = [[1.0 - 1e-9 if i == j else 0.5 for j in rows] for i in rows]
        store.keep(point, "cka.json", {"y": rows, "x": rows, "undefined": []}, values=values)
    assert not any(chart.title.startswith("Diagonal") for chart in drawn("fig4", store))
    values[0][0] = 0.9
    store.keep(point, "cka.json", {"y": rows, "x": rows, "undefined": []}, values=values)
    assert any(chart.title.startswith("Diagonal") for chart in drawn("fig4", store))


def test_a_curve_breaks_where_it_is_undefined() -> None:
    chart = drawn("fig2", scaling(holes=(1, 3)))[0]
    path, dots = chart.series[0].path, chart.series[0].dots
    assert path.count("M") == 3
    assert len(dots) == 2  # before and between the holes, with nothing to be joined to
    assert chart.described["series"][0]["values"][:4] == [0.75, None, 0.75, None]


def test_what_runs_along_nothing_has_no_chart() -> None:
    assert drawn("table1", SyntheticStore(plan("table1"))) == ()


@pytest.mark.parametrize("steps", [4, 32])
def test_what_would_take_too_many_charts_has_none(steps: int) -> None:
    made = plan("fig6", overrides=(f"time_steps={steps}",))
    store = Stored(made)
    names = ["s1.b0", "s2.b0", "s3.b0"]
    (point,) = made.exhibits[0].points
    arrays = {name: [[0.5] * steps] * steps for name in names}
    store.keep(point, "cka.json", {"layers": names}, **arrays)
    titles = [chart.title for chart in drawn("fig6", store)]
    assert "Time mean" in titles
    assert ("Step mean" in titles) == (steps == 4)


def test_a_network_that_was_never_trained_has_no_learning_curve() -> None:
    store = SyntheticStore(plan("table1", only=("depth=20,38", "width=1")))
    (planned,) = store.plan.exhibits
    for depths, titles in (((), ["depth 20, width ×1", "depth 38, width ×1"]),
                           ((38,), ["depth 20, width ×1"])):  # fmt: skip
        for point in planned.points:
            if point.axes["depth"] in depths:
                store.contents[point.key] |= {"history": [], "best_epoch": 0}
        found = learning(frame_of(planned, store, {}), pivot(planned))
        assert found is not None and [panel.title for panel in found.panels] == titles
    for point in planned.points:
        store.contents[point.key] |= {"history": [], "best_epoch": 0}
    assert learning(frame_of(planned, store, {}), pivot(planned)) is None


def test_a_known_course_is_a_band_behind_its_curves() -> None:
    store = SyntheticStore(plan("table1", only=("depth=20,38", "width=1")))
    (planned,) = store.plan.exhibits
    frame = frame_of(planned, store, {})
    (settings,) = {
        one.settings
        for one in frame.curves
        if one.axes == {"neuron": "lif", "depth": 20, "width": 1}
    }
    course = [
        Band(epoch, quantity, low, low + 20.0, low, 1.0, 5)
        for epoch, low in ((1, 20.0), (3, 60.0))
        for quantity in ("test_accuracy", "train_accuracy")
    ]
    found = learning(frame, pivot(planned), {settings: course})
    assert found is not None
    known, other = found.panels
    assert not other.bands
    band, train = known.bands
    assert (band.is_faint, train.is_faint) == (False, True)
    tone = next(tone for tone, word in found.legend if word == "SNN")
    assert band.tone == tone
    # epochs 1 and 3 of 5; 20, 60, then back along 80 and 40 percent of 90
    assert band.points == "0.0,72.000 80.0,36.000 80.0,18.000 0.0,54.000"
