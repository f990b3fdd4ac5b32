"""A network that was trained elsewhere measures as the same network that was trained here."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.errors import HarnessError
from harness.measures.accuracy import Accuracy
from harness.measures.base import Training
from harness.measures.given import GivenRun
from harness.measures.time_cka import TimeCka
from harness.parts.given import Given, Statistics
from harness.plan.node import Node, node_of
from harness.runs.trained import trained
from tests.runs.test_measurements import Runs, nodes_of

POINT = ("depth=8", "width=1", "time_steps=3", "seed=0", "cka.images=64", "attack.images=32")
NEURONS = ("relu", "lif")
NETS = '''
from harness.engine.networks import resnet
from torch import nn, tensor

class Wrapped(nn.Module):
    """A network that nobody here knows, around one of the engine."""

    def __init__(self, **how):
        super().__init__()
        self.inner = resnet(8, base_width=2, **how)

    def forward(self, images):
        return self.inner(images)

def wrapped(**how):
    return Wrapped(**how)

def undone(mean, std, **how):
    made = Wrapped(**how)
    scale = [one.view(3, 1, 1) for one in map(tensor, (mean, std))]
    made.register_forward_pre_hook(lambda layer, seen: ((seen[0] - scale[0]) / scale[1],))
    return made

def nothing():
    return 3
'''


Trainings = Mapping[str, Node]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def ours(runs: Runs) -> Trainings:
    """An ANN and an SNN that were trained here."""
    found = {}
    for neuron in NEURONS:
        found[neuron] = nodes_of("table1", *POINT, f"neuron={neuron}")[0]
        runs.run(found[neuron])
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, runs: Runs, ours: Trainings) -> Iterator[Path]:
    """A study with a module of factories, and with their weights as somebody else's files."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "elsewhere_nets.py").write_text(NETS)
    for neuron, node in ours.items():
        state = load_file(runs.files[node.key] / "network.safetensors")
        state = {f"inner.{name}": one for name, one in state.items()}
        save_file(state, folder / f"{neuron}.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


def network(study: Path, neuron: str, **changes: Any) -> Given:
    """The network of these neurons, in a module that knows nothing of the harness."""
    arguments: dict[str, Any] = {"neuron": neuron, "shortcut": "rectified"}
    said: dict[str, Any] = {"factory": "elsewhere_nets:wrapped", "arguments": arguments}
    if neuron == "lif":
        arguments |= {"time_steps": 3, "fires_at_threshold": True}
        said |= {"time": "folded", "time_steps": 3, "encoding": "own"}
    said |= {"file": f"{neuron}.safetensors", "normalisation": "dataset", **changes}
    return Given.model_validate({"kind": "given", **said}, strict=True).pinned(study, study)


def as_given(run: Training, network: Given) -> Node:
    made = GivenRun(dataset=run.dataset, network=network, numerics=run.numerics, seed=run.seed)
    return node_of(made, made.label)


@pytest.fixture(scope="module")
def theirs(study: Path, runs: Runs, ours: Trainings) -> Trainings:
    """The same networks, given."""
    layers = trained(ours["relu"].full, runs.files[ours["relu"].key], torch.device("cpu"))
    names = tuple(f"inner.{name}" for name in layers.layer_names())
    found = {}
    for neuron, node in ours.items():
        found[neuron] = as_given(node.full, network(study, neuron, layers=names))
        runs.run(found[neuron])
    return found


def measured(runs: Runs, exhibit: str, of: Trainings, x: str, y: str | None = None) -> Path:
    """The files of the last run of an exhibit, of other networks than its own."""
    pattern = nodes_of(exhibit, *POINT)[-1].full
    sides = {name: of[which] for name, which in (("x", x), ("y", y)) if which}
    few = {"epsilon": pattern.epsilon[-2:]} if exhibit == "fig8" else {}
    spec = pattern.model_copy(update={name: one.full for name, one in sides.items()} | few)
    node = node_of(spec, "", {name: one.key for name, one in sides.items()})
    return runs.files[node.key] if node.key in runs.files else runs.run(node)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def without_place(value: Any) -> Any:
    """Less where the layers stand in a network of ours, and the name that holds it elsewhere."""
    text = json.dumps(value).replace("inner.", "")
    return json.loads(
        text, object_hook=lambda one: {"name": one["name"]} if "stage" in one else one
    )


def test_the_accuracy_is_the_same(runs: Runs, ours: Trainings, theirs: Trainings) -> None:
    for neuron in NEURONS:
        a, b = (read(runs.files[one[neuron].key], "metrics.json") for one in (ours, theirs))
        assert a["last_accuracy"] == b["last_accuracy"] == b["best_accuracy"] > 0
        assert a["parameters"] == b["parameters"] and b["history"] == []
        read_of = {one.quantity: one for one in Accuracy(kind="accuracy").read(b)}
        assert read_of["best_epoch"].why == "no epoch was trained here"


@pytest.mark.parametrize(
    ("exhibit", "x", "y", "name"),
    [("fig2", "lif", "relu", "cka"), ("fig8", "lif", None, "attack")],
)
def test_what_is_measured_is_the_same(
    runs: Runs, ours: Trainings, theirs: Trainings, exhibit: str, x: str, y: str, name: str
) -> None:
    folders = [measured(runs, exhibit, of, x, y) for of in (ours, theirs)]
    a, b = (without_place(read(folder, f"{name}.json")) for folder in folders)
    assert a == b
    a, b = (load_file(folder / "cka.safetensors")["values"] for folder in folders)
    assert torch.equal(a.nan_to_num(), b.nan_to_num()) and a.abs().nansum() > 0


def test_time_and_probes_are_the_same_too(runs: Runs, ours: Trainings, theirs: Trainings) -> None:
    folders = [measured(runs, "figA6", of, "relu") for of in (ours, theirs)]
    a, b = (read(folder, "probe.json")["layers"] for folder in folders)
    of = {row["name"].removeprefix("inner."): row for row in b}  # every layer of what is no ResNet
    assert a and all(of[row["name"]]["accuracy"] == row["accuracy"] for row in a)
    x = theirs["lif"]
    pattern = nodes_of("fig6", *POINT)[-1].full
    maps = []
    for run, prefix in ((ours["lif"], ""), (x, "inner.")):
        spec = pattern.model_copy(update={"x": run.full, "layers": (f"{prefix}s1.b0",)})
        folder = runs.run(node_of(spec, "", {"x": run.key}))
        maps.append(load_file(folder / "cka.safetensors")[f"{prefix}s1.b0"])
    assert torch.equal(*maps) and maps[0].shape == (3, 3)


def test_each_network_sees_images_as_it_was_trained(
    runs: Runs, study: Path, ours: Trainings, theirs: Trainings
) -> None:
    """Its own normalisation, undone by the network: the same map."""
    mean, std = ours["relu"].full.dataset.statistics
    told = Statistics(mean=(0.0,) * 3, std=(1.0,) * 3)
    how = {"neuron": "relu", "shortcut": "rectified", "mean": [*mean], "std": [*std]}
    names = theirs["relu"].full.network.layers
    changes = {"factory": "elsewhere_nets:undone", "arguments": how, "normalisation": told}
    other = as_given(ours["relu"].full, network(study, "relu", layers=names, **changes))
    runs.run(other)
    pairs = [{"x": theirs["lif"], "y": one} for one in (theirs["relu"], other)]
    folders = [measured(runs, "fig2", pair, "x", "y") for pair in pairs]
    a, b = (load_file(folder / "cka.safetensors")["values"] for folder in folders)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-4, equal_nan=True)


def test_the_file_and_the_factory_are_part_of_the_key(study: Path, ours: Trainings) -> None:
    def key(**changes: Any) -> str:
        return as_given(ours["relu"].full, network(study, "relu", **changes)).key

    before = key()
    shutil.copy(study / "relu.safetensors", study / "copy.safetensors")
    assert key(file="copy.safetensors") == before  # where it lies is nobody's number
    assert key(file="lif.safetensors") != before
    assert key(arguments={"neuron": "relu"}) != before
    nets = study / "elsewhere_nets.py"
    nets.write_text(NETS + "# changed\n")
    assert key() != before
    nets.write_text(NETS)
    assert key() == before
    with pytest.raises(HarnessError, match=r"absent\.pt: cannot be read"):
        key(file="absent.pt")


def test_what_is_found_is_not_written(study: Path) -> None:
    for name in ("sha256", "code", "path"):
        with pytest.raises(HarnessError, match=f"must not say its {name}"):
            network(study, "relu", **{name: "sha256:0"})


@pytest.mark.parametrize("name", ["0", "layer1.0.relu#2", "_blocks.12.norm"])
def test_layers_of_any_module_can_be_named(study: Path, name: str) -> None:
    assert network(study, "relu", layers=(name,)).layers == (name,)
    assert TimeCka(layers=(name,)).layers == (name,)  # type: ignore[call-arg]


def test_a_run_of_a_given_network_goes_through_json(study: Path, theirs: Trainings) -> None:
    node = theirs["lif"]
    again = Training.model_validate_json(node.full.model_dump_json(), strict=True)
    assert again == node.full and isinstance(again, GivenRun)
    assert node_of(again, "").key == node.key
    assert "recipe" not in node.spec and "neuron" not in node.spec


class Wicked:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


def lacking(state: dict[str, torch.Tensor], path: Path) -> None:
    save_file({name: one for name, one in state.items() if "fc" not in name}, path)


def beyond(state: dict[str, torch.Tensor], path: Path) -> None:
    torch.save({**state, "head.weight": torch.zeros(2)}, path)


def reshaped(state: dict[str, torch.Tensor], path: Path) -> None:
    save_file({**state, "inner.fc.bias": torch.zeros(3)}, path)


def pickled(state: dict[str, torch.Tensor], path: Path) -> None:
    path.write_bytes(pickle.dumps(Wicked()))


def wrapped(state: dict[str, torch.Tensor], path: Path) -> None:
    torch.save({"epoch": 3, "model": state}, path)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lacking, r"lacks inner\.fc\.weight, inner\.fc\.bias"),
        (beyond, "has besides head.weight"),
        (reshaped, r"another network: its inner\.fc\.bias is \[3\], not \[10\]"),
        (pickled, "is no file of weights.*torch.save"),
        (wrapped, r"holds no weights by name \(it has epoch, model\)"),
    ],
)
def test_a_file_of_other_weights_is_refused(
    runs: Runs, study: Path, ours: Trainings, write: Callable[..., None], said: str
) -> None:
    write(load_file(study / "relu.safetensors"), study / "bad.pt")
    bad = as_given(ours["relu"].full, network(study, "relu", file="bad.pt"))
    with pytest.raises(HarnessError, match=said) as caught:
        runs.run(bad, again=write.__name__)
    assert "bad.pt" in str(caught.value) and caught.value.hint


def test_data_parallel_s_names_and_torch_s_files_are_taken(
    runs: Runs, study: Path, ours: Trainings, theirs: Trainings
) -> None:
    state = {f"module.{name}": one for name, one in load_file(study / "relu.safetensors").items()}
    torch.save({"epoch": 1, "state_dict": state}, study / "parallel.pt")
    node = as_given(ours["relu"].full, network(study, "relu", file="parallel.pt"))
    a, b = (
        load_file(folder / "network.safetensors")
        for folder in (runs.run(node), runs.files[theirs["relu"].key])
    )
    assert a.keys() == b.keys() and all(torch.equal(one, b[name]) for name, one in a.items())


def test_a_file_that_changed_since_the_plan_is_refused(
    runs: Runs, study: Path, ours: Trainings
) -> None:
    shutil.copy(study / "relu.safetensors", study / "moving.safetensors")
    node = as_given(ours["relu"].full, network(study, "relu", file="moving.safetensors"))
    shutil.copy(study / "lif.safetensors", study / "moving.safetensors")
    with pytest.raises(HarnessError, match=r"moving.*is not the file of the plan"):
        runs.run(node, again="changed")
    (study / "moving.safetensors").unlink()
    with pytest.raises(HarnessError, match=r"moving.*is not there"):
        runs.run(node, again="gone")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"factory": "elsewhere_nets:wraped"}, "has no wraped"),
        ({"factory": "elsewhere_net:wrapped"}, "did you mean 'elsewhere_nets'"),
        ({"factory": "elsewhere_nets:nothing", "arguments": {}}, "makes a int, no torch.nn.Module"),
        ({"arguments": {"neurons": "relu"}}, "makes no network: .*neurons"),
        ({"factory": "harness.engine.networks:resnet", "arguments": {"depth": 8}, "time": "folded",
          "time_steps": 4}, "leave out `layers` and `time`"),
        ({"layers": ["inner.s4"]}, "unknown name 'inner.s4'"),
    ],
)  # fmt: skip
def test_a_factory_that_makes_no_network_is_refused(
    runs: Runs, study: Path, ours: Trainings, changes: dict[str, Any], said: str
) -> None:
    if "layers" in changes:
        changes = {**changes, "layers": tuple(changes["layers"])}
    node = as_given(ours["relu"].full, network(study, "relu", **changes))
    with pytest.raises(HarnessError, match=said):
        runs.run(node, again=said[:8])


def test_a_network_of_the_engine_needs_no_more_than_its_weights(
    runs: Runs, study: Path, ours: Trainings
) -> None:
    node = ours["relu"]
    shutil.copy(runs.files[node.key] / "network.safetensors", study / "ours.safetensors")
    how = {"depth": 8, "base_width": 2, "neuron": "relu", "shortcut": "rectified"}
    said = {"factory": "harness.engine.networks:resnet", "arguments": how}
    other = as_given(node.full, network(study, "relu", file="ours.safetensors", **said))
    runs.run(other)
    folders = [measured(runs, "fig8", {"x": one}, "x") for one in (node, other)]
    assert read(folders[0], "attack.json") == read(folders[1], "attack.json")


def test_where_it_trained_is_said_in_what_is_made_of_it(theirs: Trainings) -> None:
    node = theirs["relu"]
    assert (node.kind, node.label) == ("given", "wrapped of relu.safetensors, digits seed 0")
    assert replace(node).full.steps == 1 and theirs["lif"].full.steps == 3
