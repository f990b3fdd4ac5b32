"""A stored network tested in other ways, and maps over time, against what the definitions say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harness.engine.networks import record
from harness.engine.networks.shuffle import shuffled_in_time
from harness.errors import HarnessError
from harness.measures.evaluation import stages_of
from harness.plan.expand import expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.runs.layers import firing
from harness.runs.trained import images_of, normalisation, trained
from harness.spec.overrides import parse_override
from tests.runs.test_measurements import CPU, Runs, nodes_of, slow_cka
from tests.synthetic import library

SIZE = ("depth=8", "time_steps=4", "recipe.precision=bf16", "neuron.threshold=0.5")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


def done(runs: Runs, wanted: str, *overrides: str) -> tuple[Node, Path]:
    """The first node whose label has these words, after the trainings that it needs."""
    nodes = nodes_of("beyond-time", *SIZE, *overrides)
    node = next(one for one in nodes if wanted in one.label)
    for one in nodes:
        if one.key in {*node.inputs.values(), node.key} - runs.files.keys():
            runs.run(one)
    return node, runs.files[node.key]


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def answers(node: Node, runs: Runs, *, precision: str, **network: Any) -> torch.Tensor:
    """Of all test images at once, by a network that is built for it."""
    spec = node.full.x.model_copy(
        update={"network": node.full.x.network.model_copy(update=network)}
    )
    net = trained(spec, runs.files[node.inputs["x"]], CPU).to(memory_format=torch.channels_last)
    images = images_of(spec, runs.place(node, "again" + precision + str(network)))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        found: torch.Tensor = net(normalisation(spec, images)(images.test_images)).argmax(1)
    return found


def test_each_way_is_what_it_says(runs: Runs) -> None:
    ways = ["without-autocast", "one-step-stage-1", "one-step-stage-2-3"]
    node, _ = done(runs, "evaluations of")
    spec = node.full.model_copy(update={"ways": tuple(ways)})
    here = runs.place(node, "ways")
    spec.run(here, lambda progress: None)
    rows = {row["way"]: row for row in read(here.files, "evaluation.json")["ways"]}
    usual = answers(node, runs, precision="bf16")
    labels = images_of(spec.x, here).test_labels
    for way in ways:
        precision = "f32" if way == "without-autocast" else "bf16"
        stages = {"one_step_stages": stages_of(way)}
        found = answers(node, runs, precision=precision, **stages)
        assert rows[way]["accuracy"] == 100 * float((found == labels).double().mean())
        assert rows[way]["moved"] == 100 * float((found != usual).double().mean())
        assert rows[way]["moved"] > 0 or way == "without-autocast"
    metrics = read(runs.files[node.inputs["x"]], "metrics.json")
    assert rows["as-trained"]["accuracy"] == metrics["last_accuracy"]


def test_a_network_of_one_step_has_no_other_order(runs: Runs) -> None:
    node, folder = done(runs, "evaluations of", "neuron=relu")
    rows = read(folder, "evaluation.json")["ways"]
    assert [row["accuracy"] is None for row in rows] == [False, True, True, True]
    assert node.full.x.steps == 1


@pytest.mark.parametrize("wanted", ["CKA of rate of", "CKA of step-3", "CKA of shuffled"])
def test_a_map_over_time_is_that_of_its_features(runs: Runs, wanted: str) -> None:
    node, folder = done(runs, wanted)
    spec, cka = node.full, node.full.cka
    features = {}
    for side, seen in (("x", spec.seen_x), ("y", spec.seen_y)):
        training = getattr(spec, side)
        net = trained(training, runs.files[node.inputs[side]], CPU)
        images = images_of(training, runs.place(node, f"again-{side}"))
        shown = normalisation(training, images)(images.test_images[: cka.images])
        neurons = firing(net, training.neuron) if seen.shuffled else ()
        with shuffled_in_time(net, neurons, training.seed):
            parts = [dict(record(net, part)) for part in shown.split(cka.batch)]
        for name in ("s2.b0.relu2", "s3.b0"):
            one = torch.cat([part[name] for part in parts], dim=1).double()
            step = int(seen.time[-1]) - 1 if seen.time.startswith("step-") else None
            one = one.mean(0, keepdim=True) if seen.time == "rate" else one
            one = one[step : step + 1] if step is not None and len(one) > 1 else one
            features[side, name] = one.transpose(0, 1).flatten(1)
    values = load_file(folder / "cka.safetensors")["values"]
    record_ = read(folder, "cka.json")
    at = {side: [row["name"] for row in record_[side]] for side in ("x", "y")}
    for a in ("s2.b0.relu2", "s3.b0"):
        for b in ("s2.b0.relu2", "s3.b0"):
            expected = slow_cka(features["x", b], features["y", a], cka.batch)
            found = float(values[at["y"].index(a), at["x"].index(b)])
            assert found == pytest.approx(expected, abs=1e-5, nan_ok=True), (a, b)


def test_a_step_that_a_network_lacks_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"step-4 of resnet-8 .*, which has 3 time steps"):
        nodes_of("beyond-time", *SIZE, "time_steps=3")


def test_stages_are_those_of_resnets() -> None:
    with pytest.raises(HarnessError, match="has no stages"):
        nodes_of("beyond-time", "network=vgg", "depth=13", "time_steps=4")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("recipe.epochs=0", "untrained resnet-20 lif .* has no best epoch"),
        ("recipe.kept_epoch=best", "a measure names the epoch of its weights"),
    ],
)
def test_a_best_epoch_that_is_no_choice_is_refused(typed: str, problem: str) -> None:
    books = library()
    setting = Setting(books.blocks, books.profile("smoke"), (parse_override(typed),))
    with pytest.raises(HarnessError, match=problem):
        expand(books, ("ablation-cka",), setting)
