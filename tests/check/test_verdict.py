"""What fails a check, and which golden values are in force under which profile."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harness.check.compare import MEASURED_HERE
from harness.check.record import junit_xml, verdict_json
from harness.check.standard import PUBLISHED_DATA
from harness.check.status import Status, Word
from harness.check.verdict import Verdict, judge
from harness.frames.frame import frame_of
from harness.parts.base import PinnedFile
from harness.parts.networks import GivenWeights
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from tests.frames.stored import Stored, layer
from tests.small import recount
from tests.synthetic import PROJECT, SyntheticStore, library, plan


def judged(
    store: SyntheticStore,
    profile: str = "paper",
    golden: Path = PROJECT / "golden",
    failures: dict[str, str] | None = None,
) -> Verdict:
    planned = store.plan.exhibits[0]
    frame = frame_of(planned, store, failures or {})
    return judge(planned, frame, library().profile(profile), [golden], failures or {})


def mapped(mean: float, profile: str, golden: Path) -> Verdict:
    """The verdict on Fig. 3, which prints no numbers, with a map of one value."""
    made = plan("fig3", profile=profile)
    store = Stored(made)
    content = {"y": [layer("bn1")], "x": [layer("bn1")], "undefined": []}
    store.keep(made.exhibits[0].points[0], "cka.json", content, values=[[mean]])
    frame = frame_of(made.exhibits[0], store, {})
    return judge(made.exhibits[0], frame, library().profile(profile), [golden], {})


def test_a_figure_without_published_numbers_is_held_against_those_measured_before(
    project: Path,
) -> None:
    golden = project / "golden"
    (golden / "smoke/fig3.csv").unlink()
    assert mapped(0.5, "smoke", recount(golden, "smoke/fig3.csv")).word is Word.NOT_COMPARED
    header = "quantity,depth,map,layer,position,stage_y,stage_x,value,std,n,place\n"
    line = "mean,110,ann-snn,,,,,0.5,0.01,5,here\n"
    (golden / "smoke/fig3.csv").write_text(header + line, encoding="utf-8")
    recount(golden, "smoke/fig3.csv")
    for mean, word, name in (
        (0.52, "no change seen (bands)", "NO_CHANGE_BY_BANDS"),
        (0.9, "changed", "CHANGED"),
    ):
        verdict = mapped(mean, "smoke", golden)
        said = json.loads(verdict_json(verdict))
        assert (verdict.word, said["word"], said["status"]) == (word, word, name)
        assert "REPRODUCED" not in junit_xml([verdict]).decode()
    assert mapped(0.9, "paper", golden).golden is None  # a toy's values say nothing at scale


def lif_16(store: SyntheticStore) -> str:
    wanted = {"neuron": "lif", "depth": 20, "width": 16}
    return next(p.key for p in store.plan.exhibits[0].points if dict(p.axes) == wanted)


def test_published_numbers_are_reproduced_as_far_as_seeds_show_it() -> None:
    verdict = judged(SyntheticStore(plan("table1")))
    assert verdict.holds
    said = "cells: 27 pass; claims: 2 hold"
    assert verdict.sentence == f"table1: within the margins (one seed) – {said}"
    assert three_seeds().sentence == f"table1: reproduced – {said}"


def test_one_cell_outside_fails() -> None:
    store = SyntheticStore(plan("table1"))
    store.contents[lif_16(store)]["best_accuracy"] = 90.0
    verdict = judged(store)
    assert verdict.cell_counts == {Status.PASS: 25, Status.FAIL: 2}
    assert not verdict.holds


def test_a_missing_cell_is_incomplete_and_names_the_failure() -> None:
    store = SyntheticStore(plan("table1"))
    key = lif_16(store)
    del store.contents[key]
    verdict = judged(store, failures={key: "out of memory"})
    assert verdict.word is Word.INCOMPLETE
    assert not verdict.holds
    assert verdict.failures == {key: "out of memory"}


def test_a_counted_claim_that_does_not_hold_fails(project: Path) -> None:
    store = SyntheticStore(plan("table1"))
    tolerances = project / "golden/paper/tolerances.toml"
    wide = tolerances.read_text(encoding="utf-8").replace("value = 0.5", "value = 50.0")
    tolerances.write_text(wide.replace("value = 0.7", "value = 50.0"), encoding="utf-8")
    for point in store.plan.exhibits[0].points:
        if point.axes["neuron"] == "lif":
            store.contents[point.key]["best_accuracy"] = 80.0 - point.axes["width"]
    verdict = judged(store, golden=project / "golden")
    assert set(verdict.cell_counts) == {Status.PASS}
    assert Status.FAIL in verdict.claim_counts
    assert not verdict.holds


def test_without_golden_set_claims_are_shown_and_count_for_nothing() -> None:
    store = SyntheticStore(plan("table1", profile="quick"))
    for point in store.plan.exhibits[0].points:
        if point.axes["neuron"] == "lif":
            store.contents[point.key]["best_accuracy"] = 80.0 - point.axes["width"]
    verdict = judged(store, "quick")
    assert verdict.word is Word.BESIDE
    assert verdict.holds and not verdict.is_held
    assert Status.FAIL in verdict.claim_counts
    assert not any(claim.counted for claim in verdict.claims)
    assert verdict.golden is None
    assert verdict.cells[0].published == "91.06"


def test_without_golden_set_a_run_that_is_not_there_is_still_noticed() -> None:
    store = SyntheticStore(plan("table1", profile="quick"))
    del store.contents[lif_16(store)]
    assert judged(store, "quick").word is Word.INCOMPLETE


def test_a_promised_golden_file_that_is_not_there_fails(project: Path) -> None:
    (project / "golden/smoke/table1.csv").unlink()
    golden = recount(project / "golden")
    verdict = judged(SyntheticStore(plan("table1", profile="smoke")), "smoke", golden)
    assert verdict.word is Word.INCOMPLETE
    assert verdict.why == "golden/smoke/ has no table1.csv"
    assert not verdict.holds


def test_measured_golden_values_are_not_called_reproduced(project: Path) -> None:
    (project / "golden/smoke").mkdir(exist_ok=True)
    for name in ("table1.csv", "tolerances.toml"):
        content = (project / "golden/paper" / name).read_bytes()
        (project / "golden/smoke" / name).write_bytes(content)
    recount(project / "golden")
    store = SyntheticStore(plan("table1", profile="smoke"))
    verdict = judged(store, "smoke", project / "golden")
    assert (verdict.golden, verdict.word) == ("smoke", "no change seen (bands)")
    assert not any(claim.counted for claim in verdict.claims)
    store.contents[lif_16(store)]["best_accuracy"] = 10.0
    assert judged(store, "smoke", project / "golden").word == "changed"


def test_what_does_not_depend_on_scale_is_published_under_every_profile() -> None:
    for profile in ("smoke", "quick", "paper"):
        verdict = judged(SyntheticStore(plan("tableD1", profile=profile)), profile)
        assert (verdict.golden, verdict.word) == ("paper", Word.REPRODUCED)


@pytest.mark.parametrize("override", ["recipe.epochs=2", "depth=20,38,56", "neuron=lif,relu"])
@pytest.mark.parametrize("accuracy", [91.0, 10.0])
def test_an_overridden_run_neither_passes_nor_fails(override: str, accuracy: float) -> None:
    store = SyntheticStore(plan("table1", overrides=(override,)))
    for content in store.contents.values():
        content["best_accuracy"] = accuracy
    verdict = judged(store)
    assert {cell.status for cell in verdict.cells} == {Status.NOT_COMPARED}
    assert verdict.word is Word.BESIDE and not verdict.is_held
    assert f"--set {override}" in verdict.explanation
    assert "accuracy: " in verdict.explanation
    assert not any(claim.counted for claim in verdict.claims)


def test_an_override_that_adds_an_axis_has_nothing_published_beside_it() -> None:
    store = SyntheticStore(plan("table1", overrides=("time_steps=2,4",)))
    verdict = judged(store)
    assert {cell.published for cell in verdict.cells} == {""}


PUBLISHED_WEIGHTS = library().blocks.network["alexnet"].published.checksum  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("exhibit", "profile", "checksum", "said"),
    [
        ("lab-fig4", "paper", PUBLISHED_WEIGHTS, ()),
        ("lab-fig4", "paper", f"sha256:{'1' * 64}", ("--weights mine.pth",)),
        ("lab-fig6", "paper", f"sha256:{'1' * 64}", ("--weights mine.pth",)),
        ("lab-fig4", "smoke", PUBLISHED_WEIGHTS, ("--weights mine.pth",)),  # golden: a stand-in's
        ("fig2", "paper", f"sha256:{'1' * 64}", ()),  # has no AlexNet
    ],
)
def test_claims_count_for_the_published_bytes_of_weights_alone(
    exhibit: str, profile: str, checksum: str, said: tuple[str, ...]
) -> None:
    given = GivenWeights(checksum=checksum, path="/somewhere/mine.pth")
    made = plan(exhibit, profile=profile, weights=given)
    planned = made.exhibits[0]
    frame = frame_of(planned, Stored(made), {})
    verdict = judge(planned, frame, library().profile(profile), [PROJECT / "golden"], {})
    assert verdict.overridden == said
    assert {claim.counted for claim in verdict.claims} == {not said}
    if said:
        assert verdict.golden is None
        assert "the spec was overridden (--weights mine.pth)" in verdict.evidence_why


def test_the_record_is_strict_json_with_stable_keys() -> None:
    store = SyntheticStore(plan("table1"))
    store.contents[lif_16(store)]["best_accuracy"] = float("nan")
    content = json.loads(verdict_json(judged(store)), parse_constant=lambda name: 1 / 0)
    assert list(content) == [
        "version",
        "exhibit",
        "profile",
        "status",
        "holds",
        "word",
        "sentence",
        "evidence",
        "sees",
        "held",
        "repeat",
        "course",
        "golden",
        "overridden",
        "asked",
        "disputed",
        "repacked",
        "counts",
        "cells",
        "claims",
        "failures",
    ]
    assert content["counts"]["cells"] == {"PASS": 25, "UNDEFINED": 2}
    undefined = [cell for cell in content["cells"] if cell["status"] == "UNDEFINED"]
    assert all(cell["value"] is None and "best_accuracy" in cell["sentence"] for cell in undefined)


SPREAD = {0: -0.1, 1: 0.0, 2: 0.1}


def three_seeds(shift: dict[str, float] | None = None, noise: dict[int, float] = SPREAD) -> Verdict:
    """Table 1 with three seeds around the published values; `shift` moves runs by key."""
    store = SyntheticStore(plan("table1", overrides=("seed=0,1,2",)), noise)
    for key, by in (shift or {}).items():
        store.contents[key]["best_accuracy"] += by
    return judged(store)


def keys_of_lif_16() -> list[str]:
    made = plan("table1", overrides=("seed=0,1,2",))
    wanted = {"neuron": "lif", "depth": 20, "width": 16}
    return [p.key for p in made.exhibits[0].points if dict(p.axes) == wanted]


def test_three_seeds_that_agree_reproduce_and_one_seed_leaves_it_open() -> None:
    three = three_seeds()
    assert three.evidence is Word.REPRODUCED
    assert three.evidence_why == "of 18 tested cells, 18 reproduced"
    one = judged(SyntheticStore(plan("table1")))
    assert one.evidence is Word.INCONCLUSIVE
    assert one.evidence_why == (
        "of 18 tested cells, 18 as close as two runs of one recipe would be, all within the ± 1.49 "
        "that hold 18 together"
    )
    assert one.holds and three.holds  # a check asks for the means


def test_a_wide_spread_is_inconclusive_although_the_means_are_inside() -> None:
    verdict = three_seeds(noise={0: -2.0, 1: 0.0, 2: 2.0})
    assert verdict.holds
    assert verdict.evidence is Word.INCONCLUSIVE
    assert verdict.evidence_counts == {Word.REPRODUCED: 9, Word.INCONCLUSIVE: 18}  # gaps


def test_a_cell_far_outside_is_not_reproduced_and_one_barely_outside_is_open() -> None:
    verdict = three_seeds(dict.fromkeys(keys_of_lif_16(), -20.0))
    assert verdict.evidence is Word.NOT_REPRODUCED
    assert verdict.evidence_counts == {Word.REPRODUCED: 25, Word.NOT_REPRODUCED: 2}
    barely = three_seeds(dict.fromkeys(keys_of_lif_16(), -0.55))
    assert not barely.holds
    assert barely.evidence is Word.INCONCLUSIVE


def test_a_cell_that_is_not_there_leaves_it_open() -> None:
    store = SyntheticStore(plan("table1", overrides=("seed=0,1,2",)), SPREAD)
    del store.contents[keys_of_lif_16()[0]]
    verdict = judged(store)
    assert verdict.evidence is Word.INCONCLUSIVE
    assert verdict.evidence_why == "of 17 tested cells, 17 reproduced; 1 more are not tested"


def test_values_measured_here_are_not_tested_and_show_their_interval(project: Path) -> None:
    store = SyntheticStore(plan("table1", profile="smoke"))
    verdict = judged(store, "smoke", project / "golden")
    assert verdict.evidence is Word.NOT_TESTED
    assert verdict.evidence_why == MEASURED_HERE
    assert set(verdict.evidence_counts) == {Word.NOT_TESTED}


def test_a_word_needs_no_seeds() -> None:
    assert judged(SyntheticStore(plan("tableD1"))).evidence is Word.REPRODUCED


def test_more_seeds_are_held_against_published_and_measured_values() -> None:
    assert three_seeds().golden == "paper"
    store = SyntheticStore(plan("table1", profile="smoke", overrides=("seed=0,1,2",)))
    assert judged(store, "smoke").golden == "smoke"
    store = SyntheticStore(plan("table1", profile="smoke", overrides=("numerics.device=cpu",)))
    assert judged(store, "smoke").golden == "smoke"  # as the profile says
    store = SyntheticStore(plan("table1", profile="smoke", overrides=("numerics.device=cuda",)))
    assert judged(store, "smoke").golden is None
    other = SyntheticStore(plan("table1", overrides=("seed=0,1,2", "recipe.epochs=2")))
    assert judged(other).golden is None


def test_the_record_holds_interval_level_margin_and_sentence() -> None:
    content = json.loads(verdict_json(three_seeds()))
    assert content["evidence"] == {
        "status": "REPRODUCED",
        "word": "reproduced",
        "level": 0.9,
        "sentence": "reproduced: of 18 tested cells, 18 reproduced",
    }
    found = content["cells"][0]["uncertainty"]
    assert found["low"] < content["cells"][0]["value"] < found["high"]
    assert (found["status"], found["n"], found["level"]) == ("REPRODUCED", 3, 0.9)
    assert found["margin"] == content["cells"][0]["tolerance"] == 0.5
    alone = json.loads(verdict_json(judged(SyntheticStore(plan("table1")))))["cells"][0]
    assert alone["uncertainty"]["low"] is alone["uncertainty"]["high"] is None
    assert alone["uncertainty"]["sentence"].startswith("inconclusive: as close as two runs")


def test_the_explanation_counts_what_is_compared_and_what_counts() -> None:
    store = SyntheticStore(plan("table1"))
    assert judged(store).explanation == "it holds: 27 cells within tolerance, 2 claims borne out"
    store.contents[lif_16(store)]["best_accuracy"] = 10.0
    said = judged(store).explanation
    assert (
        said == "it does not hold: 2 of 27 cells not within tolerance, 1 of 2 claims not borne out"
    )
    del store.contents[lif_16(store)]
    said = judged(store).explanation
    assert said.endswith("undefined or unexpected: 25 cells within tolerance, 1 claim borne out")


def test_a_copy_of_another_scale_is_no_evidence() -> None:
    """Of the profile smoke with published golden values: it was held against them, and counted."""
    books = library()
    copied = books.profile("smoke").model_copy(update={"id": "mine", "golden": "paper"})
    made = expand(books, ("table1",), Setting(books.blocks, copied))
    store = SyntheticStore(made)
    verdict = judge(
        made.exhibits[0], frame_of(made.exhibits[0], store, {}), copied, [PROJECT / "golden"], {}
    )
    assert (verdict.word, verdict.is_held, verdict.golden) == (Word.NOT_COMPARED, False, None)
    assert not any(claim.counted for claim in verdict.claims)
    assert verdict.overridden[0] == "profile mine, which is not the published scale"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"origin": "repacked"}, "--repacked-data"),
        ({"files": (PinnedFile(name="train", checksum=f"md5:{'1' * 32}"),)}, "cifar10, not as"),
    ],
)
def test_data_that_are_not_the_published_ones_are_no_evidence(
    changed: dict[str, Any], said: str
) -> None:
    books = library()
    others = {
        one.model_dump_json(): one.model_copy(update=changed)
        for one in books.blocks.dataset.blocks.values()
        if one.name == "cifar10"
    }
    paper, files = books.profile("paper"), (PROJECT, PROJECT)
    made = expand(books, ("table1",), Setting(books.blocks, paper, files=files, known=others))
    frame = frame_of(made.exhibits[0], SyntheticStore(made), {})
    verdict = judge(made.exhibits[0], frame, paper, [PROJECT / "golden"], {})
    assert (verdict.word, verdict.is_held) == (Word.NOT_COMPARED, False)
    assert verdict.overridden[0].startswith(said)
    assert verdict.cells[0].published == "91.06"  # shown beside it


def test_published_data_are_known() -> None:
    made = plan(*library().exhibits, profile="paper")
    data = {run.dataset for one in made.exhibits for p in one.points for run in p.trainings}
    digests = {one.name: sha256(one.provenance.encode()).hexdigest() for one in data}
    assert digests == PUBLISHED_DATA


@pytest.mark.parametrize(("std", "said"), [(16.0, "guard nothing"), (None, "not compared")])
def test_cells_that_cannot_fail_hold_nothing(project: Path, std: float | None, said: str) -> None:
    """Each line of the golden file has a band that covers all, or no value."""
    golden = project / "golden"
    rows = [f"accuracy,{kind},20,1" for kind in ("relu", "lif")]
    header = "quantity,neuron,depth,width,value,std,n,text,rule,place\n"
    tail = f",80.0,{std},5,,,here\n" if std else ",,,,none,unsettled,here\n"
    (golden / "smoke/table1.csv").write_text(header + "".join(row + tail for row in rows))
    store = SyntheticStore(plan("table1", profile="smoke", overrides=("seed=7",)))
    planned = store.plan.exhibits[0]
    points = [p for p in planned.points if (p.axes["depth"], p.axes["width"]) == (20, 1)]
    planned = replace(planned, points=tuple(points))
    frame = replace(frame_of(planned, store, {}))
    verdict = judge(planned, frame, library().profile("smoke"), [recount(golden)], {})
    assert verdict.word is Word.NOTHING_HELD
    assert (verdict.holds, verdict.is_held) == (False, False)
    assert f"of 2 cells, 2 {'' if std else 'are '}{said}" in verdict.sentence
    assert b"<failure" in junit_xml([verdict])
    assert Status.PASS not in verdict.cell_counts


def test_a_short_schedule_on_the_published_data_stands_beside_the_published_numbers() -> None:
    """Cell by cell, with how far they are off and in which order; on other data they do not."""
    store = SyntheticStore(plan("table1", profile="quick"))
    for content in store.contents.values():
        content["best_accuracy"] -= 12.5
    store.contents[store.plan.exhibits[0].points[0].key]["best_accuracy"] += 2.5
    verdict = judged(store, "quick")
    accuracies = [cell for cell in verdict.cells if cell.quantity == "accuracy"]
    assert all(cell.is_beside and cell.published and not cell.golden for cell in accuracies)
    assert sorted({round(cell.difference, 6) for cell in accuracies}) == [-12.5, -10.0]
    assert "accuracy: 18 cells off by −12.50 in the median (−12.50 to −10.00)" in verdict.why
    assert "their order beside the published one: Spearman's ρ +0.89" in verdict.why
    assert "gap: 9 cells off by +0.00 in the median (+0.00 to +2.50)" in verdict.why
    digits = judged(
        SyntheticStore(plan("table1", profile="smoke", overrides=("depth=20",))), "smoke"
    )
    assert digits.word is Word.NOT_COMPARED
    assert not any(cell.is_beside for cell in digits.cells)
