"""Readers of the lab's measures: what each number is of, and what has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.check.claims import evaluate
from harness.check.status import Status
from harness.frames.frame import Frame, frame_of
from harness.measures.maximisation import NO_CONTRAST
from tests.frames.stored import Stored, cells_of
from tests.synthetic import library, plan


def score(mse: float, variance: float) -> dict[str, Any]:
    return {"images": 10, "mse": mse, "variance": variance, "r2": 1 - mse / variance}


def regression_frame() -> Frame:
    made = plan("lab-fig1")
    store = Stored(made)
    for point in made.exhibits[0].points:
        if point.measure.kind != "regression":
            continue
        slow = point.measure.regression == "descent"
        rows = [
            {
                "direction": name,
                "solver": "sgd" if slow else "gram",
                "losses": [1.0, mse] if slow else [],
                "train": score(mse / 2, 1.0),
                "held-out": score(mse, 1.0) if mse > 0.1 else score(mse, 1.0) | {"r2": None},
            }
            for name, mse in (("cnn-to-snn", 0.025), ("snn-to-cnn", 0.33))
        ]
        store.keep(point, "regression.json", {"layer": "bn2", "images": 20, "directions": rows})
    return frame_of(made.exhibits[0], store, {})


def test_a_regression_has_a_cell_for_each_fit_direction_and_split() -> None:
    frame = regression_frame()
    at = {"fit": "ridge", "direction": "snn-to-cnn"}
    assert cells_of(frame, "mse", split="held-out", **at)["value"] == 0.33
    assert cells_of(frame, "mse", split="train", **at)["value"] == 0.165
    assert cells_of(frame, "r2", split="held-out", **at)["value"] == pytest.approx(0.67)
    assert cells_of(frame, "solver", **at)["text"] == "gram"
    constant = cells_of(frame, "r2", fit="ridge", direction="cnn-to-snn", split="held-out")
    assert constant["why"] == "seed 0: no target varies"


def test_the_loss_is_that_of_the_last_epoch_and_a_closed_form_has_none() -> None:
    frame = regression_frame()
    losses = frame.cells[frame.cells["quantity"] == "loss"]
    assert dict(zip(losses["direction"], losses["value"], strict=True)) == {
        "cnn-to-snn": 0.025,
        "snn-to-cnn": 0.33,
    }
    assert set(losses["fit"]) == {"descent"}
    assert frame.maps is not None
    course = frame.maps.table
    assert set(course["map"]) == {"losses"}
    assert list(course["label_x"]) == ["1", "2", "1", "2"]


def test_a_silent_layer_has_no_pattern_and_says_so() -> None:
    made = plan("lab-fig2")
    store = Stored(made)
    silent = {"zero_share": 1.0, "near_zero_share": 1.0, "hoyer": None, "treves_rolls": None}
    layers = [{"name": "bn2", **silent, "hoyer": 0.25}, {"name": "relu2", **silent}]
    content = {"image": 0, "images": 1000, "layers": layers}
    arrays = {"image": np.zeros((3, 8, 8)), "sheet.bn2": np.eye(9), "sheet.relu2": np.eye(9)}
    store.keep(made.exhibits[0].points[0], "activations.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "hoyer", layer="bn2")["value"] == 0.25
    assert "silent on every image" in cells_of(frame, "hoyer", layer="relu2")["why"]
    assert frame.maps is not None
    assert list(dict.fromkeys(frame.maps.table["map"])) == [
        "image-shown-r",
        "image-shown-g",
        "image-shown-b",
        "sheet-bn2",
        "sheet-relu2",
    ]


def wave(coherence: float | None) -> dict[str, float | None]:
    return {
        "orientation": 90.0,
        "frequency": 0.1,
        "coherence": coherence,
        "concentration": coherence,
    }


def test_kernels_without_contrast_are_left_out_of_the_means() -> None:
    made = plan("lab-fig4")
    store = Stored(made)
    filters = {"trained": [wave(0.9), wave(0.3), wave(None)], "shuffled": [wave(0.1)] * 3}
    content = {"source": "STAND-IN: x", "layer": "features.0", "listed": [], "filters": filters}
    store.keep(made.exhibits[0].points[0], "kernels.json", content, kernels=np.zeros((3, 5, 5)))
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "coherence_mean", pixels="trained")["value"] == pytest.approx(0.6)
    assert cells_of(frame, "oriented_share", pixels="trained")["value"] == 0.5
    assert cells_of(frame, "oriented_share", pixels="shuffled")["value"] == 0
    gone = cells_of(frame, "coherence", pixels="trained", kernel="2")
    assert gone["why"] == "seed 0: the filter has no contrast"
    assert cells_of(frame, "source")["text"] == "STAND-IN: x"
    assert "coherence" in frame.fine


def maximised(
    exhibit: str, kernel: Any, orientation: float, outside: float | None, images: Any = None
) -> Frame:
    made = plan(exhibit)
    store = Stored(made)
    row = {"start": 1.0, "end": 4.0, "inside": 0.2, "outside": outside}
    row |= {"orientation": orientation, "frequency": 0.1, "coherence": 0.5}
    content = {
        "source": "s",
        "target": {"layer": "features.6", "channel": 20, "position": [5, 5]},
        "unit": "neuron",
        "seen": [46, 46, 145, 145],
        "margin": 2,
        "starts": [row, {**row, "end": 6.0}],
        "kernel": kernel,
    }
    images = np.zeros((2, 3, 8, 8)) if images is None else images
    arrays = {"images": images, "curves": np.ones((2, 5))}
    store.keep(made.exhibits[0].points[0], "maximisation.json", content, **arrays)
    return frame_of(made.exhibits[0], store, {})


def test_a_unit_that_sees_everything_has_no_outside() -> None:
    frame = maximised("lab-fig8", None, 10.0, None)
    assert cells_of(frame, "contrast", start="1", region="inside")["value"] == 0.2
    assert "sees the whole image" in cells_of(frame, "contrast", start="1", region="outside")["why"]
    means = frame.cells[frame.cells["quantity"] == "contrast_mean"]
    assert list(means["region"]) == ["inside"]  # a golden file holds no cell without a number
    assert cells_of(frame, "gain")["value"] == 4.0
    assert "no channel" in cells_of(frame, "off_kernel", start="0")["why"]


@pytest.mark.parametrize(
    ("image", "kernel", "turned"), [(10.0, 30.0, 20.0), (175.0, 5.0, 10.0), (100.0, 10.0, 90.0)]
)
def test_orientations_turn_by_90_degrees_at_most(
    image: float, kernel: float, turned: float
) -> None:
    frame = maximised("lab-fig7", wave(0.9) | {"orientation": kernel}, image, 0.01)
    assert cells_of(frame, "off_kernel", start="0")["value"] == pytest.approx(turned)
    assert cells_of(frame, "off_vertical", start="0")["value"] == pytest.approx(abs(image - 90))
    assert cells_of(frame, "unit")["text"] == "features.6, channel 20, neuron (5, 5)"
    assert cells_of(frame, "seen", region="bottom")["value"] == 145


def test_top_images_keep_their_ranks_and_everything_stands_beside_them() -> None:
    made = plan("lab-fig9")
    store = Stored(made)
    bright = {region: {"red": 0.1, "green": 0.2, "blue": 0.6} for region in ("border", "centre")}
    rows = [
        {"target": target, "images": [4, 2], "activations": [1.0, 0.5], "ties": 3,
         "brightness": bright}
        for target in ("layer", "channel", "neuron")
    ]  # fmt: skip
    content = {"layer": "relu2", "channel": 0, "position": [2, 1], "k": 2, "of": 10}
    content |= {"targets": rows, "everything": bright}
    arrays = {f"mean.{row['target']}": np.zeros((3, 4, 4)) for row in rows}
    arrays |= {f"images.{row['target']}": np.zeros((2, 3, 4, 4)) for row in rows}
    store.keep(made.exhibits[0].points[0], "top_images.json", content, **arrays)
    frame = frame_of(made.exhibits[0], store, {})
    assert cells_of(frame, "activation", target="neuron", rank="2")["value"] == 0.5
    assert cells_of(frame, "activation_mean", target="layer")["value"] == 0.75
    assert cells_of(frame, "ties", target="channel")["value"] == 3
    at = {"target": "everything", "region": "border"}
    assert cells_of(frame, "brightness", colour="all", **at)["value"] == pytest.approx(0.3)
    assert cells_of(frame, "neuron")["text"] == "channel 0, row 2, column 1"
    assert frame.maps is not None
    assert frame.maps.table["map"].nunique() == 3 * 3 * 3


def pattern(kind: str) -> Any:
    """An image [3, 96, 96] in 0 … 1: as the search once gave it, or of a known spectrum."""
    image = np.full((3, 96, 96), 0.04)
    if kind == "black with a border":
        image[0, 0] = 0.9
    if kind == "noise":
        image += np.random.default_rng(0).uniform(0.0, 0.9, (96, 96))
    if kind == "grating":
        image += 0.4 + 0.4 * np.cos(2 * np.pi * np.arange(96) / 8)
    return image


@pytest.mark.parametrize(
    ("kind", "contrast", "share", "holds"),
    [
        ("black with a border", 0.0, None, (False, False)),
        ("noise", 0.9 / 12**0.5, 0.01 * (1 + np.log(100)), (True, False)),
        ("grating", 0.4 / 2**0.5, 1.0, (True, True)),
    ],
)
def test_a_border_is_no_pattern_and_noise_is_none_either(
    kind: str, contrast: float, share: float | None, holds: tuple[bool, bool]
) -> None:
    frame = maximised("lab-fig6", None, 10.0, None, images=np.stack([pattern(kind)] * 2))
    found = cells_of(frame, "contrast", start="0", region="middle")["value"]
    assert found == pytest.approx(contrast, rel=0.03, abs=1e-9)
    concentration = cells_of(frame, "concentration", start="1")
    if share is None:
        assert concentration["why"] == f"seed 0: {NO_CONTRAST}"
    else:
        assert concentration["value"] == pytest.approx(share, rel=0.1)
    claims = {one.id: one for one in library().exhibit("lab-fig6").claim}
    asked = (claims[name] for name in ("has-contrast", "is-a-pattern"))
    assert tuple(evaluate(one, frame, counted=True).status is Status.PASS for one in asked) == holds
