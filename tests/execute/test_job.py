"""What is left of a run that failed: words for the user, and a log that programs can read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.check.course import read_courses
from harness.engine.training.state import TrainingState
from harness.execute.environment import CODE, code_digest, git_state
from harness.execute.events import Advanced, Event, Failed, Finished, Strayed
from harness.execute.job import Job, run_job
from harness.plan.course import Band, settings_of
from harness.store.store import Store
from tests.faults.tiny import three
from tests.synthetic import PROJECT, plan

NODES = plan("table1", profile="quick").nodes.values()


def test_a_failure_says_its_problem_once_and_leaves_the_spec_to_the_log(tmp_path: Path) -> None:
    node = next(iter(NODES))
    (tmp_path / "data").write_text("a file where the folder of the data should be")
    job = Job(node, tmp_path / "store", tmp_path / "data", 1, {}, {})
    told: list[Event] = []
    log = Store(job.store).log_path(node.key)
    log.write_text('{"message": "done in 7 s"}\n')  # of an older run, and this one starts anew
    failed = run_job(job, told.append)
    assert isinstance(failed, Failed)
    assert told[-1] is failed
    assert not [line for line in failed.tail if "done in 7 s" in line]
    assert str(tmp_path / "data") in failed.problem
    assert [line for line in failed.tail if failed.problem in line or '"network"' in line] == []
    first, *_, last = map(json.loads, Path(failed.log).read_text().splitlines())
    assert first["spec"]["network"] == node.spec["network"]
    assert last["message"] == failed.problem


def test_by_what_a_run_was_made_says_who_ran_it_and_not_who_planned_it(tmp_path: Path) -> None:
    job = three(tmp_path)[0]
    said = {"git": "a clean commit", "code": "0" * 16, "in_use": {}, "git_of_project": "theirs"}
    assert isinstance(run_job(replace(job, environment=said), lambda _: None), Finished)
    found = Store(job.store).get(job.node.key)
    assert found is not None
    environment = found.environment
    assert environment["code"] == code_digest()
    assert environment["git"] == git_state(CODE)
    assert environment["in_use"] == {
        "torch": str(torch.__version__),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
    assert environment["git_of_project"] == "theirs"  # which nobody else knows


def test_an_epoch_that_is_not_like_the_known_ones_is_told_at_once(tmp_path: Path) -> None:
    told: list[Event] = []
    course = (
        Band(1, "test_accuracy", 0.0, 100.0, 50.0, 1.0, 5),
        Band(2, "train_accuracy", 99.0, 100.0, 99.5, 0.1, 5),
        Band(2, "test_accuracy", 0.0, 100.0, 50.0, 1.0, 5),
    )
    job = replace(three(tmp_path)[0], course=course)
    assert isinstance(run_job(job, told.append), Finished)
    names = [type(event).__name__ for event in told]
    assert names == ["Started", "Advanced", "Advanced", "Strayed", "Advanced", "Finished"]
    (stray,) = (event for event in told if isinstance(event, Strayed))
    assert stray.problem.startswith("accuracy on the training set ")
    assert stray.problem.endswith("% after epoch 2, outside of 99.0 … 100.0 % (5 seeds)")
    logged = [json.loads(line) for line in (job.log).read_text().splitlines()]
    assert [one["message"] for one in logged if one["level"] == "WARNING"] == [stray.problem]


class Enough(Exception):
    """Ends a run whose first epochs are all that is asked for."""


@pytest.mark.parametrize(("times", "is_told"), [(1, False), (30, True)])
def test_a_training_that_goes_wrong_is_told_at_the_first_epoch_that_is_known(
    times: int, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Table 1 under smoke, with a learning rate that is 30 times as large as it is told."""
    made = plan("table1", profile="smoke", only=("depth=20", "width=1", "neuron=relu"))
    (node,) = made.nodes.values()
    course = read_courses([PROJECT / "golden"], "smoke")[settings_of(node.spec)]
    first = min(band.epoch for band in course)
    right = TrainingState.step
    monkeypatch.setattr(
        TrainingState,
        "step",
        lambda self, inputs, labels, lr: right(self, inputs, labels, times * lr),
    )
    told: list[str] = []

    def tell(event: Event) -> None:
        told.append(type(event).__name__)
        if isinstance(event, Advanced) and event.progress.done == first + 1:
            raise Enough
        if isinstance(event, Strayed):
            assert f"after epoch {first}, outside of" in event.problem
            raise Enough

    job = Job(node, tmp_path / "store", tmp_path / "data", 1, {}, {}, course=course)
    assert isinstance(run_job(job, tell), Failed)
    advanced = first if is_told else first + 1
    wanted = ["Started", *["Advanced"] * advanced, *["Strayed"] * is_told, "Failed"]
    assert told == wanted
