"""What is stored was made by some code: a check says when that is not the code that it runs.

The package is copied, so that it can be broken under a store that it filled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.small import ROOT, change, small_project

WORDS = ("table1", "--jobs", "2", "--set", "seed=0")
NOTHING: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose code lies in it, with a store of a check that ended well."""
    folder = small_project(tmp_path_factory.mktemp("fresh") / "project")
    shutil.copytree(ROOT / "harness", folder / "harness", ignore=lambda *_: {"__pycache__"})
    ran = harness(folder, "check", *WORDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "made otherwise" not in ran.stdout
    return folder


@pytest.fixture
def project(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "project"))


def harness(
    folder: Path, *words: str, environment: Mapping[str, str] = NOTHING
) -> subprocess.CompletedProcess[str]:
    ours = {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "CI": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env=os.environ | ours,
        capture_output=True,
        text=True,
        timeout=600,
    )


def said(folder: Path, *words: str, environment: Mapping[str, str] = NOTHING) -> tuple[int, str]:
    ran = harness(folder, *words, environment=environment)
    return ran.returncode, ran.stdout + ran.stderr


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """By what each stored run was made."""
    paths = (folder / "store/nodes").glob("*/*/manifest.json")
    return {path.parent.name: json.loads(path.read_text())["environment"] for path in paths}


def test_a_broken_engine_is_no_unchanged_one(project: Path) -> None:
    for file in ("training/loop.py", "lif/layer.py"):
        path = project / "harness/engine" / file
        path.write_text(f"raise SystemExit\n{path.read_text()}")
    code, out = said(project, "check", *WORDS)
    assert code == 4, out
    assert "4 of 4 stored runs were made otherwise than they would be here: 4 by other code" in out
    assert "--fresh runs them anew" in out
    code, out = said(project, "report", "table1", "--set", "seed=0")
    assert (code, "4 of 4 stored runs were made otherwise than they would" in out) == (0, True), out
    assert said(project, "check", *WORDS, "--stored")[0] == 0
    before = manifests(project)
    code, out = said(project, "check", *WORDS, "--fresh")
    assert code in (1, 3), out  # runs fail, and what cannot be assessed does not hold
    assert "0 nodes run, 0 stored before, 4 failed" in out
    assert manifests(project) == before  # nothing is lost for it


def test_fresh_runs_anew_and_what_was_forced_is_recorded(project: Path) -> None:
    change(project / "harness/report/wording.py", '"""', '"""Well. ')  # decides no number
    before = manifests(project)
    forced = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    code, out = said(project, "reproduce", *WORDS, "--fresh", environment=forced)
    assert (code, "4 nodes run, 0 stored before, 0 failed" in out) == (0, True), out
    after = manifests(project)
    assert after.keys() == before.keys()
    for key, environment in after.items():
        assert environment["code"] == before[key]["code"]
        assert environment["arithmetic"]["ONEDNN_MAX_CPU_ISA"] == "SSE41"
        assert environment["in_use"]["cpu_capability"] == "DEFAULT"
    code, out = said(project, "check", *WORDS)
    assert code == 4, out
    assert "4 with ATEN_CPU_CAPABILITY=default, 4 with ONEDNN_MAX_CPU_ISA=SSE41" in out
