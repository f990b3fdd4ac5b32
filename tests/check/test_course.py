"""Golden courses: written from seeds, read back, and what a training that leaves one is worth."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.check.course import read_courses, strays, write_course
from harness.check.record import verdict_json
from harness.check.status import Word
from harness.check.verdict import Verdict, judge, strayed
from harness.errors import HarnessError
from harness.frames.frame import frame_of
from harness.plan.course import Course, settings_of
from harness.plan.expand import Plan
from tests.synthetic import PROJECT, SyntheticStore, library, plan

NOISE = {seed: 0.1 * (seed - 2) for seed in range(10)}
ONLY = ("depth=20", "width=1")


def made(seeds: str = "0..4", **more: Any) -> Plan:
    return plan("table1", profile="smoke", overrides=(f"seed={seeds}",), only=ONLY, **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Golden values with a course of the ANN and the SNN of depth 20."""
    shutil.copytree(PROJECT / "golden/smoke", tmp_path / "smoke")
    for file in (tmp_path / "smoke").glob("*.course.*"):
        file.unlink()
    contents = tmp_path / "smoke/contents.toml"
    kept = [part for part in contents.read_text().split("\n\n") if ".course.csv" not in part]
    contents.write_text("\n\n".join(kept))
    given = made()
    write_course(tmp_path, "smoke", "table1", given, SyntheticStore(given, NOISE), {"seeds": 5})
    return tmp_path


def known(folder: Path) -> dict[str, Course]:
    return read_courses([folder], "smoke")


def test_what_is_written_is_read_as_the_bands_of_each_epoch(folder: Path) -> None:
    given = made()
    (settings,) = {settings_of(node.spec) for node in given.nodes.values() if "relu" in node.label}
    course = known(folder)[settings]
    assert sorted((one.quantity, one.epoch) for one in course) == [
        (quantity, epoch) for quantity in ("test_accuracy", "train_accuracy") for epoch in (1, 2, 4)
    ]
    assert all(one.low < one.value < one.high and one.n == 5 for one in course)
    text = (folder / "smoke/table1.course.csv").read_text()
    assert f"test_accuracy,resnet-20 relu digits,{settings},1," in text
    assert " 4:" in text  # each seed's number is kept


def test_a_set_without_courses_knows_none(tmp_path: Path) -> None:
    assert read_courses([PROJECT / "golden"], "paper") == {}
    assert read_courses([tmp_path], None) == {}


def test_a_course_that_was_taken_away_is_missed(folder: Path) -> None:
    (folder / "smoke/table1.course.csv").unlink()
    with pytest.raises(HarnessError, match=r"is not there, and .* says that it belongs there"):
        known(folder)


def test_a_plan_without_epochs_to_hold_has_no_course(folder: Path) -> None:
    short = plan("table1", profile="smoke", overrides=("recipe.epochs=1", "seed=0..4"), only=ONLY)
    with pytest.raises(HarnessError, match="no training of several epochs"):
        write_course(folder, "smoke", "table1", short, SyntheticStore(short, NOISE), {})


def test_good_trainings_of_other_seeds_stay_inside(folder: Path) -> None:
    other = made("5..7")
    store = SyntheticStore(other, dict.fromkeys(range(5, 8), 0.05))
    assert strays(other, store, known(folder)) == ()


def told(folder: Path, accuracies: Mapping[int, float]) -> tuple[Any, Verdict]:
    """The stray and the verdict where an SNN's accuracy was another one after some epochs."""
    given, courses = made("0..1"), known(folder)
    key, node = next(pair for pair in given.nodes.items() if "lif" in pair[1].label)
    (planned,), store = given.exhibits, SyntheticStore(given, NOISE)
    for epoch in store.contents[key]["history"]:
        inside = [
            one.value for one in courses[settings_of(node.spec)] if one.epoch == epoch["epoch"]
        ]
        epoch["test_accuracy"] = (inside or [50.0])[0]
        epoch["test_accuracy"] = accuracies.get(epoch["epoch"], epoch["test_accuracy"])
    frame, profile = frame_of(planned, store, {}), library().profile("smoke")
    verdict = judge(planned, frame, profile, [folder], {})
    verdict = replace(verdict, word=Word.NO_CHANGE_BY_BANDS, holds=True, why="")
    found = strays(given, store, courses)
    assert [one.key for one in found] == [key]
    return found[0], strayed(verdict, planned, found, courses)


def test_a_training_that_learns_nothing_fails_the_check(folder: Path) -> None:
    one, verdict = told(folder, dict.fromkeys(range(1, 6), 10.0))
    assert one.alarms
    assert "accuracy on the test set 10.0 % after epoch" in one.said
    assert (verdict.word, verdict.holds, verdict.why) == (Word.CHANGED, False, one.sentence)
    (record,) = json.loads(verdict_json(verdict))["course"]
    assert (record["key"], record["alarms"]) == (one.key, True)


def test_a_loss_that_is_no_number_fails_it_too(folder: Path) -> None:
    assert told(folder, {4: math.nan})[0].alarms


def test_one_point_just_outside_is_told_and_decides_nothing(folder: Path) -> None:
    courses = known(folder)
    (settings,) = {settings_of(n.spec) for n in made().nodes.values() if "lif" in n.label}
    last = max(one for one in courses[settings] if one.quantity == "test_accuracy")
    one, verdict = told(folder, {last.epoch: last.high + 0.001})
    assert last.epoch == 4
    assert not one.alarms
    assert verdict.holds
    assert verdict.strays == (one,)


def test_what_another_exhibit_trained_is_no_concern(folder: Path) -> None:
    one, verdict = told(folder, {4: 10.0})
    other = plan("table1", profile="smoke", only=("depth=38",)).exhibits[0]
    good = replace(verdict, holds=True, word=Word.NO_CHANGE_BY_BANDS)
    assert strayed(good, other, (one,), {}).holds


def test_a_file_that_cannot_be_read_is_told_by_others(folder: Path) -> None:
    given = made("0..1")
    store = SyntheticStore(given, NOISE)
    for content in store.contents.values():
        content["corrupt"] = True
    assert strays(given, store, known(folder)) == ()
