"""What docs/components.md adds runs; its page runs most of it itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.engine import training
from harness.engine.data.labelled import ImageSet
from harness.engine.networks import record
from harness.engine.training import Normalisation
from harness.errors import HarnessError
from harness.parts.base import identity
from harness.parts.datasets import Dataset
from harness.parts.networks import Network
from harness.parts.neurons import Lif
from harness.parts.recipe import Recipe
from tests.docs.blocks import blocks_of

PROBED = """
id      = "probed"
title   = "A probe and an attack of our own"
source  = { document = "ours", place = "nowhere" }
measure = [{ kind = "probe", probe = "centroids" },
           { kind = "attack", attack = "noise", epsilon = [0.5], cka = "paper" }]
grid    = { neuron = ["alif"] }
fixed   = { network = "tiny", dataset = "stripes", recipe = "brief" }
"""
FEW = ["cka.images=50", "cka.batch=50", "attack.images=50"]
TINY = '\n[tiny]\nkind = "resnet"\ndepth = 8\nbase_width = 2\n'


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of the page, with an exhibit of its probe."""
    folder = tmp_path_factory.mktemp("extended")
    assert harness(folder, "init", "mystudy").returncode == 0
    for block in blocks_of(root / "docs/components.md"):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    study = folder / "mystudy"
    (study / "specs/probed.toml").write_text(PROBED)
    with (study / "specs/blocks/networks.toml").open("a") as file:
        file.write(TINY)
    return study


def harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.slow
def test_a_probe_and_an_attack_go_through_plan_runs_and_report(study: Path) -> None:
    ran = harness(study, "reproduce", "probed", *(word for one in FEW for word in ("--set", one)))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    cells = json.loads((study / "out/smoke/probed/frame.json").read_text())["cells"]
    found = {(one["quantity"], one["layer"]): one["value"] for one in cells}
    assert {layer for name, layer in found if name == "probe_accuracy"} == {
        "s1.b0", "s2.b0", "s3.b0"
    }  # fmt: skip
    assert 0 < found["attack_cka_mean", None] <= 1


@pytest.mark.slow
def test_an_edit_is_a_reason_to_run_anew(study: Path) -> None:
    before = harness(study, "plan", "own", "--json")
    keys = {one["label"]: one["key"] for one in json.loads(before.stdout)["nodes"]}
    with (study / "mystudy/alif.py").open("a") as file:
        file.write("# another word\n")
    after = json.loads(harness(study, "plan", "own", "--json").stdout)["nodes"]
    changed = {one["label"] for one in after if one["key"] != keys[one["label"]]}
    assert changed == {label for label in keys if "AdaptiveLif" in label}
    assert len(changed) == 2  # its training, and the norms of that


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "own", "--set", "neuron.ries=1"), "did you mean 'neuron.rise'?"),
        (("plan", "own", "--set", "neuron.rise=-1"), "must be greater than or equal to 0 (got -1)"),
    ],
)
def test_a_slip_in_one_of_them_is_told_as_in_ours(
    study: Path, words: tuple[str, ...], said: str
) -> None:
    told = harness(study, *words)
    assert told.returncode == 2
    assert said in told.stderr


def test_one_s_own_is_listed_with_its_fields(study: Path) -> None:
    listed = json.loads(harness(study, "list", "neurons", "--json").stdout)
    (mine,) = (one for one in listed if one["kind"] == "mystudy.alif:AdaptiveLif")
    assert {"name": "rise", "values": "number, 0 or more", "default": 0.2, "required": False,
            "description": "of the threshold, per spike"} in mine["fields"]  # fmt: skip
    measured = json.loads(harness(study, "list", "quantities", "--json").stdout)
    assert {"quantity": "norm", "measure": "mystudy.norms:Norms", "adds": ["layer"]} in measured


@pytest.fixture
def imported(study: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The study's modules can be imported, and are forgotten when the test is over."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(study)])
    for family in (Dataset, Network):
        monkeypatch.setattr(family, "kinds", dict(family.kinds))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "mystudy"]:
        del sys.modules[name]


@pytest.mark.usefixtures("imported")
def test_a_file_that_a_component_rests_on_is_part_of_the_key(study: Path) -> None:
    from mystudy.mask import Masked  # type: ignore[import-not-found]

    mask = np.tile(np.array([0, 1], np.uint8), (8, 4))
    np.save(study / "mask.npy", mask)
    planned = Masked(mask=Path("mask.npy")).pinned(study, study)
    images = planned.load(2, study, study)
    assert not images.test_images[:, :, :, ::2].any()
    assert images.test_images[:, :, :, 1::2].float().mean() > 40
    np.save(study / "mask.npy", 1 - mask)
    changed = Masked(mask=Path("mask.npy")).pinned(study, study)
    assert identity(changed) != identity(planned)
    assert "mask" not in identity(planned)
    with pytest.raises(HarnessError, match="not those of the plan"):
        planned.load(2, study, study)


@pytest.mark.slow
@pytest.mark.usefixtures("imported")
def test_a_network_of_spikingjelly_is_trained_and_looked_at() -> None:
    pytest.importorskip("spikingjelly", reason="NOT TESTED: spikingjelly is not installed")
    from mystudy.jelly import SpikingResnet  # type: ignore[import-not-found]

    made = SpikingResnet()
    assert identity(made)["kind"] == "mystudy.jelly:SpikingResnet"
    network = made.build(Lif(time_steps=2), classes=2, channels=3, seed=0)
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 255, (24, 3, 8, 8), generator=draw, dtype=torch.uint8)
    labels = torch.arange(24) % 2
    images = ImageSet("noise", pixels, labels, pixels, labels, ("a", "b"), "embedded")
    recipe = Recipe(epochs=1, batch=12, lr=0.01, weight_decay=0.0, momentum=0.9)
    normalise = Normalisation.of(pixels)
    history = training.train(network, images, recipe, seed=0, normalisation=normalise)
    assert len(history.epochs) == 1
    layers = dict(record(network.eval(), normalise(pixels[:5]), ["layer1.0.sn1", "layer4.0.bn1"]))
    assert layers["layer1.0.sn1"].shape == (2, 5, 64, 8, 8)
    assert layers["layer1.0.sn1"].unique().tolist() == [0, 1]  # spikes
