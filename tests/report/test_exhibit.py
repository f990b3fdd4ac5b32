"""What the page shows of an exhibit, as values: numbers beside golden ones, as the paper has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.check.status import Word
from harness.frames.frame import frame_of
from harness.report import wording
from harness.report.claims import index
from harness.report.exhibit import ExhibitView, exhibit_view
from harness.report.page import Page, headline, page
from harness.report.pivot import pivot
from harness.report.render import style
from harness.report.results import assess
from harness.report.table import GridBody, listing
from tests.frames.stored import Stored, layer
from tests.synthetic import PROJECT, SyntheticStore, library, metrics, plan


def viewed(store: SyntheticStore | Stored, profile: str = "paper") -> tuple[Page, ExhibitView]:
    chosen = library().profile(profile)
    (one,) = assess(store.plan, chosen, store, [PROJECT / "golden"], {})
    manifests = {key: store.get(key) for key in store.plan.nodes}
    view = exhibit_view(one, store.plan, library(), chosen, manifests, {}, None)
    claims = index([one], library())
    return page(
        [one], [view], claims, chosen, "harness reproduce table1", "harness", "a study"
    ), view


def row(body: GridBody, role: str) -> list[str]:
    return next([cell.text for cell in line.cells] for line in body.rows if line.role == role)


def test_table_1_in_the_layout_of_the_paper() -> None:
    _, view = viewed(SyntheticStore(plan("table1")))
    assert [body.label for body in view.grid.bodies] == ["ANN", "SNN", "gap (ANN minus SNN)"]
    snn = view.grid.bodies[1]
    depths = ["89.67", "91.14", "91.94", "91.83", "92.05"]
    widths = ["89.67", "92.00", "93.96", "94.48", "94.73"]
    assert row(snn, "measured") == depths + widths
    assert row(snn, "golden") == depths + widths
    gap = row(view.grid.bodies[2], "difference")
    assert gap[3] == "+0.01"  # 92.37 − 91.83 is 0.54, printed as 0.53


def test_lif_is_the_snn_only_where_no_other_neuron_stands_beside_it() -> None:
    made = plan("table1", overrides=("neuron=relu,lif,lif-soft",))
    shown, view = viewed(SyntheticStore(made))
    assert [body.label for body in view.grid.bodies] == [
        "ANN", "lif", "lif-soft", "gap (ANN minus lif)"
    ]  # fmt: skip
    assert {word for _, word in view.curves.legend} == {"ANN", "lif", "lif-soft"}
    told = [label for block in pivot(made.exhibits[0]).blocks for label in block.labels]
    made = plan("table1", overrides=("neuron=lif,lif-soft", "depth=20", "width=1"))
    told += [label for block in pivot(made.exhibits[0]).blocks for label in block.labels]
    assert "SNN" not in "".join([*told, *(one.what for one in shown.problems)])


def test_an_accuracy_beside_other_quantities_is_called_so() -> None:
    made = plan("table1", profile="quick", changed={"table1": {"golden": None, "derive": []}})
    (one,) = assess(made, library().profile("quick"), SyntheticStore(made), [], {})
    whole = frame_of(made.exhibits[0], SyntheticStore(made), {}).cells
    lines = listing(whole, pivot(made.exhibits[0]), one.planned.exhibit).splitlines()
    labels = [line.partition("  ")[0] for line in lines]
    assert {"ANN, accuracy", "SNN, accuracy", "ANN, best epoch"} <= {*labels}
    alone = whole[whole["quantity"] == "accuracy"]
    lines = listing(alone, pivot(made.exhibits[0]), one.planned.exhibit).splitlines()
    assert [line.partition("  ")[0] for line in lines][2:] == ["ANN", "SNN"]


def test_what_is_about_several_columns_spans_them() -> None:
    store = Stored(plan("table2", profile="smoke"))
    for point in store.plan.exhibits[0].points:
        accuracy = 90.0 if point.axes["stages_without_shortcut"] == "no-stage" else 70.0
        store.keep(point, "metrics.json", metrics(accuracy))
    _, view = viewed(store, "smoke")
    bodies = {body.label: body for body in view.grid.bodies}
    assert [cell.span for cell in bodies["ANN, 20"].rows[0].cells] == [1, 1]
    sides = "with all shortcuts minus without shortcuts in stages 1, 2 and 3"
    (loss,) = bodies[f"ANN, 20, loss ({sides})"].rows[0].cells
    assert (loss.text, loss.span, loss.is_first) == ("20.00", 2, True)
    assert row(bodies["20, gap (ANN minus SNN)"], "measured") == ["0.00", "0.00"]


def test_as_many_series_as_there_are_colours_have_one_each() -> None:
    store = Stored(plan("table2"))
    for point in store.plan.exhibits[0].points:
        store.keep(point, "metrics.json", metrics(90.0))
    _, view = viewed(store)
    assert view.curves is not None
    assert [tone for tone, _ in view.curves.legend] == [f"s{n}" for n in range(8)]
    look = style()
    for tone, _ in view.curves.legend:
        assert f'.learning:has([value="{tone}"]:not(:checked)) svg .{tone}' in look


def test_counts_tolerances_and_details() -> None:
    _, view = viewed(SyntheticStore(plan("table1")))
    assert [(count.n, count.mark.word) for count in wording.counts_of_cells(view.verdict)] == [
        (27, "pass")
    ]
    assert [fact.label for fact in view.tolerances] == ["accuracy", "gap (ANN minus SNN)"]
    assert "He et al. 2016a" in view.tolerances[0].text
    assert view.is_held
    assert len(view.verdict.cells) == 27
    assert view.more is not None
    assert view.more.text.splitlines()[2].startswith("ANN, accuracy last")


def test_a_cell_outside_is_told_with_its_numbers() -> None:
    store = SyntheticStore(plan("table1"))
    store.contents[store.plan.exhibits[0].points[0].key]["best_accuracy"] = 88.0
    shown, _ = viewed(store)
    assert shown.headline == "table1 lies outside a margin (one seed)"
    assert shown.problems[0].what == "accuracy, ANN, depth 20, width ×1"
    assert shown.problems[0].why == "outside the tolerance: 88.00 instead of 91.06, −3.06 (± 0.5)"


def test_many_missing_cells_are_told_together() -> None:
    store = SyntheticStore(plan("table1"))
    store.contents.clear()
    shown, view = viewed(store)
    assert shown.problems[0].what == "27 cells"
    assert row(view.grid.bodies[0], "golden")[0] == "91.06"


def test_published_numbers_stand_beside_a_smaller_scale_without_a_status() -> None:
    shown, view = viewed(SyntheticStore(plan("table1", profile="quick")), "quick")
    roles = [line.role for line in view.grid.bodies[0].rows]
    assert roles == ["measured", "published", "difference"]
    assert view.against.startswith("Beside the published numbers: data cifar10, as published; ")
    assert "epochs 3 instead of 300" in view.against
    assert view.against.endswith("was not run, but at this scale 2 of its 2 claims hold.")
    assert not any(
        cell.mark for body in view.grid.bodies for line in body.rows for cell in line.cells
    )
    claim = view.verdict.claims[0]
    assert view.counted(claim).startswith("Evaluated at this scale, not counted")
    assert view.mark_of(claim).tone == "calm"
    assert shown.problems == ()


def test_deviations_are_those_of_the_blocks_that_ran() -> None:
    _, paper = viewed(SyntheticStore(plan("table1")))
    settings = [one.setting for one in paper.deviations]
    assert settings[:3] == ["network.shortcut", "neuron.surrogate", "neuron.fires_at_threshold"]
    assert "recipe.momentum" in settings
    _, quick = viewed(SyntheticStore(plan("table1", profile="quick")), "quick")
    assert not any(one.setting.startswith("recipe.") for one in quick.deviations)
    _, built = viewed(SyntheticStore(plan("tableD1")))
    assert [one.setting for one in built.deviations] == ["network.shortcut"]
    _, steps = viewed(SyntheticStore(plan("table3")))
    assert steps.deviations[-1] == steps.exhibit.deviations[0]  # of the exhibit itself


def test_a_setting_with_another_value_follows_nothing_and_one_of_anns_touches_no_snn() -> None:
    typed = ("neuron.fires_at_threshold=false", "recipe.weight_decay=0.01")
    _, view = viewed(SyntheticStore(plan("table1", overrides=typed, only=("neuron=lif",))))
    said = {one.setting: (one.follows, one.reason) for one in view.deviations}
    assert said["neuron.fires_at_threshold"] == ("neither", "here it is False")
    assert said["recipe.weight_decay"] == ("neither", "here it is 0.01")
    assert said["neuron.surrogate"][0] == "published code"
    assert said["recipe.momentum"][0] == "published code"
    assert "network.shortcut" not in said  # of the rectified input of ANNs
    store = Stored(plan("fig2", profile="smoke"))
    _, view = viewed(store, "smoke")
    said = {one.setting: (one.follows, one.reason) for one in view.deviations}
    assert said["cka.images"] == ("neither", "here it is 512")
    assert "network.shortcut" in said


def test_the_banner_of_embedded_data_stands_where_they_are_in_the_runs() -> None:
    def banners(**changed: object) -> dict[str, str]:
        made = plan("table1", profile="smoke", changed={"table1": changed} if changed else {})
        shown, _ = viewed(SyntheticStore(made), "smoke")
        return {fact.label: fact.text for fact in shown.banners}

    assert "digit scans over photographs" in banners()["Data that stand in"]
    own = {"fixed": {"network": "resnet", "dataset": "n-mnist"}}
    assert set(banners(**own)) == {"Profile smoke"}
    assert "digit" not in banners(**own)["Profile smoke"] + library().profile("smoke").title


def test_provenance_holds_all_that_a_number_rests_on() -> None:
    _, view = viewed(SyntheticStore(plan("table1", profile="smoke")), "smoke")
    facts = {fact.label: fact.text for fact in view.provenance.facts}
    assert facts["seeds"] == "0"
    assert "embedded in this project, sha256:" in facts["data"]
    assert facts["runs"].startswith("18 of 18 runs stored")
    assert facts["code"] == "0123456789abcdef0123456789abcdef01234567"
    assert facts["machine"] == "Synthetic CPU"
    settings = {fact.label: fact.text for fact in view.provenance.settings}
    assert settings["network.depth"] == "20 | 38 | 56 | 110 | 164"
    assert settings["neuron.decay"] == "0.5 (where it applies)"
    made = {fact.label: fact.text for fact in view.provenance.environment}
    assert made["packages.torch"] == "2.15.0"
    assert view.provenance.spec.text == (PROJECT / "specs/paper/table1.toml").read_text("utf-8")
    keys = {run[-1] for run in view.provenance.runs}
    assert keys == set(plan("table1", profile="smoke").nodes)


def test_a_quantity_that_is_the_only_one_compared_is_named_above_its_table() -> None:
    made = plan("fig8")
    store = Stored(made)
    content = {
        "accuracy": [{"epsilon": 0.0, "accuracy": 90.0}],
        "epsilon": [],
        "layers": [layer("conv1")],
        "undefined": [],
    }
    for point in made.exhibits[0].points:
        store.keep(point, "attack.json", content, values=[])
    _, view = viewed(store)
    assert view.grid is not None
    assert view.grid.caption.endswith(": attack accuracy")
    assert view.grid.corner == "ε"
    assert view.grid.bodies[0].label == "0"


def test_what_exhibits_share_is_said_once() -> None:
    shown, view = viewed(SyntheticStore(plan("table1")))
    assert list(shown.errata) == list(view.exhibit.errata)
    assert set(shown.errata.values()) == {("table1",)}
    assert list(shown.deviations) == list(view.deviations)
    assert [(one.n, one.mark.word) for one in shown.tallies] == [
        (1, "within the margins (one seed)")
    ]


def test_curves_have_a_panel_for_each_distinct_column() -> None:
    _, view = viewed(SyntheticStore(plan("table1")))
    assert view.curves is not None
    assert len(view.curves.panels) == 9
    assert view.curves.panels[0].title == "depth 20, width ×1"
    assert view.curves.legend == (("s0", "ANN"), ("s1", "SNN"))
    first = view.curves.panels[0].lines[1]
    assert first.points.startswith("0.0,")
    assert first.points.split()[-1].startswith("160.0,")
    assert first.dots[0][0] == "120.0"  # the fourth of five epochs


def test_a_figure_without_golden_values_shows_its_drawing_and_folds_its_numbers() -> None:
    made = plan("fig3")
    store = Stored(made)
    content = {"y": [layer("bn1")], "x": [layer("bn1")], "undefined": []}
    store.keep(made.exhibits[0].points[0], "cka.json", content, values=[[0.5]])
    _, view = viewed(store)
    assert view.grid is None
    assert not view.is_held
    assert view.more is not None
    lines = view.more.text.splitlines()
    assert any("diagonal mean" in line for line in lines)
    assert not any("diagonal  " in line for line in lines)
    assert view.maps is not None
    assert [one["title"] for one in view.maps.described["maps"]] == ["depth 110"]
    assert "maps.csv.gz" in view.links


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([Word.REPRODUCED], "a is reproduced"),
        (
            [Word.NO_CHANGE_BY_BANDS, Word.NO_CHANGE_BY_RANKS, Word.CHANGED],
            "c has changed, and a and b show no change",
        ),
        (
            [Word.NO_CHANGE_BY_RANKS] * 2 + [Word.CHANGED] + [Word.NOT_COMPARED] * 2,
            "Of 5 exhibits, 1\u00a0has changed, 2\u00a0show no change and 2\u00a0are not compared",
        ),
        (
            [Word.WITHIN, Word.UNDECIDED, Word.INCOMPLETE, Word.WITHIN],
            "Of 4 exhibits, 2\u00a0lie within the margins (one seed), 1\u00a0needs more seeds "
            "and 1\u00a0is incomplete",
        ),
        ([Word.NOT_COMPARED] * 4, "None of 4 exhibits is held against anything"),
    ],
)
def test_the_headline_is_a_sentence(words: list[Word], said: str) -> None:
    store = SyntheticStore(plan("tableD1"))
    (one,) = assess(store.plan, library().profile("paper"), store, [PROJECT / "golden"], {})
    verdicts = [replace(one.verdict, exhibit="abcde"[n], word=word) for n, word in enumerate(words)]
    assert headline(verdicts) == said


def test_every_word_makes_a_sentence() -> None:
    for word in Word:
        assert all(clause.split()[0] in VERBS for clause in wording.clauses(word)), word


VERBS = (
    "stands",
    "stand",
    "is",
    "are",
    "has",
    "have",
    "lies",
    "lie",
    "shows",
    "show",
    "needs",
    "need",
    "rests",
    "rest",
)
