"""`harness.open`: what a notebook gets is what the store holds and the report shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

import harness
from harness.errors import HarnessError
from harness.results.study import Results
from tests.results.conftest import Study
from tests.small import ROOT


@pytest.fixture
def results(study: Study) -> Results:
    return harness.open(study.folder, store=study.store.root)


def test_an_import_waits_for_nothing() -> None:
    code = "import harness, sys; assert harness.open; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert not {"torch", "pandas", "numpy", "pydantic", "rich"} & set(ran.stdout.split())


def test_runs_are_chosen_by_exhibit_kind_axes_and_fields(results: Results) -> None:
    kinds = sorted(run.kind for run in results.runs())
    assert kinds == ["given", "train", "train", "workflow"]
    assert [run.label for run in results.runs("pair")] == [
        "resnet-8 relu digits seed 0",
        "resnet-8 lif T=4 digits seed 0",
    ]
    assert [run.kind for run in results.runs("between", "workflow")] == ["workflow"]
    (lif,) = results.runs(exhibit="pair", neuron="lif", depth=8)
    assert lif.spec["neuron"]["kind"] == "lif"
    assert [run.key for run in results.runs(kind="train", threshold=1.0)] == [lif.key]
    assert [run.key for run in results.runs(**{"neuron.threshold": 1.0}, kind="train")] == [lif.key]
    assert [run.kind for run in results.runs("between", neuron="lif")] == ["train"]
    assert [run.kind for run in results.runs("between", depth=8)] == ["train", "train", "workflow"]
    assert results.runs("pair", depth=14) == []
    assert {run.key for run in results.runs("between", kind="train")} == {
        run.key for run in results.runs("pair")
    }


def test_a_run_gives_network_data_and_numbers_that_belong_together(results: Results) -> None:
    for run in results.runs("pair"):
        images, labels = run.test_set()
        network = run.network()
        assert not network.training
        with torch.no_grad():
            right = (network(images).argmax(1) == labels).double().mean().item()
        assert 100 * right == pytest.approx(run.metrics["last_accuracy"], abs=1e-9)
        assert run.history["test_accuracy"].tolist() == [run.metrics["last_accuracy"]]
        assert run.history.index.tolist() == [1]
        assert run.history["seconds"].iloc[0] > 0
        assert run.files["metrics.json"].is_file()


def test_a_network_that_was_trained_elsewhere_is_a_run_like_any_other(results: Results) -> None:
    (run,) = results.runs("elsewhere", network="theirs")
    images, labels = run.test_set()
    right = (run.network()(images).argmax(1) == labels).double().mean().item()
    assert 100 * right == pytest.approx(run.metrics["last_accuracy"], abs=1e-9)
    assert run.history.empty


def test_a_measure_names_the_runs_that_it_was_made_of(results: Results) -> None:
    (run,) = results.runs("between", "workflow")
    pair = {one.key for one in results.runs("pair")}
    assert {one.key for one in run.inputs.values()} == pair
    assert not run.inputs["x"].network().training
    with pytest.raises(
        HarnessError, match="is no training here, and has no network – those of x, y"
    ):
        run.network()
    with pytest.raises(HarnessError, match="has no history"):
        run.history  # noqa: B018
    assert run.metrics["images"] == 16


def test_frames_and_maps_are_those_of_the_files_of_a_report(
    results: Results, study: Study, tmp_path: Path
) -> None:
    command = ["report", "pair", "between", "--project", study.folder, "--out", tmp_path]
    words = [*command, "--store", study.store.root]
    ran = subprocess.run([sys.executable, "-m", "harness", *map(str, words)], cwd=ROOT)
    assert ran.returncode == 0
    written = pd.read_csv(tmp_path / "smoke/pair/frame.csv")
    found = results.frame("pair")
    assert list(found.columns) == list(written.columns)
    assert found["value"].tolist() == pytest.approx(written["value"].tolist())
    maps, table = results.maps("between"), pd.read_csv(tmp_path / "smoke/between/maps.csv.gz")
    assert len(maps) == len(table) > 0
    assert maps["value"].tolist() == pytest.approx(table["value"].tolist(), rel=1e-6, nan_ok=True)
    assert set(results.frame("pair", seeds=True)["seed"]) == {0}


def test_what_is_missing_is_named_with_the_command_that_makes_it(results: Results) -> None:
    for ask in (results.runs, results.frame):
        with pytest.raises(HarnessError) as told:
            ask("more")
        assert "more: 2 of its runs are not stored: resnet-14 relu digits seed 0, " in str(
            told.value
        )
        assert "python -m harness reproduce more --profile smoke --project " in str(told.value)
    assert len(results.runs("more", missing_ok=True)) == 2
    assert len(results.runs("more", depth=8)) == 2  # nothing of this is missing
    frame = results.frame("more", missing_ok=True)
    assert frame.loc[frame["depth"] == 8, "value"].notna().all()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda found: found.runs("pare"), "no such exhibit"),
        (lambda found: found.runs(kind="training"), "no such runs – there are "),
        (lambda found: found.runs(dept=8), "did you mean 'depth'?"),
        (lambda found: found.maps("pair"), 'pair: has no maps – frame("pair") has its numbers'),
        (lambda found: found.run("ffff"), "no stored run's key begins so"),
        (lambda found: found.run(""), "no stored run's key begins so"),
        (lambda _: harness.open(ROOT, profile="smok"), "did you mean 'smoke'?"),
        (lambda _: harness.open(ROOT, store="/not/there"), "/not/there: no such store"),
        (lambda _: harness.open("/not/there"), "/not/there: no such folder"),
    ],
)
def test_what_is_not_there_is_told(ask, said: str, results: Results) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(HarnessError) as told:
        ask(results)
    assert said in str(told.value)


def test_a_run_that_no_exhibit_asks_for_is_had_by_its_key(study: Study) -> None:
    (study.folder / "specs/paper/pair.toml").rename(away := study.folder / "pair.toml")
    (study.folder / "specs/paper/more.toml").rename(more := study.folder / "more.toml")
    (study.folder / "specs/paper/between.toml").rename(between := study.folder / "between.toml")
    (study.folder / "specs/paper/elsewhere.toml").rename(other := study.folder / "elsewhere.toml")
    (study.folder / "specs/beyond").rename(beyond := study.folder / "beyond")
    try:
        results = harness.open(study.folder, store=study.store.root)
        assert results.runs() == []
        made = next(one for one in study.store.manifests() if one.kind == "train")
        run = results.run(made.key[:12])
        assert run.label.startswith("resnet-8 ")
        assert not run.network().training
    finally:
        beyond.rename(study.folder / "specs/beyond")
        for path in (away, more, between, other):
            path.rename(study.folder / "specs/paper" / path.name)


def test_changed_bytes_are_never_handed_out(study: Study, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(study.store.root, tmp_path / "store")
    results = harness.open(study.folder, store=tmp_path / "store")
    (run, *_) = results.runs("pair")
    for name in ("network.safetensors", "metrics.json"):
        content = bytearray(run.files[name].read_bytes())
        content[-20] ^= 1
        run.files[name].write_bytes(content)
    with pytest.raises(HarnessError, match="not the one published"):
        run.network()
    with pytest.raises(HarnessError, match="not the one published"):
        run.history  # noqa: B018
