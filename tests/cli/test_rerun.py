"""Whether what is stored would come out again: runs once more, to the byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.execute.events import Finished
from harness.execute.job import run_job
from harness.store.manifest import FileRecord, read_manifest, write_manifest
from harness.store.store import Store
from tests.cli.typed import typed
from tests.faults.tiny import three


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of an ANN, an SNN and their CKA."""
    folder = tmp_path_factory.mktemp("rerun")
    for job in three(folder):
        assert isinstance(run_job(job, lambda _: None), Finished)
    return folder / "store"


def test_runs_are_the_same_again_and_a_number_that_was_put_there_is_not(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in filled.rglob("*") if path.is_file()}
    said = typed(f"verify --rerun 9 --store {filled} --quiet", monkeypatch, capsys)
    assert said.code == 0, said.out + said.err
    assert "3 of 3 runs that repeat run again: 3 the same, 0 other, 0 failed" in said.out
    assert {path: path.read_bytes() for path in filled.rglob("*") if path.is_file()} == before

    store = Store(filled)
    made = next(one for one in store.manifests() if one.kind == "cka")
    forged = b'{"forged": 1}'
    (store.folder(made.key) / "cka.json").write_bytes(forged)
    record = FileRecord(sha256=hashlib.sha256(forged).hexdigest(), bytes=len(forged))
    files = {**made.files, "cka.json": record}
    write_manifest(store.folder(made.key), made.model_copy(update={"files": files}))
    assert read_manifest(store.folder(made.key), made.key)  # a seal proves no origin
    assert typed(f"verify --store {filled} --quiet", monkeypatch, capsys).code == 0
    said = typed(f"verify --rerun 9 --store {filled} --quiet", monkeypatch, capsys)
    assert said.code == 1
    told = f"cka {made.key[:8]}: other bytes in cka.json; made by the same code and versions"
    assert told in said.out
    assert "2 the same, 1 other, 0 failed" in said.out


def test_what_holds_nothing_that_repeats_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(f"verify --rerun 1 --store {tmp_path}", monkeypatch, capsys)
    assert (said.code, "holds no run that gives the same bytes" in said.err) == (2, True)
    for other in ("--repair", "--json"):
        said = typed(f"verify --rerun 1 {other} --store {tmp_path}", monkeypatch, capsys)
        assert said.code == 2
