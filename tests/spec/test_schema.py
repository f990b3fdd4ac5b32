"""The schemas in specs/schema are those of the models, every spec names its own, and they bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from harness.parts.neurons import Neuron, Spiking
from harness.spec.schema import KINDS, schema_files, schema_line, schema_of


def test_the_files_are_current(root: Path) -> None:
    stored = {path.name: path.read_bytes() for path in (root / "specs/schema").iterdir()}
    assert stored == schema_files(), "they are written by: harness schema --write"


def test_the_first_line_of_every_spec_names_its_schema(root: Path) -> None:
    for path in sorted((root / "specs").rglob("*.toml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == schema_line(path), f"{path} must begin with: {schema_line(path)}"
        assert (path.parent / first.removeprefix("#:schema ")).is_file()


def test_a_kind_of_ones_own_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neuron, "kinds", dict(Neuron.kinds))

    class Eager(Spiking):
        eagerness: float = 1.0

    Eager(time_steps=2)
    assert "eagerness" not in schema_files()["neurons.json"].decode()


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_leads_to_a_definition(kind: str) -> None:
    made = schema_of(kind)

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(made) <= {f"#/$defs/{name}" for name in made.get("$defs", {})}


# file, what is written instead of what, what the linter must say
BROKEN = [
    ("paper/table2.toml", "depth    = [", "dept = [", "key must match the pattern"),
    ("paper/table2.toml", 'along = ["depth"], where', "alon = 1, where", "alon"),
    ("blocks/neurons.toml", "decay              = 0.5", "decay = 2.5", "must be"),
    ("blocks/neurons.toml", "decay              = 0.5", "decai = 0.5", '"decai" is not allowed'),
    ("blocks/recipes.toml", "momentum = 0.8", "momentun = 0.8", '"momentun" is not allowed'),
    ("blocks/networks.toml", 'base     = "resnet"', "base = 3", "String"),
    ("profiles/smoke.toml", "seeds  = [0]", "seeds = []", "at least 1"),
    ("../study.toml", "called   =", "calld =", '"calld" is not allowed'),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
def test_a_linter_finds_faults_by_them(
    file: str, old: str, new: str, said: str, root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    shutil.copy(root / "study.toml", tmp_path)
    path = tmp_path / "specs" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    ran = lint(tmp_path)
    assert ran.returncode == 1
    assert said in ran.stdout + ran.stderr


def test_a_linter_finds_none_in_the_specs_as_they_are(root: Path) -> None:
    ran = lint(root)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    tombi = Path(sysconfig.get_path("scripts")) / "tombi"
    assert tombi.exists(), f"tombi is not installed beside {sys.executable}"
    return subprocess.run(
        [tombi, "lint", "--offline", "specs", "study.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
