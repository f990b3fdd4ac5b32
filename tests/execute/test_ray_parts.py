"""The parts of the Ray executor that need no Ray."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import HarnessError
from harness.execute import ray_worker
from harness.execute.environment import gpu_megabytes, made_with
from harness.execute.events import Advanced, Failed, Retried, Started, event_record
from harness.execute.ray_cluster import connected, told
from harness.execute.ray_worker import Relay, as_code, code_version, fault_of_store, look
from harness.runs.place import Progress
from harness.store.locks import lease
from harness.terminal.board import sentence
from tests.cli.typed import typed


def test_without_ray_the_fix_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(HarnessError, match=r"ray is not installed here – .*--extra cluster"),
        connected(None, tmp_path / "store"),
    ):
        pass
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("option", ["--address auto", "--pin pool=big"])
def test_what_only_a_cluster_knows_is_refused_without_one(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(f"reproduce table1 {option}", monkeypatch, capsys)
    assert said.code == 2
    assert "add --executor ray" in said.err


def test_a_machine_without_the_project_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = SimpleNamespace(get_node_id=lambda: "a" * 56)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get_runtime_context=lambda: context))
    monkeypatch.setitem(sys.modules, "harness.execute.ray_worker", None)
    machine, host, problem = as_code()("{}", tmp_path / "driver-1.lock", "1", None)
    assert (machine, host) == ("a" * 56, socket.gethostname())
    assert problem.startswith("it cannot import harness: ")


def test_a_store_that_is_locked_by_the_driver_is_the_driver_s(tmp_path: Path) -> None:
    witness = tmp_path / "driver-1.lock"
    with lease(witness):
        assert fault_of_store(witness) == ""
        assert look(witness, code_version()) == (min(gpu_megabytes(), default=None), "")
        assert "it has harness" in look(witness, "0.0.0")[1]
    assert "locks in" in fault_of_store(witness)  # nobody holds it: they do not reach here


def test_a_store_without_the_driver_s_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_worker, "SEEN_S", 0.2)
    assert "not the same store" in fault_of_store(tmp_path / "driver-1.lock")
    assert list(tmp_path.iterdir()) == []  # a look leaves nothing


def test_the_relay_keeps_the_newest_of_each_sort_in_their_order() -> None:
    relay = Relay()
    steps = [Advanced("a", Progress(done, 9, "epoch")) for done in range(5)]
    for event in (Started("a", 0), *steps, Started("b", 1)):
        relay.tell(event)
    assert relay.take() == [Started("a", 0), steps[-1], Started("b", 1)]
    assert relay.take() == []


def test_a_failure_elsewhere_is_told_in_its_last_line() -> None:
    assert told(RuntimeError("a\n\n  ModuleNotFoundError: no module\n")).endswith("no module")
    fault = RuntimeError("long")
    fault.cause = HarnessError("lab3", "is full")  # type: ignore[attr-defined]
    assert told(fault) == "lab3: is full"
    assert told(RuntimeError()) == "RuntimeError"


def test_events_are_told_as_a_sentence_and_as_json() -> None:
    again = Retried("k", "its machine died", 2, 3)
    assert sentence(again) == "its machine died; started again, attempt 2 of 3"
    assert event_record(again) == {
        "event": "retried",
        "key": "k",
        "problem": "its machine died",
        "attempt": 2,
        "of": 3,
    }
    assert event_record(Failed("k", "why"))["tail"] == ()


def test_a_machine_says_what_it_is() -> None:
    assert {"python", "platform", "packages", "cores", "gpus"} <= set(made_with())
    assert len(gpu_megabytes()) == len(made_with()["gpus"])
