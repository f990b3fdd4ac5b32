"""Which seeds a check runs: those of its profile, those that ranks need, those that decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness import app
from harness.app import Outcome, Project, check, make_plan, open_project, with_check_seeds
from harness.check.course import read_courses
from harness.execute.executor import Crew
from harness.spec.overrides import parse_override
from harness.terminal.output import Voice
from tests.synthetic import folders

Seeds = Mapping[str, tuple[int, ...]]
LINE = "accuracy,relu,20,1,95.0,0.7071067812,2,0:94.5 1:95.5,here\n"


@pytest.fixture
def golden(project: Path) -> Path:
    """Golden values of one seed's numbers for table1 alone."""
    table = project / "golden/smoke/table1.csv"
    table.write_text("quantity,neuron,depth,width,value,std,n,seeds,place\n" + LINE, "utf-8")
    return project


def ran(
    monkeypatch: pytest.MonkeyPatch, tmp: Path, root: Path, *typed: str, asks: Seeds | None = None
) -> list[Seeds]:
    """The seeds of each pass over table1, table2 and the words of tableD1."""
    found: list[Seeds] = []

    def reproduce(project: Project, *_: object) -> Outcome:
        found.append(project.setting.seeds)
        return Outcome(False, False, (), asks or {} if len(found) == 1 else {})

    monkeypatch.setattr(app, "reproduce", reproduce)
    layout = folders(tmp)
    opened = open_project(
        type(layout)(root, layout.store, layout.out, layout.data),
        profile="smoke",
        overrides=[*map(parse_override, typed)],
    )
    names = ("table1", "table2", "tableD1")
    seeded = with_check_seeds(opened, names)
    check(seeded, names, make_plan(seeded, names), Crew(), Voice.QUIET)
    return found


def test_what_keeps_each_seed_is_run_with_those_of_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Path
) -> None:
    assert ran(monkeypatch, tmp_path, golden) == [{"table1": (0, 1)}]


def test_more_seeds_are_run_once_where_a_verdict_asks_for_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Path
) -> None:
    first, second = ran(monkeypatch, tmp_path, golden, asks={"table1": (12, 13)})
    assert (first, second) == ({"table1": (0, 1)}, {"table1": (0, 1, 12, 13)})


def test_seeds_that_a_user_sets_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Path
) -> None:
    assert ran(monkeypatch, tmp_path, golden, "seed=3", asks={"table1": (12,)}) == [{}]


def test_a_training_gets_the_course_that_is_known_of_its_settings(tmp_path: Path) -> None:
    project = open_project(folders(tmp_path), profile="smoke")
    courses = read_courses(project.layout.goldens, project.profile.golden)
    make_job = app.job_maker(project, 1, courses)
    trainings = list(make_plan(project, ["table1"]).nodes.values())
    known = {job.node.label for job in map(make_job, trainings) if job.course}
    names = ("relu", "lif T=4", "x2 relu", "x2 lif T=4")
    assert known == {f"resnet-20 {name} digits seed 0" for name in names}
    assert not any(app.job_maker(project, 1)(one).course for one in trainings)
