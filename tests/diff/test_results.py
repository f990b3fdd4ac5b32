"""Folders that are no results, or not of this version, are refused with the file and a way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.diff.compare import read_results
from harness.errors import ExitCode, HarnessError
from tests.diff.made import exhibit


def test_everything_that_is_compared_is_read(tmp_path: Path) -> None:
    found = read_results(exhibit(tmp_path / "out/smoke")).exhibits["table1"]
    assert found.cells[("accuracy", "depth 20")].value == 90.5
    assert found.claims["falls"].status == "PASS"
    assert found.settings == {"recipe.epochs": ("2",)}
    assert found.environment == {"harness": ("0.1.0",), "packages.torch": ("2.15.0",)}


BROKEN = [
    ("verdict.json", "{", "is not JSON"),
    ("verdict.json", "[]", "has version None, this harness reads 1"),
    ("verdict.json", json.dumps({"version": 9}), "has version 9, this harness reads 1"),
    ("verdict.json", json.dumps({"version": 1}), "do not have the expected fields"),
    ("provenance.json", json.dumps({"version": 1, "nodes": [3]}), "the expected fields"),
    ("provenance.json", None, "is missing"),
]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_a_broken_file_is_named(name: str, content: str | None, said: str, tmp_path: Path) -> None:
    folder = exhibit(tmp_path / "smoke")
    path = folder / "table1" / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(HarnessError) as caught:
        read_results(folder)
    assert said in str(caught.value)
    assert "table1" in caught.value.where
    assert "harness report" in caught.value.hint
    assert caught.value.code == ExitCode.USAGE


def test_the_folder_above_results_says_which_ones_it_holds(tmp_path: Path) -> None:
    exhibit(tmp_path / "out/smoke")
    exhibit(tmp_path / "out/paper")
    with pytest.raises(HarnessError, match=r"did you mean \S+out/paper or \S+out/smoke\?"):
        read_results(tmp_path / "out")
