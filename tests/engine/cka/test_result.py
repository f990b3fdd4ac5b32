"""A map as a frame and as a drawing."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import torch
from torch import nn

from harness.engine.cka import CkaCurve, CkaMap, MinibatchCKA, cka_heatmap, time_cka
from harness.engine.networks import Network, given

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


def test_a_drawing_says_of_which_network_and_of_what_each_axis_is() -> None:
    from matplotlib import pyplot

    def made(*layers: nn.Module) -> Network:
        return given(nn.Sequential(nn.Flatten(), nn.Linear(12, 4), *layers))

    class Tall(nn.Sequential):
        pass

    def labels(of: CkaMap) -> tuple[str, str]:
        axes = of.plot()
        return axes.get_ylabel(), axes.get_xlabel()

    batches = [torch.randn(8, 3, 2, 2)]
    a, b = made(), given(Tall(nn.Flatten(), nn.Linear(12, 2)))
    assert labels(cka_heatmap(a, b, batches)) == ("layer of Sequential", "layer of Tall")
    twice = ("layer of the first Sequential", "layer of the second Sequential")
    assert labels(cka_heatmap(a, made(nn.Tanh()), batches)) == twice
    assert labels(cka_heatmap(a, a, batches)) == ("layer of Sequential",) * 2
    assert labels(time_cka(a, batches)["1"]) == ("time step",) * 2
    features = MinibatchCKA(("y",), ("x",))
    features.update([torch.randn(8, 4)], [torch.randn(8, 4)])
    assert labels(features.result()) == (
        "layer of the first network",
        "layer of the second network",
    )
    pyplot.close("all")
