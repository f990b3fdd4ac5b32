"""What is left of a run that failed: words for the user, and a log that programs can read."""

from __future__ import annotations

import json
from pathlib import Path

from harness.execute.events import Event, Failed
from harness.execute.job import Job, run_job
from tests.synthetic import plan

NODES = plan("table1", profile="quick").nodes.values()


def test_a_failure_says_its_problem_once_and_leaves_the_spec_to_the_log(tmp_path: Path) -> None:
    node = next(iter(NODES))
    (tmp_path / "data").write_text("a file where the folder of the data should be")
    job = Job(node, tmp_path / "store", tmp_path / "data", 1, {}, {})
    told: list[Event] = []
    failed = run_job(job, told.append)
    assert isinstance(failed, Failed)
    assert told[-1] is failed
    assert str(tmp_path / "data") in failed.problem
    assert [line for line in failed.tail if failed.problem in line or '"network"' in line] == []
    first, *_, last = map(json.loads, Path(failed.log).read_text().splitlines())
    assert first["spec"]["network"] == node.spec["network"]
    assert last["message"] == failed.problem
