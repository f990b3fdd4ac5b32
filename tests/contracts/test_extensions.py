"""What CONTRIBUTING adds in a file of its own is found there: a copy of the project gets one of
each kind, and goes through plan, runs and report with them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import blocks_of

BLOCKS = {
    "networks": '[narrow]\nkind = "narrow"\n[tiny]\nkind = "resnet"\ndepth = 8\nbase_width = 2\n',
    "neurons": '[adaptive]\nkind = "adaptive"\ntime_steps = 2\nfires_at_threshold = true\n'
    'surrogate = { kind = "gaussian" }\n',
    "datasets": '[stripes]\nkind = "stripes"\n',
    "attacks": '[noise]\nkind = "noise"\nunits = "normalised"\nclip = false\nimages = 50\n'
    "batch = 50\n",
    "probes": '[centroids]\nkind = "centroids"\n',
    "cka": "[few]\nimages = 50\nbatch = 50\n",
}
PROFILE = 'id = "own"\ntitle = "As it is"\nseeds = [0]\n[numerics]\n'
OWN = """
id      = "own"
title   = "What is our own"
source  = { document = "paper", place = "nowhere" }
figure  = "own"
measure = [{ kind = "accuracy" }, { kind = "norms" },
           { kind = "attack", attack = "noise", epsilon = [0.5], cka = "few" }]
grid    = { neuron = ["relu", "adaptive"] }
fixed   = { network = "narrow", dataset = "stripes", recipe = "brief" }
[[claim]]
id    = "together"
text  = "No two are right about everything."
place = "nowhere"
test  = { kind = "total", quantity = "accuracy", along = "neuron", below = 250, basis = "percent" }
"""
PROBED = """
id      = "probed"
title   = "A probe of our own"
source  = { document = "paper", place = "nowhere" }
measure = { kind = "probe", probe = "centroids" }
grid    = { neuron = ["adaptive"] }
fixed   = { network = "tiny", dataset = "stripes", recipe = "brief" }
"""


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a file for each block of CONTRIBUTING that names one in its first line."""
    copy = tmp_path_factory.mktemp("extended")
    without = shutil.ignore_patterns("__pycache__")
    for name in ("harness", "specs", "golden", "paper_figures"):
        shutil.copytree(root / name, copy / name, ignore=without)
    shutil.copy(root / "study.toml", copy)
    for block in blocks_of(root / "CONTRIBUTING.md"):
        if named := re.match(r"# ((?:harness|paper_figures|specs)/\S+)\n", block.text):
            add(copy / named[1], block.text)
    for name, text in BLOCKS.items():
        add(copy / f"specs/blocks/{name}.toml", text)
    for name, text in (("paper/own", OWN), ("paper/probed", PROBED), ("profiles/own", PROFILE)):
        add(copy / f"specs/{name}.toml", text)
    return copy


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{text}")


def harness(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(project)}
    return subprocess.run(
        [sys.executable, "-m", "harness", *words, "--profile", "own"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.slow
def test_one_of_each_goes_through_plan_runs_and_report(project: Path) -> None:
    planned = harness(project, "plan", "own", "probed")
    assert planned.returncode == 0, planned.stderr
    assert "adaptive T=2 stripes" in planned.stdout
    ran = harness(project, "reproduce", "own", "probed")
    out = project / "out/own"
    assert ran.returncode == 0, ran.stdout + ran.stderr
    cells = json.loads((out / "own/frame.json").read_text())["cells"]
    values = {(one["quantity"], one["neuron"], one["layer"], one["epsilon"]): one["value"]
              for one in cells}  # fmt: skip
    assert values["accuracy", "relu", None, None] > 60
    assert values["accuracy", "adaptive", None, None] > 60
    assert values["norm", "adaptive", "fc.weight", None] > 0
    assert 0 < values["attack_cka_mean", "relu", None, "0.5"] <= 1
    probed = json.loads((out / "probed/frame.json").read_text())["cells"]
    assert {one["layer"] for one in probed if one["quantity"] == "probe_accuracy"} == {
        "s1.b0", "s2.b0", "s3.b0"
    }  # fmt: skip
    (claim,) = json.loads((out / "own/verdict.json").read_text())["claims"]
    assert "adds up to less than 250 over neuron" in claim["predicate"]
    assert (out / "own/own.png").stat().st_size > 1000
    assert "norms of narrow adaptive T=2 stripes seed 0" in (out / "report.html").read_text()


@pytest.mark.slow
def test_a_typo_in_one_of_them_is_told_as_in_ours(project: Path) -> None:
    told = harness(project, "plan", "own", "--set", "neuron.ries=1")
    assert told.returncode == 2
    assert "did you mean 'neuron.rise'?" in told.stderr
