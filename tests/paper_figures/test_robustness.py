"""Fig. 8, A.9: bars by ε, curves by ε."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_figures import drawing
from tests.paper_figures.made import cell_rows, lines

EPSILON = ("0", "0.001", "0.005", "0.01", "0.02", "0.05")
ACCURACY = {
    "relu": [91.06, 87.99, 72.81, 48.3, 14.92, 0.11],
    "lif": [89.67, 87.77, 80.72, 68.04, 40.08, 1.88],
}


def cells() -> pd.DataFrame:
    found = []
    for neuron, numbers in ACCURACY.items():
        bars = cell_rows("attack_accuracy", numbers, [""] * 6, neuron=neuron)
        found.append(bars.assign(epsilon=EPSILON))
        for place, epsilon in enumerate(EPSILON[1:]):
            numbers = [1.0, 0.9 - 0.1 * place, 0.8 if neuron == "lif" else 0.7]
            found.append(cell_rows("attack_cka", numbers, neuron=neuron, epsilon=epsilon))
    return pd.concat(found)


@pytest.mark.parametrize("name", ["fig8", "figA9"])
def test_accuracies_stand_beside_each_other_and_are_written(name: str) -> None:
    bars = drawing(name)(cells().sample(frac=1, random_state=0)).axes[0]
    for container, neuron in zip(bars.containers, ("relu", "lif"), strict=True):
        assert [bar.get_height() for bar in container] == ACCURACY[neuron]
    assert [label.get_text() for label in bars.get_xticklabels()] == list(EPSILON)
    assert {"91.06", "48.30", "1.88"} <= {text.get_text() for text in bars.texts}


def test_curves_by_network_and_radius() -> None:
    ann, snn = drawing("fig8")(cells()).axes[1:]
    assert (ann.get_title(), snn.get_title()) == ("Similarity of ANN", "Similarity of SNN")
    for axes, last in ((ann, 0.7), (snn, 0.8)):
        assert lines(axes)["ε = 0.001"] == [1.0, 0.9, last]
        assert lines(axes)["ε = 0.05"] == pytest.approx([1.0, 0.5, last])
        assert len(lines(axes)) == 5


def test_an_accuracy_that_was_not_measured_is_a_dash() -> None:
    frame = cells()
    frame.loc[(frame["epsilon"] == "0.02") & (frame["neuron"] == "lif"), "value"] = np.nan
    bars = drawing("fig8")(frame).axes[0]
    assert [text.get_text() for text in bars.texts].count("–") == 1
