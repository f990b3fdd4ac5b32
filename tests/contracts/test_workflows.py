"""What a CI runs is there, runs nobody else's words, and may do no more than it needs; and the file
that says how the project is cited says what the project says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import harness
from tests.small import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PYTHONS = {"3.11", "3.12", "3.13"}
# what nobody outside can choose: a number, a name out of a list of ours, what GitHub made up
OURS = re.compile(r"github\.(token|repository|base_ref|event\.number)|matrix\.\w+")
OURS_AFTER = re.compile(r"github\.event\.workflow_run\.(id|head_sha)")


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    return found


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def expressions(said: Any) -> Iterator[str]:
    """Every `${{ … }}` in a part of a workflow."""
    if isinstance(said, dict):
        said = list(said.values())
    for one in said if isinstance(said, list) else ():
        yield from expressions(one)
    if isinstance(said, str):
        yield from re.findall(r"\$\{\{\s*(.*?)\s*\}\}", said)


def test_actions_are_named_by_commit_and_leave_no_token(workflow: dict[str, Any]) -> None:
    for step in steps(workflow):
        if used := step.get("uses"):
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", used)
            if used.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_no_text_of_a_pull_request_becomes_a_command(workflow: dict[str, Any]) -> None:
    for step in steps(workflow):
        assert not [*expressions(step.get("run"))]
    allowed = re.compile(f"{OURS.pattern}|{OURS_AFTER.pattern}")
    assert all(allowed.fullmatch(one) for one in expressions(workflow))


def test_every_job_may_only_read_unless_it_runs_no_code_of_others(workflow: dict[str, Any]) -> None:
    triggers = workflow[True]  # YAML 1.1 reads `on` as true
    assert "pull_request_target" not in triggers
    for job in workflow["jobs"].values():
        may = job.get("permissions", workflow["permissions"])
        if "write" in may.values():
            assert set(triggers) == {"workflow_run"}
            assert may == {"actions": "read", "pull-requests": "write"}
            assert not [step for step in job["steps"] if "uses" in step]
        assert job["timeout-minutes"]


def test_what_is_run_are_sessions_of_nox() -> None:
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"@nox\.session.*\ndef (\w+)\(", source))
    named: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, job in workflow["jobs"].items():
            versions = set(job.get("strategy", {}).get("matrix", {}).get("python", ()))
            for step in job["steps"]:
                for said in re.findall(r"nox -s ([\w \"${}-]+)", step.get("run", "")):
                    words = said.split(" -- ")[0].split()
                    for word in (one.strip('"').removesuffix("-${PYTHON}") for one in words):
                        assert word in sessions, f"{path.name}: {name}: {word}"
                        named.setdefault(word, set()).update(versions)
    assert {"tests", "check", "browser", "minimums", "lint", "types", "standards"} <= set(named)
    assert named["tests"] == named["minimums"] == PYTHONS


def test_the_workflow_that_posts_waits_for_the_one_that_compares() -> None:
    ci, comment = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        for name in ("ci", "comment")
    )
    assert comment[True]["workflow_run"]["workflows"] == [ci["name"]]
    handed = [step.get("with", {}).get("name") for step in ci["jobs"]["compare"]["steps"]]
    assert handed[-1] == "comment"
    assert "--name comment " in comment["jobs"]["comment"]["steps"][0]["run"]


def test_the_citation_is_of_this_version_and_licence(root: Path) -> None:
    said = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    about = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    study = tomllib.loads((root / "study.toml").read_text(encoding="utf-8"))
    paper = study["documents"]["paper"]
    assert said["cff-version"] == "1.2.0"
    assert all(said[name] for name in ("message", "title", "authors"))
    assert said["version"] == harness.__version__
    assert said["license"] == about["license"]
    (cited,) = said["references"]
    assert (cited["title"], cited["url"]) == (paper["title"], paper["url"])
    for author in cited["authors"]:
        assert f"{author['given-names']} {author['family-names']}" in paper["citation"]
