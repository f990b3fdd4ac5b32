"""What the README promises is what CI runs, and what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

TESTS = "python3 -m pip install nox uv && python3 -m nox -s tests"
MAIN = "python3 -m pip install nox uv && python3 -m nox -s reproduce -- table1"


def test_the_two_commands_stand_in_the_readme(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert f"\n{MAIN}\n" in readme
    assert f"\n{TESTS}\n" in readme


def test_ci_runs_the_readme_test_command(root: Path) -> None:
    script = (root / ".ci/run").read_text(encoding="utf-8")
    assert TESTS in script.replace("install --quiet", "install")
    workflow = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert TESTS in workflow


def test_the_source_archive_has_what_the_two_commands_need(root: Path) -> None:
    """All that is not ignored: a list of what goes in is one that a new file is missing from."""
    build = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    assert set(build["build"]["targets"]) == {"wheel"}
    assert not {"include", "only-include", "exclude"} & set(build["build"])
    ignored = (root / ".gitignore").read_text(encoding="utf-8")
    for needed in ("noxfile.py", "uv.lock", "pyproject.toml", "specs", "golden", "tests"):
        assert (root / needed).exists()
        assert needed not in ignored


def test_each_session_has_a_docstring(root: Path) -> None:
    text = (root / "noxfile.py").read_text(encoding="utf-8")
    sessions = re.findall(r'@nox\.session\ndef (\w+)\(.*\) -> None:\n    """(.+)"""', text)
    assert [name for name, _ in sessions] == re.findall(r"@nox\.session\ndef (\w+)", text)
    assert {"reproduce", "check", "tests", "lint", "types", "specs"} <= {
        name for name, _ in sessions
    }


def test_links_of_the_readme_lead_somewhere(root: Path) -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (root / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("https://") or (root / target).exists(), target
