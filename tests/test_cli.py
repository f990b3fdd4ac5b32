"""The command line end to end, on a project small enough to train within seconds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.check.bits import digest_of
from harness.store.store import Store
from tests.cli.typed import typed
from tests.small import change, recount, small_project

ROOT = Path(__file__).resolve().parent.parent


def harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    here = () if words[0] == "diff" else ("--project", str(folder))  # which needs no project
    return subprocess.run(
        [sys.executable, "-m", "harness", *words, *here],
        cwd=ROOT,
        env=os.environ | {"CI": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose table1 was reproduced once."""
    folder = small_project(tmp_path_factory.mktemp("cli"))
    ran = harness(folder, "reproduce", "table1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 nodes run, 0 stored before, 0 failed" in ran.stdout
    return folder


def test_everything_promised_lies_in_out(done: Path) -> None:
    out = done / "out/smoke"
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    made = {path.name for path in (out / "table1").iterdir() if not path.name.startswith(".")}
    written = {"frame.csv", "frame.json", "verdict.json", "provenance.json"}
    assert made == written | {"table1.png", "table1.svg"}


def test_again_at_once_nothing_runs_and_nothing_changes(done: Path) -> None:
    before = (done / "out/smoke/table1/frame.csv").read_bytes()
    again = harness(done, "reproduce", "table1")
    assert "0 nodes run, 4 stored before" in again.stdout
    assert (done / "out/smoke/table1/frame.csv").read_bytes() == before


def test_the_same_runs_in_another_store_give_the_same_bits(done: Path, tmp_path: Path) -> None:
    again = harness(done, "reproduce", "table1", "--store", str(tmp_path), "--out", str(tmp_path))
    assert "4 nodes run, 0 stored before" in again.stdout

    def digests(store: Path) -> dict[str, str]:
        return {one.key: digest_of(one) for one in Store(store).manifests()}

    assert len(digests(tmp_path)) == 4
    assert digests(tmp_path).items() <= digests(done / "store").items()


def test_a_changed_field_runs_only_what_it_touches(done: Path) -> None:
    record = json.loads(
        harness(done, "plan", "table1", "--json", "--set", "neuron.decay=0.25").stdout
    )
    todo = [node["label"] for node in record["nodes"] if not node["stored"]]
    assert len(todo) == 2
    assert all("lif" in label for label in todo)
    reasons = {node["why"] for node in record["nodes"] if not node["stored"]}
    assert all(reason.startswith("neuron.decay 0.5 -> 0.25 since ") for reason in reasons)


def test_plan_says_what_is_stored_and_where_the_estimate_is_from(done: Path) -> None:
    said = harness(done, "plan", "table1", "--set", "recipe.epochs=2").stdout
    assert re.search(r"table1 +4 +0 +4 +~", said)
    assert "recipe.epochs 1 -> 2 since" in said
    assert "from 4 stored runs" in said


def test_check_is_0_within_the_tolerance_and_1_outside(done: Path, tmp_path: Path) -> None:
    assert harness(done, "check", "table1").returncode == 0
    broken = tmp_path / "broken"
    shutil.copytree(done, broken)
    golden = broken / "golden/smoke/table1.csv"
    golden.write_text(golden.read_text().replace(",12,4,5,", ",50,0.001,5,"))
    recount(broken / "golden")
    ran = harness(broken, "check", "table1")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert harness(broken, "reproduce", "table1").returncode == 0  # the runs did succeed


def test_a_report_is_packed_and_two_of_them_are_compared(done: Path, tmp_path: Path) -> None:
    a, b = tmp_path / "a/smoke", tmp_path / "b/smoke"
    for again in (False, True):
        ran = harness(done, "report", "table1", "--zip", "--quiet", "--out", str(a.parent))
        assert ran.returncode == 0
        assert ran.stdout.startswith("table1: ")
        assert len(ran.stdout.splitlines()) == 1
        if not again:
            shutil.move(a.parent, b.parent)
    assert (a / "report.zip").read_bytes() == (b / "report.zip").read_bytes()
    with zipfile.ZipFile(a / "report.zip") as archive:
        assert archive.read("smoke/report.html") == (a / "report.html").read_bytes()
        assert archive.read("smoke/table1/frame.csv") == (a / "table1/frame.csv").read_bytes()
        assert not [name for name in archive.namelist() if "/." in name]
    same = harness(done, "diff", str(a), str(b))
    assert same.returncode == 0, same.stdout
    changed = json.loads((b / "table1/verdict.json").read_text())
    changed["cells"][0]["value"] += 1
    (b / "table1/verdict.json").write_text(json.dumps(changed))
    other = harness(done, "diff", str(a), str(b), "--json")
    assert other.returncode == 1
    assert len(json.loads(other.stdout)["numbers"]) == 1


@pytest.mark.parametrize("command", ["report", "reproduce", "check"])
def test_a_drawing_that_fails_ends_with_3_and_costs_nothing_else(
    done: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such font")

    out = tmp_path / "smoke"
    shutil.copytree(done / "out/smoke", out)  # drawn once, of other numbers perhaps
    (out / "table1/table1.png").write_bytes(b"other")
    monkeypatch.setattr("harness.report.figures._save", broken)
    zipped = "--zip" if command == "report" else ""
    line = f"{command} table1 --quiet --project {done} --out {tmp_path} {zipped}"
    said = typed(line, monkeypatch, capsys)
    assert said.code == 3
    assert "table1: the drawing failed: RuntimeError: no such font" in said.out
    assert (out / "table1/frame.csv").read_bytes() == (
        done / "out/smoke/table1/frame.csv"
    ).read_bytes()
    shown = (out / "report.html").read_text(encoding="utf-8")
    assert shown.count("the drawing failed: RuntimeError: no such font") == 2  # above, and in place
    left = [path.name for path in (out / "table1").iterdir()]
    if zipped:
        left += zipfile.ZipFile(out / "report.zip").namelist()
    assert not [name for name in left if name.endswith((".png", ".svg", ".drawn.json"))]


def test_an_overridden_run_is_marked_and_a_check_of_it_passes_nothing(done: Path) -> None:
    ran = harness(done, "check", "table1", "--set", "neuron=relu,lif", "--out", str(done / "out2"))
    assert ran.returncode == 1
    assert "table1: nothing was held that could have failed" in ran.stdout
    verdict = json.loads((done / "out2/smoke/table1/verdict.json").read_text())
    assert verdict["overridden"] == ["--set neuron=relu,lif"]
    assert {cell["status"] for cell in verdict["cells"]} == {"NOT_COMPARED"}
    assert "neuron=relu,lif" in (done / "out2/smoke/report.html").read_text()


def test_a_failed_node_ends_with_3_shows_its_log_and_spares_the_others(
    done: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "failing"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("store", "out"))
    with (folder / "specs/blocks/recipes.toml").open("a") as file:
        file.write("\n[smoke.ann]\nlr = 100.0\nmomentum = 0.99\n")  # diverges
    ran = harness(folder, "reproduce", "table1")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "2 nodes run, 0 stored before, 2 failed" in ran.stdout
    log = re.search(r"log: (\S+)", ran.stdout)
    assert log is not None
    assert Path(log[1]).is_file()


def test_verify_finds_a_flipped_byte_and_a_repair_runs_it_again(done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "flipped"
    shutil.copytree(done, folder)
    victim = next((folder / "store/nodes").rglob("metrics.json"))
    raw = bytearray(victim.read_bytes())
    raw[10] ^= 1
    victim.write_bytes(raw)
    found = harness(folder, "verify")
    assert found.returncode == 1
    assert ", 1 fault\n" in found.stdout
    assert "metrics.json" in found.stdout
    assert harness(folder, "verify", "--repair").returncode == 0
    again = harness(folder, "reproduce", "table1")
    assert "1 nodes run, 3 stored before" in again.stdout
    fresh = (folder / "out/smoke/table1/frame.csv").read_bytes()
    assert fresh == (done / "out/smoke/table1/frame.csv").read_bytes()


def test_gc_keeps_what_is_asked_for(done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gc"
    shutil.copytree(done, folder)
    assert "0 things" in harness(folder, "gc", "--dry-run").stdout
    forgotten = harness(folder, "gc", "--forget", str(done))  # of which the store is a copy
    assert "0 things" in forgotten.stdout
    change(folder / "specs/profiles/smoke.toml", "epochs = 1", "epochs = 2")
    assert len(list((folder / "store/nodes").rglob("manifest.json"))) == 4
    refused = harness(folder, "gc")  # nobody is there to be asked
    assert refused.returncode == 2
    assert "nothing is gone" in refused.stderr
    assert "--yes" in refused.stderr
    assert refused.stdout.count("made by harness reproduce table1") == 4
    assert len(list((folder / "store/nodes").rglob("manifest.json"))) == 4
    assert harness(folder, "gc", "--yes").returncode == 0
    assert list((folder / "store/nodes").rglob("manifest.json")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "tabel1"], "did you mean 'table1'"),
        (["plan", "table1", "--profile", "smok"], "did you mean 'smoke'"),
        (["plan", "table1", "--set", "recipe.epoch=2"], "did you mean 'recipe.epochs'"),
        (["schema", "exhibits"], "did you mean 'exhibit'"),
        (["plan", "table1", "--repacked-data"], "holds no repacked CIFAR set"),
        (["plan", "lab-fig4", "--weights", "nowhere.pth"], "--weights nowhere.pth: cannot be read"),
        (["plan", "lab-fig4", "--weights", "."], "cannot be read"),
        (["plan", "lab-fig4", "--set", "network.weights=file"], "just when one is given"),
    ],
)
def test_bad_usage_ends_with_2_and_a_hint(done: Path, words: list[str], said: str) -> None:
    ran = harness(done, *words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_lists_and_plans_as_json(done: Path) -> None:
    rooms = (ROOT / "specs" / name for name in ("paper", "lab", "beyond"))
    everything = {path.stem for room in rooms for path in room.glob("*.toml")}
    listed = json.loads(harness(done, "list", "--json").stdout)
    assert {row["id"] for row in listed["exhibits"]} == everything
    assert {row["id"] for row in listed["profiles"]} == {"paper", "quick", "smoke"}
    record = json.loads(harness(done, "plan", "all", "--json").stdout)
    assert {one["id"] for one in record["exhibits"]} == everything
    assert all(len(node["key"]) == 64 for node in record["nodes"])


def test_the_schema_is_one(done: Path) -> None:
    ran = harness(done, "schema", "exhibit")
    assert json.loads(ran.stdout)["title"] == "Exhibit"


def test_a_broken_golden_file_costs_no_other_exhibit_its_report(done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("out"))
    (folder / "golden/paper/tableD1.csv").write_text("quantity,value\n")
    ran = harness(folder, "report", "table1", "tableD1")
    assert ran.returncode == 2
    assert "golden/paper/tableD1.csv" in ran.stderr
    assert "table1: " in ran.stdout
    assert (folder / "out/smoke/table1/frame.csv").is_file()
    assert not (folder / "out/smoke/tableD1").exists()
    alone = harness(folder, "report", "tableD1", "--out", str(tmp_path / "out"))
    assert (alone.returncode, alone.stdout) == (2, "")
    assert not (tmp_path / "out").exists()


def test_a_value_that_does_not_hold_counts_more_than_a_figure_that_fails(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such font")

    folder = tmp_path / "broken"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("out"))
    golden = folder / "golden/smoke/table1.csv"
    golden.write_text(golden.read_text().replace(",12,4,5,", ",50,0.001,5,"))
    recount(folder / "golden")
    monkeypatch.setattr("harness.report.figures._save", broken)
    said = typed(f"check table1 --project {folder}", monkeypatch, capsys)
    assert "the drawing failed" in said.out
    assert said.code == 1
    assert typed(f"report table1 --project {folder}", monkeypatch, capsys).code == 3
