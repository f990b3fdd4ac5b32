"""A node file is the node, or it is refused in words."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.execute.cores import usable_cores
from harness.execute.job import Job
from harness.execute.node_file import LARGEST, frozen, read_node, thawed, write_nodes
from tests.synthetic import library, plan

NODE = next(iter(plan("table1", profile="smoke").nodes.values()))


def job(folder: Path) -> Job:
    requested = {"command": "harness plan", "set": ["seed=1"]}
    environment = {"git": "abc", "code": "0" * 16, "python": "2.7", "git_of_project": "def"}
    return Job(NODE, folder / "store", folder / "data", 3, requested, environment)


def test_what_was_frozen_comes_back_and_is_believed_only_where_nobody_else_knows(
    tmp_path: Path,
) -> None:
    mine = job(tmp_path)
    back = thawed(frozen(mine, threads=3))
    assert back.environment == {"git_of_project": "def"}
    assert back.node.full == mine.node.full
    assert replace(back.node, label=NODE.label) == mine.node
    assert replace(back, environment={}, node=NODE) == replace(mine, environment={})


def test_a_node_of_every_kind_reaches_a_worker_as_it_was_planned(tmp_path: Path) -> None:
    nodes = [node for name in library().exhibits for node in plan(name).nodes.values()]
    one_of = {node.kind: node for node in nodes}
    assert len(one_of) > 10
    for node in one_of.values():
        planned = replace(job(tmp_path), node=node)
        for back in (pickle.loads(pickle.dumps(planned)), thawed(frozen(planned, threads=1))):
            assert back.node.key == node.key
            assert back.node.full == node.full


def test_threads_that_are_left_open_are_those_of_this_machine(tmp_path: Path) -> None:
    assert thawed(frozen(job(tmp_path), threads=None)).threads == usable_cores()


def test_folders_and_threads_may_be_others_here(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text(frozen(job(tmp_path), threads=None))
    here = read_node(path, store=Path("/elsewhere/store"), data=Path("/elsewhere"), threads=5)
    assert (here.store, here.data) == (Path("/elsewhere/store"), Path("/elsewhere"))
    assert here.threads == 5
    assert here.node.key == NODE.key


def test_a_study_of_its_own_is_imported_wherever_its_nodes_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "pathless.py").write_text("ANSWER = 42\n")
    (tmp_path / "torch.py").write_text("raise ImportError('no file of a study hides a library')\n")
    path = tmp_path / "node.json"
    path.write_text(frozen(replace(job(tmp_path), study=Path("/planned/here")), threads=None))
    assert read_node(path).study == Path("/planned/here")
    assert read_node(path, study=tmp_path).study == tmp_path
    assert importlib.import_module("pathless").ANSWER == 42
    assert importlib.util.find_spec("torch").origin != str(tmp_path / "torch.py")  # type: ignore[union-attr]


def test_a_file_that_an_editor_saved_is_the_same_node(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    text = frozen(job(tmp_path), threads=None)
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_node(path) == thawed(text)
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(HarnessError, match="is UTF-16 or UTF-32 text"):
        read_node(path)


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file["spec"]["recipe"].update(lr=0.123), "key: is .*it was changed"),
        (lambda file: file["spec"].update(seed=7), "it was changed"),
        (lambda file: file["inputs"].update(x="0" * 64), "it was changed"),
        (lambda file: file.update(key="0" * 64), "it was changed"),
        (
            lambda file: file.update(key="../../etc/passwd"),
            "key: .*should match pattern",
        ),
        (lambda file: file["spec"].pop("seed"), "spec: seed: is missing"),
        (lambda file: file["spec"]["recipe"].update(epochs="3"), "recipe.epochs: must be a valid"),
        (lambda file: file["spec"].update(extra=1), "spec: extra: not a field here"),
        (lambda file: file.update(revision=99), "revision: is 99, and this harness makes"),
        (lambda file: file.update(kind="trian"), "did you mean 'train'"),
        (lambda file: file.update(format=2), "format: must be 1 .*another version"),
        (lambda file: file.update(threads=0), "threads: must be greater than or equal to 1"),
        (lambda file: file.update(threads=True), "threads: must be a valid integer"),
        (lambda file: file.update(store="store"), "store: must be absolute"),
        (lambda file: file.update(study="here"), "study: must be absolute"),
        (lambda file: file.update(more=1), "more: not a field here"),
        (lambda file: file.pop("environment"), "environment: is missing"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    tmp_path: Path, change: Change, said: str
) -> None:
    file = json.loads(frozen(job(tmp_path), threads=1))
    change(file)
    path = tmp_path / "node.json"
    path.write_text(json.dumps(file))
    with pytest.raises(HarnessError, match=said):
        read_node(path)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is UTF-16"),
        (b"[]", "wrong|must be"),
        (b'{"format": NaN}', "is no JSON|must be"),
        (b'{"a":' * 100_000, "is no JSON"),
        (b" " * (LARGEST + 1), "more than 4,000,000 bytes"),
    ],
    ids=["empty", "cut off", "not text", "a list", "NaN", "deep", "large"],
)
def test_what_is_no_node_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "node.json"
    path.write_bytes(content)
    with pytest.raises(HarnessError, match=said):
        read_node(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(HarnessError, match="cannot be read"):
            read_node(path)


def test_files_are_written_in_waves_into_a_new_folder(tmp_path: Path) -> None:
    first, second = (
        job(tmp_path),
        replace(job(tmp_path), node=replace(NODE, kind="cka", key="f" * 64)),
    )
    written = write_nodes(tmp_path / "nodes", [[first, second], [second]])
    assert [str(path.relative_to(tmp_path / "nodes")) for path in written] == [
        f"wave-1/0000-train-{NODE.key[:8]}.json",
        "wave-1/0001-cka-ffffffff.json",
        "wave-2/0000-cka-ffffffff.json",
    ]
    assert read_node(written[0]).node.key == NODE.key
    with pytest.raises(HarnessError, match="is not empty"):
        write_nodes(tmp_path / "nodes", [[first]])
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="--write-nodes"):
        write_nodes(tmp_path / "file", [[first]])
