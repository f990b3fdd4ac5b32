"""The predicate that CONTRIBUTING shows is one new file: it is planned, tested and reported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import blocks_of

CLAIM = """
[[claim]]
id    = "small"
text  = "ResNet-20 is small."
place = "p. 6"

[claim.test]
kind     = "total"
quantity = "parameters"
along    = "stage"
where    = { depth = 20, stage = ["conv1", "block1", "block2", "block3"] }
below    = 3e5
basis    = "the size of ResNet-20"
"""


def harness(project: Path, *words: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=project,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_predicate_is_one_new_file(project: Path, root: Path) -> None:
    shutil.copytree(root / "harness", project / "harness")
    shutil.copy(root / "pyproject.toml", project)
    (block,) = (b for b in blocks_of(root / "CONTRIBUTING.md") if "(Predicate)" in b.text)
    (project / "harness/spec/claim/total.py").write_text(block.text, encoding="utf-8")
    exhibit = project / "specs/paper/tableD1.toml"
    exhibit.write_text(exhibit.read_text(encoding="utf-8") + CLAIM, encoding="utf-8")
    assert "tableD1" in harness(project, "plan", "tableD1")
    harness(project, "reproduce", "tableD1", "--quiet")
    out = project / "out/smoke"
    (claim,) = json.loads((out / "tableD1/verdict.json").read_text(encoding="utf-8"))["claims"]
    assert claim["status"] == "PASS"
    said = "parameters at depth 20, stage conv1/block1/block2/block3 adds up to less than 300000"
    assert claim["predicate"] == f"{said} over stage"
    assert float(claim["measured"]) == 272_474 - 650  # of Table D.1, without its classifier
    assert said in (out / "report.html").read_text(encoding="utf-8")
