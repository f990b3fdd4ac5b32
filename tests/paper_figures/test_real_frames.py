"""Drawings meet the frames that their exhibits really give: layer names, levels and maps."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.engine.networks import Network
from harness.engine.networks.neurons import Lif
from harness.frames.frame import frame_of
from harness.measures.base import Training
from harness.plan.expand import Point
from harness.runs.layers import chosen, described
from paper_figures import drawing
from tests.frames.stored import Stored
from tests.synthetic import library, plan

MEASURED = sorted(
    name
    for name, exhibit in library().exhibits.items()
    if exhibit.figure
    and exhibit.measure[0].kind not in ("accuracy", "architecture")
    and exhibit.source.document == "paper"
)


@cache
def layers_of(spec: Training) -> tuple[Network, list[dict[str, str]]]:
    """A narrow network of the same topology, and where its layers stand."""
    narrow = spec.network.model_copy(update={"base_width": 1, "width": 1})
    made = narrow.build(spec.neuron, classes=10, channels=3, seed=0)
    return made, described(made, made.layer_names())


def keep(store: Stored, point: Point, random: Any) -> None:
    """What a run of this point would leave, with random numbers."""
    made, rows = layers_of(point.trainings[0])
    measure: Any = point.measure
    if measure.kind == "cka":
        values = random.random((len(rows), len(rows)))
        store.keep(point, "cka.json", {"x": rows, "y": rows, "undefined": []}, values=values)
    elif measure.kind == "time_cka":
        names, steps = list(chosen(made, measure.layers, Lif)), made.time_steps
        arrays = {name: random.random((steps, steps)) for name in names}
        store.keep(point, "cka.json", {"layers": names, "undefined": {}}, **arrays)
    elif measure.kind == "attack":
        accuracy = [{"epsilon": e, "accuracy": 50.0} for e in (0.0, *measure.epsilon)]
        content = {"accuracy": accuracy, "epsilon": list(measure.epsilon), "layers": rows}
        values = random.random((len(measure.epsilon), len(rows)))
        store.keep(point, "attack.json", {**content, "undefined": []}, values=values)
    elif measure.kind == "probe":
        blocks = chosen(made, ("blocks",), Lif)
        found = [{"name": name, "accuracy": 50.0, "train_accuracy": 60.0} for name in blocks]
        store.keep(point, "probe.json", {"layers": found})
    else:
        gram = random.random((16, 16))
        content = {"cka": 0.5, "why": "", "layer": measure.layer, "images": 16}
        images = random.random((16, 3, 8, 8))
        store.keep(point, "workflow.json", content, gram_x=gram, gram_y=gram, images=images)


@pytest.mark.parametrize("name", MEASURED)
def test_a_drawing_finds_all_that_it_looks_for(name: str) -> None:
    made = plan(name, profile="smoke")
    store = Stored(made)
    random = np.random.default_rng(0)
    for point in made.exhibits[0].points:
        keep(store, point, random)
    frame = frame_of(made.exhibits[0], store, {})
    assert frame.cells.loc[frame.cells["value"].isna(), "why"].eq("").sum() == (
        frame.cells["text"].notna().sum()
    )
    figure_of = library().exhibits[name].figure
    held = made.exhibits[0].held
    maps = None if frame.maps is None else frame.maps.table.assign(**held)
    figure = drawing(str(figure_of))(frame.cells.assign(**held), maps)
    assert isinstance(figure, Figure)
    blank = [axes for axes in figure.axes if axes.get_visible() and not axes.has_data()]
    words = [text.get_text() for axes in blank for text in axes.texts]
    assert "not measured" not in " ".join(words)
