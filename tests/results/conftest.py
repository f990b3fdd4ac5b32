"""A study with two networks of 8 layers, trained for one epoch, and a map between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from harness.app import job_maker, make_plan, open_project
from harness.execute.events import Finished
from harness.execute.job import run_job
from harness.layout import layout
from harness.store.store import Store
from tests.cli.typed import Said, typed
from tests.small import small_project

Harness = Callable[[str], Said]

PAIR = """\
id      = "pair"
title   = "Two networks, 100 % & more"
source  = { document = "paper", place = "nowhere" }
measure = { kind = "accuracy" }
[grid]
neuron = ["relu", "lif"]
depth  = [8]
[fixed]
network = "resnet"
dataset = "cifar10"
recipe  = "paper"
"""
BETWEEN = """\
id      = "between"
title   = "Between them"
source  = { document = "paper", place = "nowhere" }
[measure]
kind    = "workflow"
x       = { neuron = "lif" }
y       = { neuron = "relu" }
layer   = "s2.b0"
images  = 16
[grid]
depth = [8]
[fixed]
network = "resnet"
dataset = "cifar10"
recipe  = "paper"
"""
ELSEWHERE = """\
id      = "elsewhere"
title   = "Trained elsewhere"
source  = { document = "paper", place = "nowhere" }
measure = { kind = "accuracy" }
[grid]
network = ["theirs"]
[fixed]
dataset = "cifar10"
"""
THEIRS = """
[theirs]
kind          = "given"
factory       = "theirs:linear"
file          = "theirs.pt"
normalisation = "dataset"
"""
LINEAR = """\
from torch import nn

def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 10))
"""
MORE = PAIR.replace('"pair"', '"more"').replace("[8]", "[8, 14]")


@dataclass(frozen=True)
class Study:
    """Its folder, and its store."""

    folder: Path
    store: Store


def without_exhibits(folder: Path) -> Path:
    """A small project whose exhibits are gone."""
    small_project(folder)
    for room in ("paper", "lab", "beyond"):
        for path in (folder / "specs" / room).glob("*.toml"):
            path.unlink()
    return folder


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One for all tests, which leave it as it is."""
    folder = without_exhibits(tmp_path_factory.mktemp("study") / "ours")
    texts = {"pair": PAIR, "between": BETWEEN, "more": MORE, "elsewhere": ELSEWHERE}
    for name, text in texts.items():
        (folder / f"specs/paper/{name}.toml").write_text(text)
    (folder / "theirs.py").write_text(LINEAR)
    with (folder / "specs/blocks/networks.toml").open("a") as blocks:
        blocks.write(THEIRS)
    names = {"1.weight": torch.eye(192)[:10], "1.bias": torch.zeros(10)}
    torch.save(names, folder / "theirs.pt")
    here = layout(folder, store=folder / "store")
    project = open_project(here, profile="smoke", command="harness reproduce pair between")
    make_job = job_maker(project, 1)
    for node in make_plan(project, ["pair", "between", "elsewhere"]).nodes.values():
        outcome = run_job(replace(make_job(node), environment={}), lambda _: None)
        assert isinstance(outcome, Finished), outcome
    return Study(folder, Store(here.store))


@pytest.fixture
def harness(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Harness:
    """Type a command in the folder of the study."""
    monkeypatch.delenv("HARNESS_STORE", raising=False)
    monkeypatch.chdir(study.folder)
    return lambda line: typed(line, monkeypatch, capsys)
