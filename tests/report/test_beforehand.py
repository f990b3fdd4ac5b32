"""A golden file or drawing that could not be used after the runs is told before the first."""

from __future__ import annotations

from pathlib import Path

import pytest

import paper_figures
from harness.layout import layout
from harness.report.results import faults_beforehand
from harness.store.store import Store
from tests.cli.typed import typed
from tests.small import change, small_project
from tests.synthetic import PROJECT, library, plan

GOOD = "accuracy,relu,8,1,12,4,5,here"
REFERENCE = "same_as,place\naccuracy,relu,8,1,,,,"

BROKEN = [
    (GOOD, GOOD.replace("12", "fifty"), "table1.csv:2: value is not a decimal number"),
    (GOOD, GOOD.replace("12", "9" * 400), "table1.csv:2: value is not a decimal number"),
    (GOOD, GOOD.replace(",5,", f",{'9' * 400},"), "table1.csv:2: n is not a decimal number"),
    (GOOD, GOOD.replace("accuracy", "cost"), "has no rule for the quantity 'cost'"),
    (f"place\n{GOOD}", f"{REFERENCE}none.csv accuracy,here", "same_as: no file 'none.csv'"),
    (f"place\n{GOOD}", f"{REFERENCE}empty.csv accuracy,here", "empty.csv:1: holds no values"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN)
def test_a_broken_golden_file_costs_no_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    said: str,
) -> None:
    project = small_project(tmp_path / "project")
    golden = project / "golden/smoke"
    if "same_as" in new:
        (golden / "empty.csv").write_text("")
        rest = (golden / "table1.csv").read_text()
        (golden / "table1.csv").write_text(rest.splitlines()[0] + "\n" + GOOD + "\n")
    change(golden / "table1.csv", old, new)
    monkeypatch.chdir(project)
    for command in ("check", "reproduce", "plan --write-nodes nodes"):
        name, *options = command.split(" ", 1)
        ended = typed(f"{name} tableD1 table1 {' '.join(options)}", monkeypatch, capsys)
        assert ended.code == 2, ended.err
        assert said in ended.err
    assert Store(project / "store").manifests() == []
    assert not (project / "nodes").exists()


def test_a_golden_file_that_is_gone_costs_no_other_exhibit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path / "project")
    (project / "golden/paper/tableD1.csv").unlink()
    monkeypatch.chdir(project)
    ended = typed("report tableD1 tableD2", monkeypatch, capsys)
    assert ended.code == 2
    assert "golden/paper/tableD1.csv: is not there, and golden/paper/contents.toml" in ended.err
    assert "did you mean" not in ended.err
    written = {path.parent.name for path in (project / "out").glob("*/*/verdict.json")}
    assert written == {"tableD2"}


def test_a_broken_tolerance_and_a_broken_file_are_told_at_once(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    change(project / "golden/smoke/fig1.csv", "value", "valu")
    (project / "golden/smoke/fig2.csv").write_text("quantity\n")
    made = plan("fig1", "fig2", "table1", profile="smoke")
    faults = list(faults_beforehand(made, library().profile("smoke"), layout(project)))
    told = [fault.where for fault in faults]
    assert {"golden/smoke/fig1.csv:1", "golden/smoke/fig2.csv:1"} <= set(told)
    assert not [where for where in told if "table1" in where and "smoke" in where]


def test_every_exhibit_is_sound_under_every_profile() -> None:
    for profile in library().profiles.values():
        made = plan(*library().exhibits, profile=profile.id)
        assert list(faults_beforehand(made, profile, layout(PROJECT))) == []


@pytest.mark.parametrize("error", [SyntaxError("odd"), ImportError("no such"), LookupError("x")])
def test_a_drawing_that_cannot_be_imported(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(name: str, study: Path) -> None:
        raise error

    monkeypatch.setattr(paper_figures, "drawing", broken)
    made = plan("fig1", profile="smoke")
    (fault,) = faults_beforehand(made, library().profile("smoke"), layout(PROJECT))
    assert fault.where == "paper_figures/fig1.py"
    assert f"cannot be imported: {type(error).__name__}" in fault.problem
