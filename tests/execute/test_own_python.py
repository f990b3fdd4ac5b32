"""A node of a study's own Python runs wherever the study is, by the Python that it was planned
with.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.execute.events import Failed
from harness.execute.job import Job, run_job
from harness.execute.node_file import frozen, thawed
from harness.execute.ray_worker import code_version
from harness.measures.base import Run
from harness.parts import components
from harness.parts.base import identity
from harness.parts.neurons import Neuron
from harness.plan.node import Node, node_of
from tests.small import ROOT
from tests.synthetic import plan

MODULE = """
from harness.measures.base import Run, Training
from harness.parts.neurons import Spiking


class Tired(Spiking):
    def step(self, current, state, spike):
        return spike(current - self.threshold), None


class Weighing(Run, code="weights:run"):
    x: Training
"""
CODE = """
from harness.runs.place import write_json


def run(spec, place, report):
    write_json(place.files / "weighed.json", {"T": spec.x.neuron.time_steps})
    return {"T": spec.x.neuron.time_steps}
"""


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    """A training of a neuron of a study, and a run of the study's own that needs none."""
    (tmp_path / "resting.py").write_text(MODULE)
    (tmp_path / "weights.py").write_text(CODE)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    kinds = dict(Neuron.kinds), dict(Run.kinds)
    resting: Any = importlib.import_module("resting")
    known = next(iter(plan("table1", profile="smoke").nodes.values())).full
    training = known.model_copy(update={"neuron": resting.Tired(time_steps=3)})
    yield node_of(training, "tired"), node_of(resting.Weighing(x=training), "weighed")
    Neuron.kinds, Run.kinds = kinds
    del sys.modules["resting"]


def job(node: Node, study: Path) -> Job:
    return Job(node, study / "store", study / "data", 1, {}, {}, study=study)


def test_its_node_is_what_was_planned_wherever_it_runs(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    for node in nodes:
        back = thawed(frozen(job(node, tmp_path), threads=1)).node
        assert (back.key, back.full) == (node.key, node.full)
        assert identity(Run.of(node.kind, node.spec)) == node.spec  # as a store has it
    assert nodes[1].kind == "resting:Weighing"
    assert "resting" not in code_version()  # of which each machine has its own


def test_a_worker_elsewhere_imports_the_study(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    file = tmp_path / "node.json"
    file.write_text(frozen(job(nodes[1], tmp_path), threads=1))
    ran = subprocess.run(
        [sys.executable, "-m", "harness", "worker", str(file)],
        cwd=tmp_path.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    (made,) = (tmp_path / "store").rglob("weighed.json")
    assert '"T": 3' in made.read_text()


def test_what_was_changed_since_it_was_planned_is_not_run(
    nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    text = frozen(job(nodes[0], tmp_path), threads=1)
    (tmp_path / "resting.py").write_text(MODULE.replace("threshold", "threshold - 1"))
    components.code_of.cache_clear()  # as in another process
    assert identity(nodes[0].full) != nodes[0].spec
    outcome = run_job(job(nodes[0], tmp_path), lambda _: None)
    assert isinstance(outcome, Failed)
    assert "the Python of its study was changed after this was planned" in outcome.problem
    with pytest.raises(HarnessError, match="it or the Python of its study was changed"):
        thawed(text)


@pytest.mark.parametrize("file", ["resting.py", "weights.py"])
def test_the_code_that_a_run_names_is_part_of_its_key(
    nodes: tuple[Node, Node], tmp_path: Path, file: str
) -> None:
    with (tmp_path / file).open("a") as opened:
        opened.write("# another word\n")
    components.code_of.cache_clear()
    with pytest.raises(HarnessError, match="its Python is another one now"):
        Run.of(nodes[1].kind, nodes[1].spec)
