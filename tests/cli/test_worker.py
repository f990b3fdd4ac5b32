"""`harness worker` by hand: planned into files, run file by file, the same bytes as one command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.pack import parse_size
from harness.errors import HarnessError
from harness.store.store import Store
from harness.store.verify import verify
from tests.small import ROOT

SMALL = ["neuron=relu", "depth=8", "width=2", "network.base_width=2"]
SHORT = (*SMALL, "recipe.epochs=2")
SAME = ("metrics.json", "network.safetensors")


def harness(*words: str, store: Path | None = None) -> subprocess.CompletedProcess[str]:
    named = {"HARNESS_STORE": str(store)} if store else {}
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=ROOT,
        env=os.environ | {"CI": "1", "OMP_NUM_THREADS": "1"} | named,
        capture_output=True,
        text=True,
        timeout=300,
    )


def stopped_after(said: str, *words: str) -> tuple[int, str]:
    """Exit code and standard error of a worker that gets SIGTERM once it has said this."""
    running = subprocess.Popen(
        [sys.executable, "-m", "harness", "worker", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if said in line:
            break
    running.send_signal(signal.SIGTERM)
    _, told = running.communicate(timeout=60)
    return running.returncode, told


def planned(folder: Path, store: Path, *sets: str) -> list[Path]:
    typed = [word for one in (*SMALL, *sets) for word in ("--set", one)]
    ran = harness("plan", "table1", *typed, "--write-nodes", str(folder), store=store)
    assert ran.returncode == 0, ran.stderr
    assert f"written: {folder}/wave-1, " in ran.stdout
    return sorted(folder.rglob("*.json"))


def contents(store: Path) -> dict[str, list[str]]:
    return {one.key: [one.files[name].sha256 for name in SAME] for one in Store(store).manifests()}


@pytest.mark.slow
def test_files_run_by_hand_give_the_bytes_of_one_command(tmp_path: Path) -> None:
    files = planned(tmp_path / "nodes", tmp_path / "a", "recipe.epochs=2")
    assert len(files) == 2
    for file in files:
        ran = harness("worker", str(file), "--json")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        names = [event["event"] for event in events]
        assert names == ["started", "advanced", "advanced", "finished"]
        assert events[2]["progress"]["done"] == 2
    typed = [word for one in SHORT for word in ("--set", one)]
    words = ("reproduce", "table1", *typed, "--out", str(tmp_path / "out"))
    assert harness(*words, store=tmp_path / "b").returncode == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    again = harness("worker", str(files[0]))
    assert (again.returncode, "done by another process" in again.stdout) == (0, True)
    nothing = harness("plan", "table1", *typed, "--json", store=tmp_path / "a")
    assert all(node["stored"] for node in json.loads(nothing.stdout)["nodes"])


@pytest.mark.slow
def test_a_worker_that_is_stopped_goes_on_in_the_store_that_is_named(tmp_path: Path) -> None:
    file, _ = planned(tmp_path / "nodes", tmp_path / "a", "recipe.epochs=6")
    code, said = stopped_after("epoch 2/6", str(file), "--store", str(tmp_path / "b"))
    assert code == 130, said
    assert "stopped by SIGTERM" in said
    assert not (tmp_path / "a").exists()
    assert harness("worker", str(file), store=tmp_path / "b").returncode == 0
    (found,) = Store(tmp_path / "b").manifests()
    assert found.resumed == 1
    assert found.numbers["resumed_from_epoch"]
    assert verify(Store(tmp_path / "b")) == []


@pytest.mark.slow
def test_a_run_that_fails_is_3_and_a_file_that_is_none_is_2(tmp_path: Path) -> None:
    file, _ = planned(tmp_path / "nodes", tmp_path / "a", "recipe.lr=100", "recipe.epochs=2")
    failed = harness("worker", str(file))
    assert failed.returncode == 3, failed.stdout
    assert "FAILED: " in failed.stdout
    assert Store(tmp_path / "a").manifests() == []
    file.write_text(file.read_text().replace('"seed": 0', '"seed": 1'))
    changed = harness("worker", str(file))
    assert changed.returncode == 2
    assert "it was changed" in changed.stderr
    assert "Traceback" not in changed.stderr


@pytest.mark.slow
def test_a_training_is_cut_here_and_finished_elsewhere(tmp_path: Path) -> None:
    file, _ = planned(tmp_path / "nodes", tmp_path / "a", "recipe.epochs=16")
    here, there = tmp_path / "a", tmp_path / "b"
    carried, back = str(tmp_path / "carried.zip"), str(tmp_path / "back.zip")
    lost = harness("worker", str(file), "--must-resume")
    assert lost.returncode == 3
    assert "there is no checkpoint to go on from" in lost.stdout
    cut = harness("worker", str(file), "--for", "2")  # too few to end in
    assert (cut.returncode, "stopped by the end of its time" in cut.stderr) == (130, True)
    code, said = stopped_after("epoch 1/16", str(file))
    assert (code, "stopped by SIGTERM" in said) == (130, True)
    assert "0 stored runs, 1 half-done" in harness("pack", carried, "--runs", store=here).stdout
    assert "1 half-done taken" in harness("unpack", carried, "--runs", store=there).stdout
    done = harness("worker", str(file), "--must-resume", store=there)
    assert done.returncode == 0, done.stdout
    assert "taken up again (1)" in done.stdout
    assert harness("pack", back, "--runs", "--size", "64KiB", store=there).returncode == 0
    unpacked = harness("unpack", back, "--runs", store=here)
    assert "1 stored run and 0 half-done taken" in unpacked.stdout
    (found,) = Store(here).manifests()
    assert found.numbers["resumed_from_epoch"]
    assert verify(Store(here)) == []


@pytest.mark.parametrize("size", ["16", "MB", "16 apples", "-1MB", "1kB", "0GB"])
def test_a_size_that_is_none_is_told(size: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="--size"):
        parse_size(size)


def test_sizes_are_powers_of_ten_or_of_two() -> None:
    sizes = map(parse_size, ("16MB", "15 MiB", "2GB", "100kB", "64KiB"))
    assert [*sizes] == [16_000_000, 15 * 2**20, 2_000_000_000, 100_000, 65_536]
