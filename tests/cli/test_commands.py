"""Every command: its help with examples that parse, completion, colours, and what it says when."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.app import Outcome, open_project
from harness.cli import app, health
from harness.cli.check import CHECKED, check
from harness.cli.list import list_rows
from harness.cli.options import exhibits, profiles, settings
from harness.cli.schema import kinds
from harness.errors import ExitCode
from harness.plan.expand import Plan
from tests.cli.typed import NAMES, arguments, parsed, typed
from tests.synthetic import folders, library


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples_that_the_parser_takes(name: str) -> None:
    examples = re.findall(r"- `harness (.+?)`", app[name].help)
    assert examples, f"harness {name} --help shows no example"
    for example in examples:
        words = shlex.split(example.partition(" | ")[0])
        assert words[0] == name
        parsed(words)  # raises what the parser refuses


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_does(name: str) -> None:
    for one in arguments(name):
        assert one.parameter.help, f"harness {name}: {one.name} has no help"


def test_an_option_means_the_same_in_every_command() -> None:
    meanings: dict[str, set[str]] = {}
    for one in (one for name in NAMES for one in arguments(name)):
        for option in one.names:
            meanings.setdefault(option, set()).add(one.parameter.help)
    shared = {"--project", "--store", "--out", "--data-dir", "--jobs", "--json", "--quiet"}
    assert all(len(meanings[option]) == 1 for option in shared)


def test_completion_offers_what_there_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert {"tableD1", "fig2", "lab-fig1", "all"} <= set(exhibits())
    assert profiles() == ["paper", "quick", "smoke"]
    assert {"recipe.epochs=", "depth="} <= set(settings())
    assert {"networks", "neurons"} <= set(kinds())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["plan", "--profile", ""], {"paper", "quick", "smoke"}),
        (["plan", ""], {"tableD1", "all"}),
        (["golden", ""], {"tableD1", "all"}),
        (["plan", "table1", "--set", ""], {"depth=", "recipe.epochs="}),
        (["schema", ""], {"neurons"}),
    ],
)
def test_completion_of_the_shell_reaches_them(
    words: list[str],
    offered: set[str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(root)
    app(["__complete", *words])
    assert offered <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_knows_commands_and_options(shell: Any) -> None:
    script = app.generate_completion(shell=shell)
    assert all(name in script for name in NAMES)
    assert "repacked-data" in script


def test_what_a_check_takes_without_names_is_said_in_its_help() -> None:
    assert set(
        re.findall(r"\b(?:table|fig)\w+", str(check.__doc__).partition("For example")[0])
    ) == {*CHECKED}


@pytest.mark.parametrize("line", ["list", "plan table1", "doctor", "plan --help"])
def test_what_is_piped_has_no_colours(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    said = typed(line, monkeypatch, capsys)
    assert said.code == 0
    assert said.out
    assert "\x1b" not in said.out + said.err


@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_a_reader_that_left_is_no_failed_check(words: list[str], root: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "harness", *words]
    ran = subprocess.run(command, cwd=root, stdout=write, stderr=subprocess.PIPE, timeout=60)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (ExitCode.READER_LEFT, b"")


def test_exhibits_are_listed_as_a_reader_counts(tmp_path: Path) -> None:
    library = open_project(folders(tmp_path), profile="smoke").library
    names = [row["id"] for row in list_rows(library)]
    assert names.index("figA2") < names.index("figA10") < names.index("table1")
    assert names.index("fig8") < names.index("figA1")


def test_a_plan_lists_nodes_while_they_are_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    few = typed("plan tableD1", monkeypatch, capsys).out
    assert few.count("no architecture run is stored yet") == 2  # of the exhibit, and of five nodes
    many = typed("plan fig2", monkeypatch, capsys).out
    assert "--verbose lists these nodes" in many
    assert len(typed("plan fig2 -v", monkeypatch, capsys).out) > 3 * len(many)
    assert "to do: 5" in typed("plan tableD1 -q", monkeypatch, capsys).out


def test_the_doctor_names_a_remedy_for_what_is_not_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("text")
    line = f"doctor --json --store {tmp_path}/file --data-dir {tmp_path} --out {tmp_path}/out"
    said = typed(line, monkeypatch, capsys)
    assert said.code == 1
    found = {one["what"]: one for one in json.loads(said.out)}
    assert found["store"]["health"] == "missing"
    assert found["store"]["fix"] == "--store FOLDER"
    assert found["out"]["health"] == "ok"
    assert "170.5 MB are downloaded" in found["data cifar10"]["found"]
    assert "HARNESS_DATA_DIR" in found["data cifar10"]["fix"]
    assert {"profile smoke", "gpu", "torch", "specs", "python"} <= set(found)
    assert found["canary"]["fix"] == "harness check --canary"
    quiet = typed(line.replace("--json", "-q"), monkeypatch, capsys).out
    assert "store" in quiet
    assert "specs" not in quiet


def test_the_doctor_looks_for_the_published_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store"))
    name, line = "alexnet-owt-7be5be79.pth", f"doctor --json --data-dir {tmp_path}"

    def found() -> dict[str, str]:
        rows: list[dict[str, str]] = json.loads(typed(line, monkeypatch, capsys).out)
        return next(one for one in rows if one["what"] == f"weights {name}")

    absent = found()
    assert (absent["health"], "244.4 MB are downloaded" in absent["found"]) == ("note", True)
    address = f"https://download.pytorch.org/models/{name}"
    assert absent["fix"] == f"curl --create-dirs -fLo {tmp_path}/{name} {address}"
    (tmp_path / name).write_bytes(b"another file")
    other = found()
    assert (other["health"], other["fix"]) == ("note", f"rm {tmp_path}/{name}")
    assert "is another file than the published one" in other["found"]
    right = "sha256:7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02"
    monkeypatch.setattr(health, "checksum_of", lambda path, algorithm: right)
    assert found()["health"] == "ok"


class Keyboard(io.StringIO):
    """Somebody at a terminal who types this."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_all_exhibits_run_only_after_a_yes(
    answer: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[int] = []

    def reproduce(_: object, plan: Plan, *__: object) -> Outcome:
        ran.append(len(plan.exhibits))
        return Outcome(False, False, (), {})

    monkeypatch.setattr("harness.app.reproduce", reproduce)
    monkeypatch.setattr("sys.stdin", Keyboard(answer))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    said = typed(f"reproduce --store {tmp_path}/store", monkeypatch, capsys)
    assert said.code == code
    count = len(library().exhibits)
    asked = rf"{count} exhibits, to do: .* train.*\nrun all of them\? \[y/N\] "
    assert re.match(asked, said.err, re.DOTALL)
    assert ran == ([count] if code == 0 else [])


@pytest.mark.parametrize("name", ["check", "plan"])
def test_help_at_80_columns_has_room_for_its_sentences(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = typed(f"{name} --help", monkeypatch, capsys).out.splitlines()
    starts = [line.index("scale at which") for line in lines if "scale at which" in line]
    assert starts and 80 - starts[0] > 50
    assert max(map(len, lines)) <= 80


def test_a_list_is_about_a_line_for_each_exhibit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("list", monkeypatch, capsys).out
    assert len(said.splitlines()) < len(library().exhibits) + 11
    whole = typed("list --verbose", monkeypatch, capsys).out
    assert "Table 1, p. 6" in whole
    assert "Table 1, p. 6" not in said


def test_commands_that_need_no_specs_do_not_read_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "specs/paper/table1.toml").write_text("broken = [", encoding="utf-8")
    here = f"--project {project}"
    for line in (f"verify {here}", f"schema exhibit {here}", "diff --help", "worker --help"):
        assert typed(line, monkeypatch, capsys).code == 0, line
    assert typed(f"list {here}", monkeypatch, capsys).code == 2
    assert typed(f"doctor {here}", monkeypatch, capsys).code == 1
