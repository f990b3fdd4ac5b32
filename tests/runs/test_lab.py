"""Measurements of the lab's exhibits on stored networks, against their definitions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.engine.data.checksums import checksum_of
from harness.engine.networks import alexnet, record
from harness.engine.regression import held_out
from harness.errors import HarnessError
from harness.parts.networks import GivenWeights
from harness.plan.expand import expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.runs.place import Place
from harness.runs.trained import images_of, normalisation, trained
from harness.spec.overrides import parse_override
from tests.runs.test_measurements import read
from tests.runs.test_revisions import place, untrained
from tests.synthetic import library

TINY = (
    "network.channels=2",
    "activation_maximisation.steps=4",
    "activation_maximisation.starts=1",
    "activation_maximisation.size=160",
)


def nodes_of(exhibit: str, *typed: str, weights: GivenWeights | None = None) -> list[Node]:
    books = library()
    overrides = tuple(map(parse_override, (*TINY, *typed)))
    setting = Setting(books.blocks, books.profile("smoke"), overrides, False, weights)
    return list(expand(books, (exhibit,), setting).nodes.values())


def inputs_of(node: Node, folder: Path) -> dict[str, Path]:
    """Networks as they start, as if they had been trained and stored."""
    for side in node.inputs:
        untrained(getattr(node.full, side), folder / side)
    return {side: folder / side for side in node.inputs}


def run(node: Node, folder: Path, inputs: dict[str, Path] | None = None) -> Path:
    here = place(folder / node.key[:8])
    inputs = inputs_of(node, folder) if inputs is None else inputs
    numbers = node.full.run(replace(here, inputs=inputs), lambda told: None)
    assert numbers
    return here.files


def features(node: Node, side: str, folder: Path, layer: str) -> torch.Tensor:
    """[M, D] of all test images: the mean over time, every pixel."""
    spec = getattr(node.full, side)
    network = trained(spec, folder / side, torch.device("cpu"))
    images = images_of(spec, Place(Path(), Path(), folder, {}, 1, folder))
    ((_, found),) = record(network, normalisation(spec, images)(images.test_images), [layer])
    return found.mean(0).flatten(1)


def test_a_regression_is_scikit_learns_both_ways(tmp_path: Path) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    node = next(one for one in nodes_of("lab-fig1") if one.label.startswith("ridge"))
    said = read(run(node, tmp_path), "regression.json")
    cnn, snn = (features(node, side, tmp_path, "bn2").double() for side in ("x", "y"))
    fitted, scored = held_out(1024, 0.2, 0)
    assert [row["direction"] for row in said["directions"]] == ["cnn-to-snn", "snn-to-cnn"]
    for row, (x, y) in zip(said["directions"], ((cnn, snn), (snn, cnn)), strict=True):
        model = linear_model.Ridge(alpha=1.0, solver="cholesky").fit(x[fitted], y[fitted])
        for split, chosen in (("train", fitted), ("held-out", scored)):
            wanted, predicted = y[chosen].numpy(), model.predict(x[chosen])
            assert row[split]["images"] == len(chosen)
            assert row[split]["mse"] == pytest.approx(
                metrics.mean_squared_error(wanted, predicted), rel=1e-4
            )
            assert row[split]["variance"] == pytest.approx(wanted.var(0).mean(), rel=1e-5)
            weighted = metrics.r2_score(wanted, predicted, multioutput="variance_weighted")
            assert row[split]["r2"] == pytest.approx(weighted, abs=1e-4)


def test_a_descent_comes_near_the_closed_form_and_keeps_its_losses(tmp_path: Path) -> None:
    found = {}
    for node in nodes_of("lab-fig1"):
        if node.kind == "regression":
            kind = node.label.split()[0]
            found[kind] = read(run(node, tmp_path / kind), "regression.json")["directions"]
    for exact, slow in zip(found["ridge"], found["descent"], strict=True):
        assert len(slow["losses"]) == 20
        assert slow["losses"][-1] < slow["losses"][0]
        assert slow["losses"][-1] == pytest.approx(slow["train"]["mse"], rel=0.1)
        assert exact["losses"] == []
        assert 0 < exact["train"]["mse"] <= slow["train"]["mse"] * 1.001


def test_fits_with_less_memory_give_the_same_numbers(tmp_path: Path) -> None:
    found = []
    for limit in ("6.0", "0.001"):  # 819 images do not fit into a mebibyte, 32 features do
        node = next(
            one
            for one in nodes_of("lab-fig1", f"regression.memory_gib={limit}")
            if one.label.startswith("ridge")
        )
        found.append(read(run(node, tmp_path / limit), "regression.json")["directions"])
    assert {row["solver"] for rows in found for row in rows} == {"normal equations"}
    assert found[0] == found[1]
    too_little = next(
        one
        for one in nodes_of("lab-fig1", "regression.memory_gib=0.000001")
        if one.label.startswith("ridge")
    )
    with pytest.raises(HarnessError, match="regression memory"):
        run(too_little, tmp_path / "none")


def test_activations_are_counted_image_by_image(tmp_path: Path) -> None:
    node = nodes_of("lab-fig3", "neuron=lif")[-1]
    files = run(node, tmp_path)
    rows = {row["name"]: row for row in read(files, "activations.json")["layers"]}
    spikes = features(node, "x", tmp_path, "relu2")[:1000]
    assert rows["relu2"]["zero_share"] == pytest.approx(float((spikes == 0).float().mean()))
    arrays = load_file(files / "activations.safetensors")
    assert arrays["image"].shape == (3, 8, 8)
    assert arrays["sheet.bn2"].shape == (9, 9)  # four channels of 4x4 pixels and a gap
    assert torch.allclose(arrays["sheet.relu2"][:4, 5:], spikes[0].view(4, 4, 4)[1])
    assert arrays["sheet.relu2"][4].isnan().all()


def test_a_silent_layer_has_shares_and_no_pattern(tmp_path: Path) -> None:
    node = nodes_of("lab-fig3", "neuron=lif", "neuron.threshold=1000000.0")[-1]
    rows = read(run(node, tmp_path), "activations.json")["layers"]
    silent = next(row for row in rows if row["name"] == "relu2")
    assert (silent["zero_share"], silent["hoyer"], silent["treves_rolls"]) == (1.0, None, None)


def test_top_images_are_the_most_active_ones_with_their_mean(tmp_path: Path) -> None:
    node = nodes_of("lab-fig9", "network.channels=8")[-1]
    files = run(node, tmp_path)
    said = read(files, "top_images.json")
    maps = features(node, "x", tmp_path, "relu2").view(1024, 16, 4, 4)
    wanted = {"layer": maps.mean((1, 2, 3)), "channel": maps[:, 0].mean((1, 2)),
              "neuron": maps[:, 0, 2, 1]}  # fmt: skip
    arrays = load_file(files / "top_images.safetensors")
    for row in said["targets"]:
        activations = wanted[row["target"]].double()
        assert row["activations"] == pytest.approx(activations.topk(20).values.tolist(), abs=1e-6)
        assert torch.allclose(
            arrays[f"mean.{row['target']}"], arrays[f"images.{row['target']}"].mean(0), atol=1e-6
        )
        mean = arrays[f"mean.{row['target']}"]
        centre = mean[:, 2:6, 2:6].mean((1, 2)).tolist()
        found = [row["brightness"]["centre"][colour] for colour in ("red", "green", "blue")]
        assert found == pytest.approx(centre, abs=1e-6)


def alexnet_file(path: Path, seed: int = 3) -> GivenWeights:
    state = alexnet(head="linear", classes=2, seed=seed).state_dict()
    save_file({n: one for n, one in state.items() if n.startswith("features.")}, path)
    return GivenWeights(checksum=checksum_of(path, "sha256"), path=str(path))


def test_kernels_of_a_file_are_those_in_it_and_the_figure_will_say_so(tmp_path: Path) -> None:
    given = alexnet_file(tmp_path / "mine.safetensors")
    nodes = nodes_of("lab-fig4", weights=given)
    assert [node.kind for node in nodes] == ["kernels"]  # nothing is trained
    files = run(nodes[0], tmp_path, {})
    said = read(files, "kernels.json")
    assert said["source"].startswith("OTHER WEIGHTS, not torchvision's: mine.safetensors, sha256:")
    weight = load_file(tmp_path / "mine.safetensors")["features.0.weight"]
    sheet = load_file(files / "kernels.safetensors")["kernels"]
    first = weight[0] - weight[0].min()
    assert sheet.shape == (3, 95, 95)
    assert torch.allclose(sheet[:, :11, :11], first / first.max())
    assert [len(rows) for rows in said["filters"].values()] == [64, 64]


def test_kernels_on_many_channels_are_shown_by_three_and_some_one_by_one(tmp_path: Path) -> None:
    node = nodes_of("lab-fig5")[-1]
    files = run(node, tmp_path)
    said = read(files, "kernels.json")
    assert said["source"].startswith("STAND-IN: AlexNet's convolutions, 6 epochs on digits")
    clear = [row["coherence"] for row in said["filters"]["trained"]]
    assert said["listed"] == sorted(range(192), key=lambda n: -clear[n])[:12]
    arrays = load_file(files / "kernels.safetensors")
    assert arrays["kernels"].shape == (3, 71, 95)
    assert arrays["channels"].shape == (1, 71, 383)


def test_a_file_that_changed_after_the_plan_is_refused(tmp_path: Path) -> None:
    given = alexnet_file(tmp_path / "mine.safetensors")
    node = nodes_of("lab-fig4", weights=given)[-1]
    alexnet_file(tmp_path / "mine.safetensors", seed=4)
    with pytest.raises(HarnessError, match="is not the file of the plan, sha256:"):
        run(node, tmp_path, {})


def test_the_same_file_elsewhere_is_the_same_node(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = (tmp_path / "a.safetensors", tmp_path / "other/b.safetensors")
    keys = [nodes_of("lab-fig4", weights=alexnet_file(path))[-1].key for path in files]
    assert keys[0] == keys[1]
    other = alexnet_file(tmp_path / "c.safetensors", seed=9)
    assert nodes_of("lab-fig4", weights=other)[-1].key != keys[0]


def test_a_neurons_image_is_noise_outside_of_what_it_sees(tmp_path: Path) -> None:
    given = alexnet_file(tmp_path / "w")
    node = nodes_of(
        "lab-fig7",
        "activation_maximisation.steps=24",
        "activation_maximisation.jitter=0",
        weights=given,
    )[-1]
    files = run(node, tmp_path, {})
    said = read(files, "maximisation.json")
    assert said["seen"] == [46, 46, 145, 145]
    (row,) = said["starts"]
    assert row["outside"] == pytest.approx(0.0025, rel=0.05)
    assert row["inside"] > 3 * row["outside"]
    assert row["end"] > row["start"]
    image = load_file(files / "maximisation.safetensors")["images"][0]
    assert float(image[:, :44, :].std()) < 0.003


def test_a_channel_sees_everything_and_is_held_against_its_kernel(tmp_path: Path) -> None:
    given = alexnet_file(tmp_path / "w")
    first = run(nodes_of("lab-fig6", weights=given)[-1], tmp_path, {})
    said = read(first, "maximisation.json")
    assert said["starts"][0]["outside"] is None
    assert set(said["kernel"]) == {"orientation", "frequency", "coherence"}
    assert 0 <= said["kernel"]["orientation"] < 180
    shown = load_file(first / "maximisation.safetensors")["kernel"]
    kernel = load_file(tmp_path / "w")["features.0.weight"][28]
    span = kernel.max() - kernel.min()
    assert torch.allclose(shown, (kernel - kernel.min()) / span, atol=1e-6)
    whole = read(run(nodes_of("lab-fig8", weights=given)[-1], tmp_path, {}), "maximisation.json")
    assert whole["kernel"] is None
    assert whole["unit"] == "layer"


def test_what_cannot_be_fetched_says_every_way_out(tmp_path: Path) -> None:
    node = nodes_of("lab-fig4", "network.weights=imagenet")[-1]
    spec: Any = node.full
    offline = spec.x.network
    published = offline.published.model_copy(update={"mirrors": ("http://127.0.0.1:9/w",)})
    network = offline.model_copy(update={"published": published})
    moved = spec.model_copy(update={"x": spec.x.model_copy(update={"network": network})})
    here = place(tmp_path / "run")
    with pytest.raises(HarnessError, match=r"--weights FILE, or --set network\.weights=stand-in"):
        moved.run(here, lambda told: None)


@pytest.mark.parametrize(
    ("exhibit", "typed"),
    [
        ("lab-fig1", ()),
        ("lab-fig2", ()),
        ("lab-fig5", ()),
        ("lab-fig7", ("activation_maximisation.jitter=3",)),
        ("lab-fig9", ()),
    ],
)
def test_equal_runs_leave_equal_bytes(tmp_path: Path, exhibit: str, typed: tuple[str, ...]) -> None:
    node = next(one for one in nodes_of(exhibit, *typed) if one.kind not in ("train", "cka"))
    inputs = inputs_of(node, tmp_path)
    first, again = (run(node, tmp_path / name, inputs) for name in ("first", "again"))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes(), name
