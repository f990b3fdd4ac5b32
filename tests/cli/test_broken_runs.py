"""What is broken in the store is told on standard error, set aside, and run anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.execute.events import Finished
from harness.execute.job import run_job
from harness.execute.survey import broken_runs
from harness.store.store import Store
from harness.store.verify import verify
from tests.cli.typed import typed
from tests.faults.tiny import overrides, planned, three


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of an ANN, an SNN and their CKA."""
    folder = tmp_path_factory.mktemp("broken")
    for job in three(folder):
        assert isinstance(run_job(job, lambda _: None), Finished)
    return folder / "store"


def one_digit(path: Path) -> None:
    text = path.read_bytes()
    digit = text.index(b"1")
    path.write_bytes(text[:digit] + b"2" + text[digit + 1 :])


def grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


WAYS = [
    ("cka.json", one_digit, "the content is not the one published"),
    ("cka.json", grown, "the size is not the one published"),
    ("cka.json", Path.unlink, "the file is listed but not there"),
    ("cka.json", fifo, "the file is listed but not there"),
    ("manifest.json", one_digit, "the manifest was changed after it was written"),
    ("manifest.json", fifo, "the manifest is not a plain file"),
    ("manifest.json", Path.unlink, "has no manifest"),
]


@pytest.mark.parametrize(("name", "spoil", "problem"), WAYS)
def test_a_run_that_was_spoilt_is_named_set_aside_and_made_again(
    filled: Path, tmp_path: Path, name: str, spoil: Callable[[Path], None], problem: str
) -> None:
    store = Store(shutil.copytree(filled, tmp_path / "store"))
    measure = three(tmp_path)[-1]
    spoil(store.folder(measure.node.key) / name)
    plan = planned("fig2")
    (fault,) = broken_runs(store, plan, bytewise=True).values()
    assert (fault.key, problem in str(fault)) == (measure.node.key, True)
    ended = run_job(measure, lambda _: None)
    assert isinstance(ended, Finished)
    assert ended.here
    assert broken_runs(store, plan, bytewise=True) == {}
    assert len(store.tree.entries("quarantine")) == 1
    assert all(fault.is_information for fault in verify(store))


def test_notes_beside_the_files_of_a_run_cost_no_run(filled: Path, tmp_path: Path) -> None:
    store = Store(shutil.copytree(filled, tmp_path / "store"))
    measure = three(tmp_path)[-1]
    (store.folder(measure.node.key) / "notes.txt").write_text("mine")
    assert broken_runs(store, planned("fig2"), bytewise=True) == {}
    ended = run_job(measure, lambda _: None)
    assert isinstance(ended, Finished)
    assert not ended.here


@pytest.mark.parametrize(
    ("command", "name", "spoil"),
    [("plan", "manifest.json", fifo), ("report", "cka.json", one_digit)],
)
def test_a_quiet_command_says_on_standard_error_what_is_broken(
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
    spoil: Callable[[Path], None],
) -> None:
    store = Store(shutil.copytree(filled, tmp_path / "store"))
    place = store.folder(three(tmp_path)[-1].node.key)
    spoil(place / name)
    sets = " ".join(f"--set {one}" for one in (*overrides(), "cka.images=32", "cka.batch=16"))
    monkeypatch.setenv("HARNESS_OUT", str(tmp_path / "out"))
    line = f"{command} fig2 {sets} --quiet --store {store.root}"
    said = typed(line, monkeypatch, capsys)
    assert said.code == 0, said.err
    assert "1 stored run is broken and " in said.err
    assert str(place / name) in said.err
    assert "no cka run is stored yet" not in said.out


def test_a_run_with_changed_bytes_is_not_counted_as_the_same(
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = Store(shutil.copytree(filled, tmp_path / "store"))
    one_digit(store.folder(three(tmp_path)[-1].node.key) / "cka.json")
    said = typed(f"verify --rerun 12 --store {store.root} --quiet", monkeypatch, capsys)
    assert said.code == 1
    assert "2 of 2 runs that repeat run again: 2 the same, " in said.out
    assert "0 other, 0 failed; 1 left out, with faults in them or their inputs" in said.out


@pytest.mark.parametrize("inside", ["runs.zip", "nodes/runs.zip"])
def test_a_store_is_not_packed_into_itself(
    filled: Path, inside: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(filled.rglob("*"))
    said = typed(f"pack {filled / inside} --runs --store {filled}", monkeypatch, capsys)
    assert (said.code, "lies in the store itself – name another folder" in said.err) == (2, True)
    assert sorted(filled.rglob("*")) == before
