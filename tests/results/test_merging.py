"""Stores of several machines, people or seeds made one: nothing is lost, nothing is hidden."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.app import make_plan, open_project
from harness.layout import layout
from harness.plan.node import Node
from harness.spec.overrides import parse_override
from harness.store.manifest import Provenance
from harness.store.publish import Partial
from harness.store.store import Store
from tests.cli.typed import Said, typed
from tests.results.conftest import without_exhibits
from tests.synthetic import metrics

LIF = """\
id      = "lif"
title   = "One network"
source  = { document = "paper", place = "nowhere" }
measure = { kind = "accuracy" }
[grid]
neuron = ["lif"]
depth  = [8]
[fixed]
network = "resnet"
dataset = "cifar10"
recipe  = "paper"
"""
METRICS = "metrics.json"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
Type = Callable[[str], Said]


def ran(
    study: Path, store: str, seed: int, accuracy: float, exhibit: str = "lif", **made: Any
) -> Store:
    """A store with one seed of an exhibit, as a machine would have left it."""
    chosen = (parse_override(f"seed={seed}"),)
    here = layout(study, store=study.parent / store)
    project = open_project(here, profile="smoke", overrides=chosen, command="harness")
    found = Store(here.store)
    for node in make_plan(project, [exhibit]).nodes.values():
        with found.lease(node.key):
            partial = found.claim(node)
            if isinstance(partial, Partial):  # else of another exhibit
                (partial.files / METRICS).write_text(json.dumps(metrics(accuracy)))
                environment = {"packages": {"torch": "2.15"}, "processor": "This CPU"}
                environment |= {"code": "ours"} | made
                found.publish(node, partial, Provenance(WHEN, 1.0, environment=environment))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study beside the stores `a` and `b` of seeds 0 and 7."""
    folder = without_exhibits(tmp_path_factory.mktemp("merging") / "study")
    (folder / "specs/paper/lif.toml").write_text(LIF)
    two = LIF.replace('"lif"\ntitle', '"two"\ntitle').replace("[8]", "[8, 14]")
    (folder / "specs/paper/two.toml").write_text(two)
    ran(folder, "a", 0, 60.0)
    ran(folder, "b", 7, 63.0)
    ran(folder, "c", 0, 61.5, processor="Another CPU", code="theirs", packages={"torch": "2.14"})
    return folder.parent


@pytest.fixture
def type_(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    for name in ("a", "b", "c"):
        shutil.copytree(made / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return lambda line: typed(f"{line} --project {made / 'study'}", monkeypatch, capsys)


def verdict(folder: Path, exhibit: str = "lif") -> dict[str, list[dict[str, float]]]:
    said = (folder / f"smoke/{exhibit}/verdict.json").read_text()
    found: dict[str, list[dict[str, float]]] = json.loads(said)
    return found


def test_seeds_of_two_stores_are_a_mean_with_a_spread(type_: Type, tmp_path: Path) -> None:
    said = type_("merge a b --out both")
    assert said.code == 0, said
    cells = verdict(tmp_path / "both")["cells"]
    (cell,) = [one for one in cells if one["quantity"] == "accuracy"]
    assert cell["n"] == 2
    assert cell["value"] == pytest.approx((60.0 + 63.0) / 2)
    assert cell["std"] == pytest.approx(3.0 / 2**0.5)
    assert "no two of them have the same run" in (tmp_path / "both/smoke/report.html").read_text()


def test_runs_that_differ_are_told_first_with_both_provenances(type_: Type, tmp_path: Path) -> None:
    said = type_("merge a c --out both")
    assert said.code == 1, said
    assert said.out.startswith("1 of 1 run that several sources have differs;")
    page = (tmp_path / "both/smoke/report.html").read_text()
    told = page.index("Where the sources disagree"), page.index("1 of 1 run that several")
    assert max(told) < page.index("<main>") < page.index('id="summary"')
    for word in ("+1.5", "This CPU", "Another CPU", "theirs", "torch 2.14", "2026-01-01T00:00:00Z"):
        assert word in page
    signed = json.loads((tmp_path / "both/smoke/verdicts.intoto.json").read_text())["predicate"]
    assert (signed["result"], signed["warnedTests"]) == ("WARNED", ["lif"])
    whole = json.loads((tmp_path / "both/smoke/lif/verdict.json").read_text())
    assert whole["disputed"] == "sources disagree on 1 of 1 run"
    (found,) = json.loads((tmp_path / "both/smoke/merged.json").read_text())["disagreements"]
    assert (found["taken"]["source"], found["other"]["source"]) == ("A: a", "B: c")
    assert 1.5 in [one["difference"] for one in found["numbers"]]
    kept, theirs = (Store(tmp_path / name).read_bytes(found["key"], METRICS)
                    for name in ("both/store", "c"))  # fmt: skip
    assert json.loads(kept) == metrics(60.0)
    assert json.loads(theirs) == metrics(61.5)


def test_stores_that_are_called_alike_are_told_apart_by_their_folders(
    type_: Type, tmp_path: Path
) -> None:
    for name, whose in (("a", "mine"), ("c", "theirs")):
        (tmp_path / whose).mkdir()
        (tmp_path / name).rename(tmp_path / whose / "store")
    assert type_(f"merge {tmp_path}/mine/store {tmp_path}/theirs/store --out both").code == 1
    page = (tmp_path / "both/smoke/report.html").read_text()
    assert "A: mine/store" in page
    assert "B: theirs/store" in page
    assert str(tmp_path) not in page
    assert "packages.torch" in page


def test_archives_and_folders_with_a_store_are_sources_too(type_: Type, tmp_path: Path) -> None:
    assert type_("pack runs.zip --runs --store b").code == 0
    (tmp_path / "ours").mkdir()
    (tmp_path / "a").rename(tmp_path / "ours/store")
    assert type_("merge ours runs.zip --out both").code == 0
    assert type_("merge both b --out again").code == 0  # what was merged is a source
    (cell, *_) = verdict(tmp_path / "again")["cells"]
    assert cell["n"] == 2


def test_runs_that_the_report_does_not_show_are_counted(type_: Type, tmp_path: Path) -> None:
    """As those of other settings: they are in the store, and in no number of the report."""
    other = Node.of("train", 1, {"recipe": {"epochs": 9}}, {})
    store = Store(tmp_path / "b")
    with store.lease(other.key):
        partial = store.claim(other)
        assert isinstance(partial, Partial)
        store.publish(other, partial, Provenance(WHEN, 1.0))
    assert type_("merge a b --out both").code == 0
    page = (tmp_path / "both/smoke/report.html").read_text()
    assert "1 run of the store belongs to none of these exhibits." in page
    assert Store(tmp_path / "both/store").get(other.key)


def test_results_lead_to_the_store_beside_them(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "theirs/out/smoke/lif").mkdir(parents=True)
    (tmp_path / "theirs/out/smoke/lif/verdict.json").write_text("{}")
    (tmp_path / "b").rename(tmp_path / "theirs/store")
    said = type_("merge a theirs/out/smoke")
    assert f"name the store that they are of, as {tmp_path / 'theirs/store'}; harness" in said.err


@pytest.mark.parametrize(
    ("line", "code", "problem"),
    [
        ("merge a", 2, "takes two sources or more (got 1) – harness merge store theirs/store"),
        ("merge a ./a", 2, "is named twice – leave one out"),
        ("merge a nowhere", 2, "nowhere: no such file or folder – name a store, or what harness"),
        ("merge a results", 2, "holds results, and none of the runs that they were made from"),
        ("merge a b --store a", 2, "--store: is not for harness merge – name the stores as"),
        ("merge a b --out a", 2, "a: is there, and not empty – name a new --out"),
        ("merge a b --profile quick", 2, "of no exhibit all runs are there, under profile quick"),
        ("merge a broken", 3, "broken: store/nodes/"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_leaves_nothing(
    line: str, code: int, problem: str, type_: Type, tmp_path: Path
) -> None:
    (tmp_path / "results/lif").mkdir(parents=True)
    (tmp_path / "results/lif/verdict.json").write_text("{}")
    shutil.copytree(tmp_path / "b", tmp_path / "broken")
    next((tmp_path / "broken").glob(f"nodes/*/*/{METRICS}")).write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    said = type_(line)
    assert (said.code, problem in said.err) == (code, True), said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_seed_of_which_runs_are_missing_enters_no_mean_and_is_told(
    made: Path, type_: Type, tmp_path: Path
) -> None:
    ran(made / "study", "more", 3, 62.0, "two")
    said = type_(f"merge a b {made / 'more'} --out three")
    assert said.code == 0, said
    assert {cell["n"] for cell in verdict(tmp_path / "three")["cells"]} == {3}
    assert {cell["n"] for cell in verdict(tmp_path / "three", "two")["cells"]} == {1}
    told = "Left out, since some of their runs are missing: two seed 0, two seed 7"
    assert told in said.out
    assert told in (tmp_path / "three/smoke/report.html").read_text()
    alone = type_("merge a b --out part --exhibit two")
    assert alone.code == 0
    assert {cell["n"] for cell in verdict(tmp_path / "part", "two")["cells"]} >= {2}
