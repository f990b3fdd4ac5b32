"""The index of claims: what holds here, at which scale, and what that says of the document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.report.claims import Finding, Index, Scale, index
from harness.report.exhibit import exhibit_view
from harness.report.results import assess
from tests.report.conftest import Write
from tests.synthetic import SyntheticStore, folders, library, plan


def found(tmp_path: Path, store: SyntheticStore, profile: str) -> Index:
    chosen, golden = library().profile(profile), folders(tmp_path).golden
    return index(assess(store.plan, chosen, store, [golden], {}), library())


def test_at_the_published_scale_a_claim_is_verified_or_contradicted(tmp_path: Path) -> None:
    made = found(tmp_path, SyntheticStore(plan("table1")), "paper")
    assert [entry.finding for entry in made.entries] == [Finding.VERIFIED] * 2
    assert made.sentence == "Of 2 claims, 2 hold here"
    assert made.weight == ""
    assert {fact.label: fact.text for fact in made.scale}["epochs"] == "300, as published"
    wrong = SyntheticStore(plan("table1"))
    for point in wrong.plan.exhibits[0].points:  # an SNN that is far better than any ANN
        if point.axes["neuron"] == "lif":
            wrong.contents[point.key]["best_accuracy"] = 99.0
    made = found(tmp_path, wrong, "paper")
    assert Finding.CONTRADICTED in made.counts
    assert made.failing


def test_at_a_smaller_scale_what_holds_is_told_with_it_and_what_does_not_decides_nothing(
    tmp_path: Path,
) -> None:
    made = found(tmp_path, SyntheticStore(plan("table1", profile="smoke")), "smoke")
    by_result = {entry.holds: entry.finding for entry in made.entries}
    assert by_result.get(True, Finding.SMALLER) == Finding.SMALLER
    assert by_result.get(False, Finding.INCONCLUSIVE) == Finding.INCONCLUSIVE
    assert made.weight.startswith("None of them was tested at the published scale")
    said = {fact.label: fact.text for fact in made.scale}
    assert said["data"] == "digits instead of cifar10"
    assert said["epochs"] == "5 instead of 300"
    assert said["channels"] == "4 instead of 16"
    assert said["networks"] == "9, as published"


def test_a_document_of_which_nothing_is_published_has_no_scale_of_its_own(tmp_path: Path) -> None:
    assert library().published == {"paper", "lab"}
    books = replace(library(), published=frozenset({"lab"}))
    store, chosen = SyntheticStore(plan("table1", profile="smoke")), library().profile("smoke")
    (one,) = assess(store.plan, chosen, store, [folders(tmp_path).golden], {})
    made = index([one], books)
    assert set(made.counts) <= {Finding.HOLDS, Finding.FAILS}
    assert made.weight == "None of them counts: nothing is published of what they speak of."
    said = {fact.label: fact.text for fact in made.scale}
    assert (said["networks"], said["epochs"], said["channels"]) == ("9", "5", "4")
    view = exhibit_view(one, store.plan, books, chosen, {}, {}, None)
    for entry in made.entries:
        assert entry.why.endswith("nothing is published to be verified")
        assert view.counted(entry.claim).endswith("nothing is published to be verified.")


def test_an_overridden_spec_decides_nothing(tmp_path: Path) -> None:
    made = found(tmp_path, SyntheticStore(plan("table1", overrides=("recipe.epochs=2",))), "paper")
    assert set(made.counts) == {Finding.INCONCLUSIVE}
    assert all("a spec that was changed" in entry.why for entry in made.entries)


def test_what_was_not_run_is_no_finding(tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1"))
    store.contents.clear()
    made = found(tmp_path, store, "paper")
    assert set(made.counts) == {Finding.NOT_RUN}
    assert made.sentence == "Of 2 claims, 2 could not be evaluated"
    assert [entry.holds for entry in made.entries] == [None, None]


def test_claims_of_other_exhibits_are_listed_as_not_run(tmp_path: Path) -> None:
    made = found(tmp_path, SyntheticStore(plan("tableD1")), "paper")
    assert made.entries == ()
    assert len(made.not_run["table1"]) == 2
    assert {entry.finding for entry in made.elsewhere} == {Finding.NOT_RUN}
    every = sum(len(one.claim) for one in library().exhibits.values())
    assert len(made.elsewhere) == every == sum(n["claims"] for n in made.documents.values())
    assert made.counts == {}


def test_a_claim_says_what_its_runs_took_each_once(tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1", overrides=("seed=0,1",)))
    manifests = {key: store.get(key) for key in store.plan.nodes}
    (one,) = assess(store.plan, library().profile("paper"), store, [folders(tmp_path).golden], {})
    by_width, by_depth = index([one], library(), store.plan.nodes, manifests).entries
    assert by_width.seconds == 5 * 2 * 2 * 12.5  # widths, neurons, seeds
    assert by_depth.seconds == 5 * 2 * 2 * 12.5
    assert by_width.more[-1].text == "4 min 10 s of runs"
    assert index([one], library()).entries[0].seconds is None


def test_how_often_noise_alone_would_bear_out_the_two_claims_of_table_1(tmp_path: Path) -> None:
    made = found(tmp_path, SyntheticStore(plan("table1")), "paper")
    said = [entry.claim.by_noise for entry in made.entries]
    assert said == [f"noise alone would bear it out in {n} % of cases" for n in (48, 99)]


@pytest.mark.parametrize(
    ("names", "said"),
    [(("a",), "a"), (("a", "b"), "a and b"), (tuple("abcde"), "5")],
)
def test_many_networks_are_counted(names: tuple[str, ...], said: str) -> None:
    one = Scale(("d",), ("1",), names, (), ("0",))
    assert {fact.label: fact.text for fact in one.beside(None)}["networks"] == said


def test_page_and_json_say_the_same_of_each_claim(write: Write, tmp_path: Path) -> None:
    (verdict,) = write(SyntheticStore(plan("table1")))
    folder = tmp_path / "out/paper"
    content = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    shown = [one for one in content["claims"] if one["exhibit"] == "table1"]
    assert [one["id"] for one in shown] == [claim.id for claim in verdict.claims]
    assert {one["verdict"] for one in content["claims"] if one not in shown} == {"not run"}
    assert content["counts"] == {"verified": 2}
    html = (folder / "claims.html").read_text(encoding="utf-8")
    for one in shown:
        assert one["verdict"] == "verified"
        assert one["scale"]["here"] == one["scale"]["published"]
        assert one["text"].replace("'", "&#39;") in html
        assert one["measured"] in html
    first = (folder / "report.html").read_text(encoding="utf-8").partition("<main>")[0]
    assert "Of 2 claims, 2 hold here." in first
    assert 'href="claims.html"' in first


def test_a_control_is_no_claim_of_its_own_and_says_whether_the_other_is_robust(
    write: Write, tmp_path: Path
) -> None:
    own = library().documents["table1"].data["claim"]
    again = {**own[0], "id": "again", "repeats": f"table1/{own[0]['id']}", "under": "once more"}
    changed = {"table1": {"claim": [*own, again]}}
    made = plan("table1", changed=changed)
    exhibit = made.exhibits[0].exhibit
    books = replace(library(), exhibits={**library().exhibits, "table1": exhibit})
    write(SyntheticStore(made), books=books)
    content = json.loads((tmp_path / "out/paper/claims.json").read_bytes())
    first, second, control = [one for one in content["claims"] if one["exhibit"] == "table1"]
    assert (first["robust"], second["robust"], control["robust"]) == (True, None, None)
    assert first["controls_say"] == "holds: once more"
    assert first["controls"] == [
        {
            "exhibit": "table1",
            "id": "again",
            "under": "once more",
            "without": "",
            "holds": True,
            "was_run": True,
        }
    ]
    assert control["repeats"] == "table1/gap-falls-with-width"
    assert content["counts"] == {"verified": 2}
    assert content["documents"]["the paper"]["robust"] == 1
    html = (tmp_path / "out/paper/claims.html").read_text(encoding="utf-8")
    assert "Of 2 claims, 2 hold here" in html
    assert '<a href="#table1/gap-falls-with-width">' in html
    assert 'id="table1/gap-falls-with-width"' in html
    assert "<dd>robust: holds: once more</dd>" in html


@pytest.mark.parametrize(
    ("is_stored", "said"), [(True, "not decided: once more"), (False, "not run: once more")]
)
def test_a_control_that_was_run_and_is_not_decided_leaves_a_claim_without_robustness(
    write: Write, tmp_path: Path, is_stored: bool, said: str
) -> None:
    own = library().documents["table1"].data["claim"]
    few = {**own[0], "test": {**own[0]["test"], "where": {"depth": 164}}}  # of a single width
    again = {**few, "id": "again", "repeats": f"table1/{own[1]['id']}", "under": "once more"}
    made = plan("table1", changed={"table1": {"claim": [*own, again]}})
    books = replace(library(), exhibits={**library().exhibits, "table1": made.exhibits[0].exhibit})
    store = SyntheticStore(made)
    if not is_stored:
        axes = {"neuron": "lif", "depth": 20, "width": 8}
        store.contents.pop(next(p.key for p in made.exhibits[0].points if dict(p.axes) == axes))
    write(store, books=books)
    content = json.loads((tmp_path / "out/paper/claims.json").read_bytes())
    _, claim, _ = [one for one in content["claims"] if one["exhibit"] == "table1"]
    assert (claim["robust"], claim["controls_say"]) == (None, said)
    assert [content["documents"]["the paper"][how] for how in ("robust", "not_robust")] == [
        0,
        int(is_stored),
    ]
