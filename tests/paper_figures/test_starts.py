"""Fig. C.1, C.2: which network is across and which is up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from paper_figures import drawing
from tests.paper_figures.made import heatmaps, map_rows, values

HELD = {"network": "resnet", "depth": 20}
NOTHING = pd.DataFrame({"quantity": []})


def test_anns_above_snns() -> None:
    pairs = ("init0-init0", "init1-init1", "init0-init1")
    made = {
        (n, p): values(4, 4, ord(n[0]) + i) for n in ("relu", "lif") for i, p in enumerate(pairs)
    }
    maps = pd.concat([map_rows(p, m, neuron=n, **HELD) for (n, p), m in made.items()])
    shown = heatmaps(drawing("figC1")(NOTHING, maps))
    assert len(shown) == 6
    for (neuron, pair), matrix in made.items():
        kind = {"relu": "Artificial", "lif": "Spiking"}[neuron]
        x, y = pair.split("-")
        at = ("", f"{kind} ResNet-20 {x}", f"{kind} ResNet-20 {y}")
        assert np.array_equal(shown[at], matrix)


def test_snns_across_anns_up() -> None:
    pairs = ("init0-init0", "init1-init1", "init0-init1", "init1-init0")
    made = {pair: values(4, 4, seed) for seed, pair in enumerate(pairs)}
    maps = pd.concat([map_rows(pair, m, **HELD) for pair, m in made.items()])
    shown = heatmaps(drawing("figC2")(NOTHING, maps))
    assert len(shown) == 4
    for pair, matrix in made.items():
        x, y = pair.split("-")
        assert np.array_equal(
            shown[("", f"Spiking ResNet-20 {x}", f"Artificial ResNet-20 {y}")], matrix
        )
