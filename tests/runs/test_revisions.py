"""A tiny run of each kind has pinned numbers: what moves them must raise the revision.

After such a change: raise its `revision` in measures/, then `pytest tests/runs --force-regen`.
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_regressions.num_regression import NumericRegressionFixture
from safetensors.torch import save_file

from harness.layout import layout
from harness.measures.base import Run, Training
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from harness.runs.place import Place
from harness.spec.library import load
from harness.spec.overrides import parse_override

# Two steps of half the images each: enough for every part of the loop, too short for the spikes of
# two machines to drift apart.
TINY = ("depth=8", "width=1", "network.base_width=4", "recipe.epochs=1", "recipe.batch=1280")


def tiny(exhibit: str, *overrides: str) -> list[Any]:
    library = load(layout())
    setting = Setting(
        library.blocks, library.profile("smoke"), tuple(map(parse_override, overrides))
    )
    plan = expand(library, (exhibit,), setting)
    return list(plan.nodes.values())


def place(folder: Path) -> Place:
    for name in ("files", "checkpoints"):
        (folder / name).mkdir(parents=True)
    return Place(folder / "files", folder / "checkpoints", folder / "data", {}, 1, folder / "cache")


@pytest.mark.parametrize("neuron", ["relu", "lif", "lif-text"])
def test_a_training_gives_the_numbers_of_its_revision(
    tmp_path: Path, num_regression: NumericRegressionFixture, neuron: str
) -> None:
    node = tiny("table1", *TINY, f"neuron={neuron}")[0]
    here = place(tmp_path)
    node.full.run(here, lambda progress: None)
    metrics = json.loads((here.files / "metrics.json").read_text())
    first = metrics["history"][0]
    pinned = {
        "revision": [Run.kinds["train"].revision],
        "train_loss": [first["train_loss"]],
        "lr": [first["lr"]],
        "parameters": [metrics["parameters"]],
    }
    expected = {"revision", "train_loss", "lr", "parameters"}
    assert set(pinned) == expected  # num_regression alone would not miss a column
    num_regression.check(pinned, default_tolerance={"rtol": 2e-4, "atol": 0})


def test_an_architecture_gives_the_numbers_of_its_revision(
    tmp_path: Path, num_regression: NumericRegressionFixture
) -> None:
    node = tiny("tableD1", "depth=20")[0]
    here = place(tmp_path)
    node.full.run(here, lambda progress: None)
    found = json.loads((here.files / "architecture.json").read_text())
    assert [row["stage"] for row in found["stages"]] == [
        "conv1",
        "block1",
        "block2",
        "block3",
        "pooling",
        "classifier",
    ]
    num_regression.check(
        {
            "revision": [Run.kinds["architecture"].revision] * 6,
            "parameters": [row["parameters"] for row in found["stages"]],
            "macs": [row["macs"] for row in found["stages"]],
        }
    )


# Untrained networks, so that nothing but the measurement can move the numbers.
MEASURED = {
    "cka": ("fig3", "cka.json", ("depth=8",)),
    "cka_null": ("beyond-null", "cka.json", ("depth=8", "width=1")),
    "similarity": ("beyond-measures", "cka.json", ("depth=8", "width=1")),
    "time_cka": ("fig6", "cka.json", ("depth=8", "time_steps=3")),
    "attack": ("fig8", "attack.json", ("depth=8", "neuron=relu", "attack.units=pixel")),
    "evaluation": ("beyond-time", "evaluation.json", ("depth=8", "time_steps=4")),
    "ladder": ("beyond-attack", "ladder.json", ("depth=8", "neuron=relu", "attack=pgd")),
    "probe": (
        "figA6",
        "probe.json",
        ("depth=8", "stages_without_shortcut=no-stage", "neuron=relu"),
    ),
    "workflow": ("fig1", "workflow.json", ("depth=8",)),
    "regression": ("lab-fig1", "regression.json", ("network.channels=2",)),
    "activations": ("lab-fig2", "activations.json", ("network.channels=4",)),
    "kernels": ("lab-fig5", "kernels.json", ()),
    "maximisation": (
        "lab-fig7",
        "maximisation.json",
        ("activation_maximisation.steps=2", "activation_maximisation.starts=1"),
    ),
    "operations": ("beyond-energy", "operations.json", ("depth=8", "width=1", "neuron=lif")),
    "top_images": ("lab-fig9", "top_images.json", ("network.channels=8",)),
}
SMALL = (
    "network.base_width=4",
    "network.residual_scale=1.0",
    "cka.images=64",
    "cka.batch=32",
)
SMALL += ("attack.images=64", "attack.iterations=2", "neuron.threshold=0.5")


@pytest.mark.parametrize("kind", MEASURED)
def test_a_measurement_gives_the_numbers_of_its_revision(
    tmp_path: Path, num_regression: NumericRegressionFixture, kind: str
) -> None:
    exhibit, record, overrides = MEASURED[kind]
    node = next(one for one in tiny(exhibit, *SMALL, *overrides) if one.kind == kind)
    inputs = {side: tmp_path / side for side in node.inputs}
    for side, folder in inputs.items():
        untrained(getattr(node.full, side), folder)
    here = replace(place(tmp_path), inputs=inputs)
    numbers = node.full.run(here, lambda progress: None)
    assert (here.files / record).is_file()
    pinned = {name: [float(value)] for name, value in numbers.items() if value is not None}
    assert pinned
    num_regression.check(
        {"revision": [Run.kinds[kind].revision], **pinned},
        default_tolerance={"rtol": 2e-3, "atol": 0},
    )


def untrained(spec: Training, folder: Path) -> None:
    """The weights that a training starts from, as if it had been stored."""
    folder.mkdir()
    net = spec.build()
    save_file(
        {name: one.contiguous() for name, one in net.state_dict().items()},
        folder / "network.safetensors",
    )


@pytest.mark.parametrize("depth", [13, 43])
def test_vgg_is_built_as_table_d2_prints_it(tmp_path: Path, depth: int) -> None:
    node = tiny("tableD2", f"depth={depth}", "network.base_width=64")[0]
    here = place(tmp_path)
    node.full.run(here, lambda progress: None)
    found = json.loads((here.files / "architecture.json").read_text())
    with (layout().golden / "paper" / "tableD2.csv").open(encoding="utf-8") as table:
        printed = [row for row in csv.DictReader(table) if row["depth"] == str(depth)]
    assert [(row["stage"], row["text"]) for row in found["stages"]] == [
        (row["stage"], row["text"]) for row in printed
    ]


@pytest.mark.parametrize("kind", Run.kinds)
def test_every_kind_of_run_has_code(kind: str) -> None:
    made = Run.kinds[kind]
    assert callable(made.load()) or made.run is not Run.run
