"""Measurements run on stored networks: what they leave, and that equal runs leave equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harness.engine.attacks import Trace, attacked_batches
from harness.engine.networks import record
from harness.errors import HarnessError
from harness.measures.ladder import Ladder
from harness.parts.attacks import Apgd, Pgd
from harness.plan.expand import expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.runs.ladder import worst_cases
from harness.runs.place import Place, Progress
from harness.runs.trained import first, images_of, normalisation, trained
from harness.spec.overrides import parse_override
from tests.runs.test_revisions import place
from tests.synthetic import library

TINY = (
    "network.base_width=2",
    "network.residual_scale=1.0",
    "recipe.epochs=1",
    "recipe.batch=1280",
    "cka.images=32",
    "cka.batch=16",
    "attack.images=16",
    "attack.iterations=2",
)


def nodes_of(exhibit: str, *overrides: str) -> list[Node]:
    books = library()
    typed = tuple(map(parse_override, (*TINY, *overrides)))
    setting = Setting(books.blocks, books.profile("smoke"), typed)
    return list(expand(books, (exhibit,), setting).nodes.values())


class Runs:
    """Runs nodes in order and hands each the folders of its inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Path] = {}
        self.told: list[Progress] = []
        self.data = folder / "data"

    def place(self, node: Node, again: str = "") -> Place:
        here = place(self.folder / f"{node.key}{again}")
        inputs = {name: self.files[key] for name, key in node.inputs.items()}
        return replace(here, inputs=inputs, data=self.data)

    def run(self, node: Node, again: str = "") -> Path:
        here = self.place(node, again)
        numbers = node.full.run(here, self.told.append)
        json.dumps(numbers, allow_nan=False)
        self.files.setdefault(node.key, here.files)
        return here.files


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Trainings are shared by the tests of this file, as exhibits share them."""
    return Runs(tmp_path_factory.mktemp("runs"))


CPU = torch.device("cpu")
Measured = Callable[..., tuple[Node, Path]]


@pytest.fixture
def measured(runs: Runs) -> Measured:
    """The last node of an exhibit of one point, after all that it needs."""

    def measure(exhibit: str, *overrides: str) -> tuple[Node, Path]:
        nodes = nodes_of(exhibit, *overrides)
        for node in nodes:
            if node.key not in runs.files:
                runs.run(node)
        return nodes[-1], runs.files[nodes[-1].key]

    return measure


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def slow_cka(x_MD: torch.Tensor, y_MD: torch.Tensor, batch: int) -> float:
    """HSIC₁ as Song et al. print it (eq. 5), summed over minibatches."""

    def hsic(k: torch.Tensor, m: torch.Tensor) -> float:
        n = len(k)
        k, m = (one - torch.diag(torch.diag(one)) for one in (k, m))
        ones = torch.ones(n, dtype=torch.float64)
        first = torch.trace(k @ m)
        second = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
        third = 2 / (n - 2) * (ones @ k @ m @ ones)
        return float(first + second - third) / (n * (n - 3))

    sums = [0.0, 0.0, 0.0]
    for x, y in zip(x_MD.double().split(batch), y_MD.double().split(batch), strict=True):
        k, m = x @ x.T, y @ y.T
        for term, pair in enumerate(((k, m), (k, k), (m, m))):
            sums[term] += hsic(*pair)
    return sums[0] / (sums[1] * sums[2]) ** 0.5 if sums[1] * sums[2] else math.nan


def features(node: Node, runs: Runs, side: str, images: int) -> Mapping[str, torch.Tensor]:
    """Layer → all time steps of an image in one row, from the stored weights."""
    spec = getattr(node.full, side)
    network = trained(spec, runs.files[node.inputs[side]], torch.device("cpu"))
    shown = images_of(spec, Place(Path(), Path(), runs.data, {}, 1, runs.data))
    pixels, _ = first(shown, "test", images)
    found = record(network, normalisation(spec, shown)(pixels))
    return {name: layer.transpose(0, 1).flatten(1) for name, layer in found}


def test_a_map_of_recordings_shows_each_network_its_own_frames(
    runs: Runs, measured: Measured
) -> None:
    """The ANN one frame that is the sum of the SNN's three."""
    node, folder = measured("figA10", "depth=8", "width=1", "time_steps=3")
    values = load_file(folder / "cka.safetensors")["values"]
    snn, ann = (features(node, runs, side, 32) for side in ("x", "y"))
    assert len(snn["conv1"]) == len(ann["conv1"]) == 32
    assert snn["conv1"].shape[1] == 3 * ann["conv1"].shape[1]
    names = [row["name"] for row in read(folder, "cka.json")["y"]]
    for layer in ("conv1", "s1.b0"):
        at = names.index(layer)
        assert values[at, at] == pytest.approx(slow_cka(snn[layer], ann[layer], 16), abs=1e-5)


def test_recordings_over_time_have_a_step_for_each_frame(measured: Measured) -> None:
    _, folder = measured("figA11", "depth=8", "time_steps=3")
    maps = load_file(folder / "cka.safetensors")
    assert {tuple(one.shape) for one in maps.values()} == {(3, 3)}
    assert float(load_file(folder / "errors.safetensors")["se/conv1"][0, 1]) > 0
    assert maps["conv1"].fill_diagonal_(0).max() < 1  # the frames differ already


def test_measures_of_images_refuse_recordings(runs: Runs) -> None:
    nodes = nodes_of("fig8", "depth=8", "dataset=digit-events", "neuron=relu")
    if nodes[0].key not in runs.files:  # the ANN of Fig. A.10 is the same
        runs.run(nodes[0])
    with pytest.raises(HarnessError, match="holds recordings, and this measure is one of images"):
        runs.run(nodes[-1])


def test_a_map_holds_y_down_x_across_and_where_each_layer_stands(
    runs: Runs, measured: Measured
) -> None:
    node, folder = measured("fig3", "depth=8")
    values = load_file(folder / "cka.safetensors")["values"]
    said = read(folder, "cka.json")
    assert values.shape == (31, 31)
    assert values.dtype == torch.float64
    assert [len(said[side]) for side in ("y", "x")] == [31, 31]
    assert (said["images"], said["minibatches"], said["estimator"]) == (32, 2, "unbiased")
    snn, ann = (features(node, runs, side, 32) for side in ("x", "y"))
    names = [row["name"] for row in said["y"]]
    for name_y, name_x in (("conv1", "bn1"), ("s3.b0", "conv1"), ("pool", "s1.b0.relu1")):
        expected = slow_cka(ann[name_y], snn[name_x], 16)
        assert not math.isnan(expected) or name_x == "s1.b0.relu1"  # few steps may leave it silent
        found = float(values[names.index(name_y), names.index(name_x)])
        assert found == pytest.approx(expected, abs=1e-5, nan_ok=True), (name_y, name_x)


def test_controls_come_from_the_sweep_and_change_nothing_of_it(
    runs: Runs, measured: Measured
) -> None:
    _, plain = measured("fig3", "depth=8")
    node, folder = measured("beyond-input", "depth=8", "width=1")
    maps, known = (load_file(one / "cka.safetensors") for one in (folder, plain))
    assert list(known) == ["values"]
    assert set(maps) == {"values", "corrected", "biased", "given-pixels"}
    torch.testing.assert_close(maps["values"], known["values"], rtol=0, atol=1e-7, equal_nan=True)
    said = read(folder, "cka.json")
    assert said.pop("also").keys() == maps.keys() - {"values"}
    errors = [load_file(one / "errors.safetensors")["se"] for one in (folder, plain)]
    torch.testing.assert_close(*errors, rtol=1e-3, atol=1e-6, equal_nan=True)
    assert said == read(plain, "cka.json")  # which says nothing of them
    snn, ann = (features(node, runs, side, 32) for side in ("x", "y"))
    images = images_of(node.full.y, Place(Path(), Path(), runs.data, {}, 1, runs.data))
    pixels = normalisation(node.full.y, images)(first(images, "test", 32)[0]).flatten(1)
    pairs = (ann["pool"], snn["bn1"]), (ann["pool"], pixels), (snn["bn1"], pixels)
    r_xy, r_xz, r_yz = (slow_cka(*pair, 16) for pair in pairs)
    names = [row["name"] for row in said["y"]]
    expected = (r_xy - r_xz * r_yz) / math.sqrt((1 - r_xz**2) * (1 - r_yz**2))
    found = float(maps["given-pixels"][names.index("pool"), names.index("bn1")])
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_network_with_itself_is_1_along_the_diagonal_and_symmetric(measured: Measured) -> None:
    _, folder = measured("fig4", "depth=8", "stages_without_shortcut=no-stage")
    values = load_file(folder / "cka.safetensors")["values"]
    defined = ~values.isnan()
    assert torch.equal(defined, defined.T)
    assert torch.allclose(values[defined], values.T[defined])
    diagonal = values.diagonal()
    assert torch.allclose(diagonal[~diagonal.isnan()], torch.ones(1, dtype=torch.float64))


def test_a_silent_layer_is_written_with_its_reason(runs: Runs, measured: Measured) -> None:
    silent = ("depth=8", "neuron.threshold=1000000.0")
    _, folder = measured("fig3", *silent)
    values = load_file(folder / "cka.safetensors")["values"]
    holes = {
        (y, x)
        for row in read(folder, "cka.json")["undefined"]
        for y, x in zip(row["y"], row["x"], strict=True)
    }
    assert holes == {(y, x) for y, x in values.isnan().nonzero().tolist()}
    assert holes
    assert all("silent" in row["why"] for row in read(folder, "cka.json")["undefined"])


def test_time_wise_maps_are_one_for_each_layer(measured: Measured) -> None:
    _, folder = measured("fig6", "depth=8", "time_steps=3")
    maps = load_file(folder / "cka.safetensors")
    assert read(folder, "cka.json")["layers"] == ["s1.b0", "s2.b0", "s3.b0"]
    names = ("s1.b0", "s2.b0", "s3.b0")
    assert {name: tuple(one.shape) for name, one in maps.items()} == dict.fromkeys(names, (3, 3))
    for name, errors in load_file(folder / "errors.safetensors").items():
        values = maps[name.removeprefix("se/")]
        assert torch.equal(errors.isnan(), values.isnan())
        assert bool((errors[values < 0.999] > 0).all())
        assert bool((errors[values > 0.999] < 0.01).all())


def test_an_attack_leaves_accuracy_and_similarity_for_each_radius(measured: Measured) -> None:
    _, folder = measured("fig8", "depth=8", "neuron=relu")
    said = read(folder, "attack.json")
    assert [row["epsilon"] for row in said["accuracy"]] == [0.0, 0.001, 0.005, 0.01, 0.02, 0.05]
    values = load_file(folder / "cka.safetensors")["values"]
    errors = load_file(folder / "errors.safetensors")["se"]
    assert values.shape == errors.shape == (5, len(said["layers"]))
    assert float(errors.nanmean(1)[0]) < float(errors.nanmean(1)[-1])  # near 1 there is less to err
    assert float(values[0].nanmean()) > float(values[-1].nanmean())  # a larger ball, less alike
    assert said["images"] == {"accuracy": 16, "cka": 32}


def test_an_image_falls_in_the_worst_case_where_it_falls_on_any_rung(
    runs: Runs, measured: Measured
) -> None:
    """Of two rungs and of images made on another ANN, each attacked here once more by itself."""
    node, _ = measured("beyond-attack", "depth=8", "neuron=lif", "attack=pgd")
    full: Any = node.full
    weak, strong = Pgd(iterations=2, images=12), Apgd(iterations=3, images=12)
    two = full.model_copy(update={"attack": (weak, strong), "epsilon": (1.0,)})
    here = runs.place(node, "-two")
    two.run(here, lambda progress: None)
    found = read(here.files, "ladder.json")
    shown = images_of(two.x, Place(Path(), Path(), runs.data, {}, 1, runs.data))
    (pixels, labels), normal = first(shown, "test", 12), normalisation(two.x, shown)
    x, y = (trained(getattr(two, side), runs.files[node.inputs[side]], CPU) for side in "xy")

    def right(attack: Any, of: torch.nn.Module) -> torch.Tensor:
        (batch,) = attacked_batches(of, pixels, labels, normal, attack, epsilon=1.0)
        return x(batch.attacked).argmax(1) == labels

    clean = x(normal(pixels)).argmax(1) == labels
    rungs = [right(weak, x), right(strong, x), right(weak, y)]
    worst = clean & rungs[0] & rungs[1] & rungs[2]
    told = [*found["rungs"], *found["transfer"]]
    percents = [one["accuracy"][0] for one in told]
    assert percents == [pytest.approx(100 * one.double().mean().item()) for one in rungs]
    assert found["worst"] == [pytest.approx(100 * worst.double().mean().item())]
    assert found["images"] == 12
    read_as = list(Ladder(kind="ladder", attack=("a", "b"), epsilon=(1.0,)).read(found))
    over = {one.levels["rung"]: one.value for one in read_as if one.quantity == "overestimate"}
    assert over["a"] == pytest.approx(percents[0] - found["worst"][0])
    assert set(over) == {"a", "b", "transfer"}
    losses = [one.value for one in read_as if one.quantity == "attack_loss"]
    assert losses == [loss for rung in found["rungs"] for loss in rung["loss"][0]]


def test_each_of_clean_rungs_and_transfer_decides_the_worst_case() -> None:
    held = torch.ones(5, dtype=torch.bool)
    lost = [held.index_fill(0, torch.tensor([place]), value=False) for place in range(4)]
    rungs = [[Trace(lost[1], ()), Trace(lost[2], ())]]
    assert worst_cases(lost[0], rungs, [lost[3]])[0].tolist() == [False] * 4 + [True]
    assert worst_cases(lost[0], rungs, [])[0].tolist() == [False] * 3 + [True] * 2


def test_a_drifting_copy_sees_the_attacked_images(runs: Runs, measured: Measured) -> None:
    """Written out: the attack in training mode with its statistics left behind, minibatch after
    minibatch, and the features of the clean images from the weights as they are stored.
    """
    node, folder = measured("fig8", "depth=8", "neuron=relu", "attack=pgd-drifting")
    spec: Any = node.full
    stored = runs.files[node.inputs["x"]]
    shown = images_of(spec.x, Place(Path(), Path(), runs.data, {}, 1, runs.data))
    pixels, labels = first(shown, "test", 32)
    clean, drifted, epsilon = (
        normalisation(spec.x, shown)(pixels),
        trained(spec.x, stored, CPU),
        0.05,
    )
    found = []
    for inputs, at in zip(clean.split(16), labels.split(16), strict=True):
        moved = inputs.clone()
        for _ in range(spec.attack.iterations):
            moved.requires_grad_()
            loss = torch.nn.functional.cross_entropy(drifted.train()(moved), at)
            (gradient,) = torch.autograd.grad(loss, moved)
            stepped = moved.detach() + spec.attack.step * epsilon * gradient.sign()
            moved = inputs + (stepped - inputs).clamp(-epsilon, epsilon)
        found.append(dict(record(drifted.eval(), moved)))
    of_clean = dict(record(trained(spec.x, stored, CPU), clean))
    values = load_file(folder / "cka.safetensors")["values"][-1]
    names = [row["name"] for row in read(folder, "attack.json")["layers"]]
    for name in ("bn1", "s1.b0", "s3.b0"):
        attacked = torch.cat([one[name].transpose(0, 1).flatten(1) for one in found])
        wanted = slow_cka(of_clean[name].transpose(0, 1).flatten(1), attacked, 16)
        assert float(values[names.index(name)]) == pytest.approx(wanted, abs=1e-4), name
    smallest = load_file(folder / "cka.safetensors")["values"][0].nanmean()
    kept = load_file(measured("fig8", "depth=8", "neuron=relu")[1] / "cka.safetensors")["values"][0]
    assert float(smallest) < 0.999 < float(kept.nanmean())  # what the drift alone does


def test_probes_read_every_block(measured: Measured) -> None:
    nodes = nodes_of("figA6", "depth=8", "stages_without_shortcut=no-stage")
    assert [node.kind for node in nodes] == ["train", "cka", "probe"]
    _, folder = measured("figA6", "depth=8", "stages_without_shortcut=no-stage")
    layers = read(folder, "probe.json")["layers"]
    assert [row["name"] for row in layers] == ["s1.b0", "s2.b0", "s3.b0"]
    assert all(0 <= row["accuracy"] <= 100 for row in layers)
    assert layers[-1]["train_accuracy"] > 100 / 30  # chance of thirty classes


def test_the_workflow_keeps_images_matrices_and_value(runs: Runs, measured: Measured) -> None:
    node, folder = measured("fig1", "depth=8")
    arrays = load_file(folder / "workflow.safetensors")
    assert arrays["images"].shape == (16, 3, 8, 8)
    assert float(arrays["images"].max()) <= 1
    said = read(folder, "workflow.json")
    snn, ann = (features(node, runs, side, 16)[said["layer"]] for side in ("x", "y"))
    assert torch.allclose(arrays["gram_y"], ann.double() @ ann.double().T)
    assert said["cka"] == pytest.approx(slow_cka(ann, snn, 16), abs=1e-5)


@pytest.mark.parametrize("exhibit", ["fig1", "fig3", "fig6", "fig8", "figA6"])
def test_equal_runs_leave_equal_bytes(runs: Runs, measured: Measured, exhibit: str) -> None:
    one_point = {
        "fig1": (),
        "fig3": (),
        "fig6": ("time_steps=3",),
        "fig8": ("neuron=relu",),
        "figA6": ("stages_without_shortcut=no-stage",),
    }[exhibit]
    node, folder = measured(exhibit, "depth=8", *one_point)
    again = runs.run(node, "-again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_more_images_than_there_are_is_said(runs: Runs, measured: Measured) -> None:
    node, _ = measured("fig6", "depth=8", "time_steps=3")
    many = node.full.cka.model_copy(update={"images": 4096})  # which a plan would refuse
    node = replace(node, full=node.full.model_copy(update={"cka": many}))
    with pytest.raises(HarnessError, match=r"has 1,024 test images, the spec wants 4,096"):
        runs.run(node, "-many")


def test_weights_of_another_network_are_refused(runs: Runs, measured: Measured) -> None:
    measured("fig6", "depth=8", "time_steps=3")
    train, node = nodes_of("fig6", "depth=14", "time_steps=3")
    runs.files[train.key] = runs.files[nodes_of("fig6", "depth=8", "time_steps=3")[0].key]
    with pytest.raises(HarnessError, match="holds other weights"):
        runs.run(node, "-other")
    del runs.files[train.key]
