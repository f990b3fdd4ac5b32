"""A training leaves whole, clock-free records, and refuses what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.errors import ExitCode, HarnessError
from harness.measures.base import Training
from harness.runs import train
from tests.runs.test_revisions import TINY, place, tiny


@pytest.fixture
def spec() -> Training:
    node = tiny("table1", *TINY, "neuron=relu")[0]
    return node.full


def test_equal_runs_leave_equal_bytes(tmp_path: Path, spec: Training) -> None:
    for name in ("one", "two"):
        train.run(spec, place(tmp_path / name), lambda progress: None)
    for file in ("metrics.json", "network.safetensors"):
        one, two = ((tmp_path / name / "files" / file).read_bytes() for name in ("one", "two"))
        assert one == two, file


def test_the_record_holds_best_and_last_epoch_counted_from_1(
    tmp_path: Path, spec: Training
) -> None:
    recipe = spec.recipe.model_copy(update={"epochs": 2})
    told = []
    here = place(tmp_path)
    train.run(spec.model_copy(update={"recipe": recipe}), here, told.append)
    metrics = json.loads((here.files / "metrics.json").read_text())
    accuracies = [epoch["test_accuracy"] for epoch in metrics["history"]]
    assert [epoch["epoch"] for epoch in metrics["history"]] == [1, 2]
    assert metrics["best_accuracy"] == max(accuracies)
    assert metrics["best_epoch"] == accuracies.index(max(accuracies)) + 1
    assert metrics["last_accuracy"] == accuracies[-1]
    assert not {"seconds", "images_per_second"} & set(metrics["history"][0])
    timing = json.loads((here.files / "timing.json").read_text())
    assert len(timing["seconds"]) == len(timing["images_per_second"]) == 2
    assert [(one.done, one.of) for one in told] == [(1, 2), (2, 2)]


def test_an_untrained_network_has_an_accuracy_and_no_history(
    tmp_path: Path, spec: Training
) -> None:
    recipe = spec.recipe.model_copy(update={"epochs": 0})
    here, told = place(tmp_path), []
    untrained = spec.model_copy(update={"recipe": recipe})
    numbers = train.run(untrained, here, told.append)
    metrics = json.loads((here.files / "metrics.json").read_text())
    assert metrics["history"] == [] == told and metrics["best_epoch"] == 0
    assert metrics["best_accuracy"] == metrics["last_accuracy"] == numbers["best_accuracy"]
    assert "images_per_second" not in numbers and untrained.label.startswith("untrained ")
    weights, fresh = load_file(here.files / "network.safetensors"), untrained.build()
    for name, one in fresh.named_parameters():
        assert torch.equal(weights[name], one), name
    assert not torch.equal(weights["bn1.running_mean"], fresh.state_dict()["bn1.running_mean"])


def test_the_weights_that_are_left_are_those_that_were_measured(
    tmp_path: Path, spec: Training
) -> None:
    from harness.engine.training import Normalisation, accuracy

    here = place(tmp_path)
    numbers = train.run(spec, here, lambda progress: None)
    net = spec.network.build(spec.neuron, classes=10, channels=3, seed=99)
    net.load_state_dict(load_file(here.files / "network.safetensors"))
    images = spec.dataset.load(0, tmp_path, tmp_path)
    again = accuracy(
        net,
        images.test_images,
        images.test_labels,
        Normalisation(spec.dataset.mean, spec.dataset.std),
    )
    assert again == numbers["last_accuracy"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_profile_without_a_gpu_says_what_to_do(tmp_path: Path, spec: Training) -> None:
    numerics = spec.numerics.model_copy(update={"device": "cuda"})
    with pytest.raises(HarnessError, match="--device cpu") as caught:
        train.run(spec.model_copy(update={"numerics": numerics}), place(tmp_path), lambda p: None)
    assert caught.value.code == ExitCode.RUN_FAILED


def test_pixels_that_are_not_the_pinned_ones_are_refused(tmp_path: Path, spec: Training) -> None:
    dataset = spec.dataset.model_copy(update={"brightness": 0.31})
    with pytest.raises(HarnessError, match="the spec pins"):
        dataset.load(0, tmp_path, tmp_path)
