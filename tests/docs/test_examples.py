"""Every example of the documentation is true: Python is executed, commands are typed.

Each file gets a small copy of the project of its own, in which its blocks run in their order. What
cannot run in a test says so in a comment before it, and must parse.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typed import NAMES, parsed
from tests.docs.blocks import Block, blocks_of, commands_of
from tests.small import ROOT, small_project

FIRST = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in FIRST), *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = {"sh", "python", "toml", "yaml", ""}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.slow
def test_what_a_page_shows_is_what_happens(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = small_project(tmp_path)
    monkeypatch.chdir(project)
    names: dict[str, Any] = {}
    for block in blocks_of(page):
        assert block.language in LANGUAGES, f"{page.name}:{block.line}: {block.language}"
        if block.file:
            path = project / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "python":
            code = compile("\n" * block.line + block.text, str(page), "exec")
            if not block.why_not:
                exec(code, names)  # noqa: S102 - the project's own documentation
        elif block.language == "sh":
            _shell(page, block, project)


def _shell(page: Path, block: Block, project: Path) -> None:
    """Parse a block, and run it unless it says why not."""
    for line in commands_of(block):
        parsed(shlex.split(re.split(r" (?:\|\|?|>|&&) ", line)[0]))  # raises what it refuses
    typed = f'harness() {{ "{sys.executable}" -m harness "$@"; }}\nset -eo pipefail\n{block.text}'
    ran = subprocess.run(
        ["bash", *(["-n"] if block.why_not else []), "-c", typed],
        cwd=project,
        env=os.environ | {"CI": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ran.returncode == 0, f"{page.name}:{block.line}\n{ran.stdout}\n{ran.stderr}"


def test_the_workflow_that_is_shown_runs_what_ours_runs() -> None:
    ours = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    yaml = (one for one in blocks_of(ROOT / "docs/ci.md") if one.language == "yaml")
    (shown,) = (one for one in yaml if one.text.startswith("jobs:"))
    for line in map(str.strip, shown.text.splitlines()):
        if line.startswith(("- run:", "- uses:")) and "cache" not in line:
            assert line in ours


def test_every_command_and_every_option_has_its_place() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\w+)$", page, re.MULTILINE)
    assert headings == NAMES
    typed = {
        line.split()[0]
        for block in blocks_of(ROOT / "docs/commands.md")
        for line in commands_of(block)
    }
    assert typed == set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in found}
            assert anchor in anchors, f"{page.name}: {target}"


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index
    assert "(docs/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
