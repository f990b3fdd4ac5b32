"""A map as a frame and as a drawing."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import torch

from harness.engine.cka import CkaCurve, CkaMap

mpl.use("agg")


def found(names_x: tuple[str, ...] = ("relu", "pool", "fc")) -> CkaMap:
    values = torch.linspace(0, 1, 2 * len(names_x), dtype=torch.float64).view(2, -1)
    values[0, 0] = torch.nan
    return CkaMap(values, ("conv", "bn"), names_x, {(0, 0): "silent"}, 8, 1, "unbiased")


def test_a_frame_has_the_names_of_both_networks() -> None:
    frame = found().to_frame()
    assert [*frame.index] == ["conv", "bn"] and [*frame.columns] == ["relu", "pool", "fc"]
    assert frame.loc["bn", "fc"] == 1.0 and np.isnan(frame.loc["conv", "relu"])
    curve = CkaCurve(torch.tensor([0.25, 1.0]).double(), ("conv", "bn"), {}, 8, 1, "unbiased")
    assert curve.to_frame()["cka"].to_dict() == {"conv": 0.25, "bn": 1.0}


@pytest.mark.parametrize("layers", [3, 40])
def test_a_drawing_shows_each_value_where_its_names_stand(layers: int) -> None:
    from matplotlib import pyplot

    made = found(tuple(f"l{place}" for place in range(layers)))
    axes = made.plot()
    (image,) = axes.images
    drawn = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
    np.testing.assert_array_equal(drawn, made.values.numpy())
    assert image.origin == "lower"
    named = [text.get_text() for text in axes.get_yticklabels()]
    assert named == ["conv", "bn"]
    across = [text.get_text() for text in axes.get_xticklabels()]
    assert (across == ["l0", "l1", "l2"]) is (layers == 3)
    own = pyplot.figure().subplots()
    assert made.plot(own) is own and len(own.images) == 1
    pyplot.close("all")
