"""Readers of time-wise maps, attacks, probes and the workflow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.frames.frame import frame_of
from harness.measures.base import Side
from harness.measures.workflow import Workflow
from tests.frames.stored import Stored, cells_of, layer
from tests.synthetic import plan


def test_time_steps_are_compared_with_other_time_steps_only() -> None:
    made = plan("fig6", overrides=("time_steps=4",))
    store = Stored(made)
    values = np.full((4, 4), 0.5)
    values[0, 3] = values[3, 0] = 0.2
    np.fill_diagonal(values, 1.0)
    silent = np.full((4, 4), math.nan)
    content = {"layers": ["s1.b0", "s3.b2", "fc"], "undefined": {}}
    arrays = {"s1.b0": values, "s3.b2": silent, "fc": np.ones((1, 1))}
    store.keep(made.exhibits[0].points[0], "cka.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "time_mean", layer="s1.b0")["value"] == pytest.approx(5.4 / 12)
    assert cells_of(frame, "time_min", layer="s1.b0")["value"] == pytest.approx(0.2)
    first, second = (cells_of(frame, "step_mean", layer="s1.b0", step=n)["value"] for n in "12")
    assert (first, second) == pytest.approx((1.2 / 3, 0.5))
    assert "undefined in all" in cells_of(frame, "time_mean", layer="s3.b2")["why"]
    assert cells_of(frame, "undefined", layer="s3.b2")["value"] == 16
    assert "runs one time step" in cells_of(frame, "time_min", layer="fc")["why"]


def test_an_attack_gives_accuracy_and_similarity_for_each_radius() -> None:
    made = plan("fig8", overrides=("neuron=lif",))
    store = Stored(made)
    content = {
        "accuracy": [{"epsilon": e, "accuracy": a} for e, a in ((0.0, 90.0), (0.001, 50.0))],
        "epsilon": [0.001],
        "layers": [
            layer("conv1"),
            layer("s1.b0.conv1", "s1", "s1.b0"),
            layer("s1.b0", "s1", "s1.b0"),
        ],
        "undefined": [{"why": "silent", "y": [0], "x": [0]}],
    }
    values = np.array([[math.nan, 0.25, 0.75]])
    store.keep(made.exhibits[0].points[0], "attack.json", content, values=values)
    frame = frame_of(made.exhibits[0], store, {})
    assert frame.index == ("neuron", "epsilon", "layer", "block")
    assert cells_of(frame, "attack_accuracy", epsilon="0")["value"] == 90.0
    assert cells_of(frame, "attack_accuracy", epsilon="0.001")["value"] == 50.0
    assert cells_of(frame, "attack_cka", epsilon="0.001", layer="s1.b0")["value"] == 0.75
    assert cells_of(frame, "attack_cka", epsilon="0.001", layer="conv1")["why"] == "seed 0: silent"
    assert cells_of(frame, "attack_cka_mean", epsilon="0.001")["value"] == 0.5
    assert cells_of(frame, "attack_cka_block", epsilon="0.001", block="s1.b0")["value"] == 0.5


def test_probes_stand_beside_maps_in_one_frame() -> None:
    made = plan("figA6", overrides=("stages_without_shortcut=no-stage",))
    store = Stored(made)
    cka, probe = made.exhibits[0].points
    store.keep(
        cka, "cka.json", {"y": [layer("a")], "x": [layer("a")], "undefined": []}, values=np.eye(1)
    )
    store.keep(
        probe,
        "probe.json",
        {"layers": [{"name": "s1.b0", "accuracy": 42.0, "train_accuracy": 50.0}]},
    )
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "probe_accuracy", layer="s1.b0")["value"] == 42.0
    assert cells_of(frame, "mean", map="snn-snn")["value"] == 1.0
    assert frame.maps is not None


def test_the_workflow_shows_its_images_and_matrices() -> None:
    made = plan("fig1")
    store = Stored(made)
    arrays = {"gram_x": np.eye(4), "gram_y": 2 * np.eye(4), "images": np.zeros((4, 3, 8, 8))}
    content = {"cka": 0.75, "why": "", "layer": "s2.b2", "images": 4}
    store.keep(made.exhibits[0].points[0], "workflow.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "cka")["value"] == 0.75
    assert cells_of(frame, "layer")["text"] == "s2.b2"
    assert frame.maps is not None
    maps = frame.maps.table
    assert list(dict.fromkeys(maps["map"]))[:3] == ["gram-lif", "gram-relu", "image-0-r"]
    assert len(maps) == 2 * 16 + 4 * 3 * 64


@pytest.mark.parametrize(
    ("x", "y", "names"),
    [
        ("lif-text", "relu", ("gram-lif-text", "gram-relu")),
        ("lif", "lif", ("gram-x", "gram-y")),
        (None, None, ("gram-x", "gram-y")),
    ],
)
def test_gram_matrices_are_called_by_what_tells_their_networks_apart(
    x: str | None, y: str | None, names: tuple[str, str]
) -> None:
    sides = {"x": Side(neuron=x), "y": Side(neuron=y)}
    assert Workflow(kind="workflow", layer="s1.b0", images=8, **sides).gram_names == names


def test_an_undefined_similarity_says_why() -> None:
    made = plan("fig1")
    store = Stored(made)
    arrays = {"gram_x": np.eye(4), "gram_y": np.eye(4), "images": np.zeros((4, 3, 8, 8))}
    content = {"cka": None, "why": "the layer is silent", "layer": "s2.b2", "images": 4}
    store.keep(made.exhibits[0].points[0], "workflow.json", content, **arrays)
    cell = cells_of(frame_of(made.exhibits[0], store, {}), "cka")
    assert cell["why"] == "seed 0: the layer is silent"


def test_energy_is_what_the_operations_cost_and_a_network_without_spikes_has_no_rate() -> None:
    made = plan("beyond-energy", overrides=("depth=8", "width=1"))
    store = Stored(made)
    relu, lif = made.exhibits[0].points[:2]
    layers = [
        {"name": "conv1", "rate": 1.0, "is_binary": False}
        | {"multiply_accumulates": 1000.0, "accumulates": 0.0},
        {"name": "fc", "rate": 0.25, "is_binary": True}
        | {"multiply_accumulates": 0.0, "accumulates": 500.0},
    ]
    fired = [{"name": "relu", "rates": [0.0, 0.5]}]
    spiking = {"layers": layers, "neurons": fired, "firing_rate": 0.25}
    store.keep(lif, "operations.json", spiking)
    plain = {"layers": layers[:1], "neurons": [], "firing_rate": None}
    store.keep(relu, "operations.json", plain)
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "energy", neuron="relu")["value"] == pytest.approx(4.6)
    assert cells_of(frame, "energy", neuron="lif")["value"] == pytest.approx(4.6 + 0.45)
    assert cells_of(frame, "energy_ratio")["value"] == pytest.approx(5.05 / 4.6)
    assert cells_of(frame, "layer_energy", neuron="lif", layer="fc")["value"] == 0.45
    assert cells_of(frame, "input_rate", neuron="lif", layer="fc")["value"] == 0.25
    assert cells_of(frame, "accumulates", neuron="lif")["value"] == 500
    assert cells_of(frame, "firing_rate", layer="relu", step="2")["value"] == 0.5
    assert cells_of(frame, "firing_rate_mean")["neuron"] == "lif"


def test_a_null_has_its_maps_and_what_share_of_them_is_more_than_it() -> None:
    made = plan("beyond-null", overrides=("width=1",))
    store = Stored(made)
    names = [layer("conv1"), layer("s1.b0", "s1", "s1.b0", "output")]
    arrays = {"values": [[0.5, 0.25], [0.25, math.nan]], "se": np.full((2, 2), 0.01)}
    shares = {"class": [[0.05, 0.5], [0.01, math.nan]], "chance": np.full((2, 2), 0.005)}
    for null, p in shares.items():
        arrays |= {f"p-{null}": p, f"familywise-{null}": [[0.5, 0.5], [0.05, math.nan]]}
        arrays |= {f"beyond-{null}": np.full((2, 2), 0.125), f"same-{null}": np.full((2, 2), 0.2)}
    undefined = [{"why": "silent", "y": [1], "x": [1]}]
    also = {name: {"undefined": undefined} for name in ("beyond-class", "beyond-chance")}
    content = {"x": names, "y": names, "undefined": undefined}
    content["also"] = also | {"same-class": {"undefined": undefined}}
    store.keep(made.exhibits[0].points[0], "cka.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    beyond = {"map": "ann-snn-beyond-class"}
    assert cells_of(frame, "mean", **beyond)["value"] == 0.125
    assert cells_of(frame, "mean", map="ann-snn-same-class")["value"] == pytest.approx(0.2)
    assert cells_of(frame, "share_significant", **beyond)["value"] == pytest.approx(2 / 3)
    assert cells_of(frame, "share_familywise", **beyond)["value"] == pytest.approx(1 / 3)
    assert cells_of(frame, "share_significant", map="ann-snn-beyond-chance")["value"] == 1
    assert cells_of(frame, "diagonal", map="ann-snn", layer="s1.b0")["why"] == "seed 0: silent"
    assert "input" not in set(frame.cells["position"].dropna())  # no stem, so no first input
    assert "checkerboard" not in set(frame.cells["quantity"])  # no layers of branches


def test_other_measures_have_maps_of_their_own_in_their_units() -> None:
    made = plan("beyond-measures", overrides=("width=1",))
    point, store = made.exhibits[0].points[0], Stored(made)
    names = [layer("s1.b0", "s1", "s1.b0", "output")]
    arrays = {name: np.full((1, 1), 0.5) for name in point.measure.units}
    content = {"x": names, "y": names, "undefined": []}
    content["also"] = {name: {"undefined": []} for name in arrays}
    store.keep(point, "cka.json", content, values=np.ones((1, 1)), **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    units = {
        name: cells_of(frame, "mean", map=f"ann-snn-{name}")["unit"] for name in point.measure.units
    }
    assert {name for name, unit in units.items() if unit == "CKA"} == {
        "rbf",
        "first-removed",
        "largest-removed",
    }
    assert {name for name, unit in units.items() if unit == "similarity"} == {
        "rsa",
        "mutual-knn",
        "procrustes",
    }
    assert cells_of(frame, "undefined", map="ann-snn-rsa")["unit"] == "cells"
    content_of = {**content, "arrays": {"values": np.ones((1, 1)), **arrays}}
    assert [one.unit for one in point.measure.maps(content_of)] == ["CKA", *units.values()]
