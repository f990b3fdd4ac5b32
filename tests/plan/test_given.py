"""Exhibits of networks that were trained elsewhere: what they must name, which runs they make."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.layout import layout
from harness.parts.given import Given
from harness.parts.neurons import Relu
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.spec.library import read
from harness.spec.overrides import parse_override
from tests.small import small_project

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


def planned(folder: Path, text: str, *typed: str) -> Plan:
    """The plan of one exhibit beside those that there are."""
    project = small_project(folder / "project")
    with (project / "specs/blocks/networks.toml").open("a") as file:
        file.write(BLOCKS)
    (project / "a.pt").write_bytes(b"nobody reads them before a run")
    head, rest = text.split("\n", 2)[1], text.split("\n", 2)[2]
    (project / "specs/paper/ours.toml").write_text(f"{head}\n{HEAD}{rest}")
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
    (tmp_path / "w.pt").write_bytes(b"")
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
