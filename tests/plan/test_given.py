"""Exhibits of networks that were trained elsewhere: what they must name, which runs they make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.layout import layout
from harness.parts.given import Given
from harness.parts.neurons import Relu
from harness.plan.estimate import disk_bytes, estimate
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.spec.library import read
from harness.spec.overrides import parse_override
from harness.terminal.costs import about
from tests.small import small_project

WEIGHTS = b"PK\x03\x04 and nobody reads on before a run"
BLOCKS = """
[a]
kind          = "given"
factory       = "torchvision.models:resnet18"
arguments     = { num_classes = 10 }
file          = "a.pt"
normalisation = { mean = [0.5, 0.5, 0.5], std = [0.2, 0.2, 0.2] }

[b]
base          = "a"
normalisation = "dataset"
"""
HEAD = 'title = "Two"\nsource = { document = "paper", place = "ours" }\n'
MAP = """
id = "ours"
[[measure]]
kind = "cka"
map = "a-b"
x = { network = "a" }
y = { network = "b" }
[[grid]]
dataset = ["cifar10"]
"""
EACH = """
id = "ours"
measure = { kind = "accuracy" }
[grid]
network = ["a", "b"]
[fixed]
dataset = "cifar10"
"""


def project_of(folder: Path, text: str, blocks: str = BLOCKS, weights: bytes = WEIGHTS) -> Path:
    """One exhibit beside those that there are."""
    project = small_project(folder / "project")
    with (project / "specs/blocks/networks.toml").open("a") as file:
        file.write(blocks)
    (project / "a.pt").write_bytes(weights)
    head, rest = text.split("\n", 2)[1], text.split("\n", 2)[2]
    (project / "specs/paper/ours.toml").write_text(f"{head}\n{HEAD}{rest}")
    return project


def planned(folder: Path, text: str, *typed: str, **how: Any) -> Plan:
    """The plan of this exhibit."""
    project = project_of(folder, text, **how)
    library = read(layout(project))
    overrides = tuple(map(parse_override, typed))
    files = project, project / "data"
    setting = Setting(library.blocks, library.profile("smoke"), overrides, files=files)
    return expand(library, ("ours",), setting)


def test_two_networks_are_compared_and_each_is_a_run(tmp_path: Path) -> None:
    plan = planned(tmp_path, MAP)
    assert [node.kind for node in plan.nodes.values()] == ["given", "given", "cka"]
    *given, cka = plan.nodes.values()
    assert set(cka.inputs.values()) == {node.key for node in given}
    spec = given[0].spec
    assert set(spec) == {"dataset", "network", "numerics", "seed"}
    assert spec["network"]["sha256"].startswith("sha256:") and "file" not in spec["network"]


def test_neither_neuron_nor_recipe_is_named(tmp_path: Path) -> None:
    (planned_exhibit,) = planned(tmp_path, EACH).exhibits
    assert [point.levels["network"] for point in planned_exhibit.points] == ["a", "b"]
    assert {point.levels["depth"] for point in planned_exhibit.points} == {None}


def test_a_map_of_named_networks_stands_once_beside_what_is_measured_of_each(
    tmp_path: Path,
) -> None:
    both = MAP.replace('[[grid]]\ndataset = ["cifar10"]', '[[measure]]\nkind = "accuracy"\n')
    text = both + '[grid]\nnetwork = ["a", "b"]\n[fixed]\ndataset = "cifar10"\n'
    (found,) = planned(tmp_path, text).exhibits
    levels = [(point.measure.kind, point.levels["network"]) for point in found.points]
    assert sorted(levels, key=str) == [("accuracy", "a"), ("accuracy", "b"), ("cka", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (EACH.replace('"b"', '"resnet"'), "names no neuron"),
        (MAP.replace('y = { network = "b" }', 'y = { network = "c" }'), "is called 'c'"),
        (MAP.replace('y = { network = "b" }', "y = {}"), "names no network"),
    ],
)
def test_what_is_lacking_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        planned(tmp_path, text)


def test_a_recipe_means_nothing_to_it(tmp_path: Path) -> None:
    before = planned(tmp_path / "a", EACH).nodes.keys()
    assert planned(tmp_path / "b", EACH, "recipe.epochs=3").nodes.keys() == before


def test_it_may_stand_beside_networks_that_are_trained_here(tmp_path: Path) -> None:
    text = EACH.replace('["a", "b"]', '["a", "resnet"]') + 'neuron = "relu"\nrecipe = "paper"\n'
    kinds = [node.kind for node in planned(tmp_path, text).nodes.values()]
    assert sorted(kinds) == ["given", "train"]


def test_a_factory_that_was_edited_since_the_plan_makes_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "edited_nets.py"
    file.write_text("from torch import nn\n\n\ndef make():\n    return nn.Linear(3, 2)\n")
    (tmp_path / "w.pt").write_bytes(WEIGHTS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "edited_nets", raising=False)
    how = {"factory": "edited_nets:make", "file": "w.pt", "normalisation": "dataset"}
    made = Given(**how).pinned(tmp_path, tmp_path)
    assert made.code
    made.build(Relu(), classes=2, channels=3, seed=0)
    file.write_text(file.read_text().replace("3, 2", "3, 400"))
    with pytest.raises(HarnessError, match="its Python is another one now"):
        made.build(Relu(), classes=2, channels=3, seed=0)
    del sys.modules["edited_nets"]


GRAY = "{ mean = [0.5], std = [0.2] }"
COLOURED = "{ mean = [0.5, 0.5, 0.5], std = [0.2, 0.2, 0.2] }"


@pytest.mark.parametrize(
    ("blocks", "weights", "said"),
    [
        (BLOCKS.replace(COLOURED, GRAY), WEIGHTS, "is of 1 channels, and its images have 3"),
        (BLOCKS + 'time = "time first"', WEIGHTS, "has time 'time first' and no time_steps"),
        (BLOCKS, b"<html>404</html>", "is no file of weights"),
        (BLOCKS, b"", "is no file of weights"),
        (BLOCKS, b"\x10" + bytes(7) + b"{" + bytes(9), "its header is no header of safetensors"),
    ],
)
def test_what_only_a_run_would_find_is_refused_by_the_plan(
    tmp_path: Path, blocks: str, weights: bytes, said: str
) -> None:
    with pytest.raises(HarnessError, match=said):
        planned(tmp_path, EACH, blocks=blocks, weights=weights)


def test_of_a_broken_block_the_fault_alone_is_told(tmp_path: Path) -> None:
    blocks = BLOCKS.replace(f"normalisation = {COLOURED}\n", "", 1)
    project = project_of(tmp_path, EACH, blocks)
    with pytest.raises(HarnessError) as caught:
        read(layout(project)).require_whole()
    assert "normalisation" in str(caught.value)
    assert "names no" not in str(caught.value)


def test_its_disk_is_that_of_its_file_and_its_time_is_not_known(tmp_path: Path) -> None:
    plan = planned(tmp_path, EACH, weights=WEIGHTS + bytes(50_000))
    estimates = estimate(plan.nodes.values(), ())
    for node in plan.nodes.values():
        assert disk_bytes(node) == 20_000 + 50_000 + len(WEIGHTS)
        assert about([estimates[node.key].seconds]) == "time unknown until run"
    assert about([0, 30.0, 30.0], 2) == "~30 s and 1 unknown until run"
    assert about([30.0, 30.0], 2) == "~30 s"
