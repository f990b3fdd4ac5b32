"""frame.csv and frame.json: strict JSON, reasons beside what is empty, the same bytes each time."""

from __future__ import annotations

import csv
import io
import json

from harness.frames.frame import frame_csv, frame_json, frame_of
from tests.synthetic import SyntheticStore, plan


def test_json_says_why_a_value_is_null_and_a_node_absent() -> None:
    made = plan("table1")
    store = SyntheticStore(made)
    points = made.exhibits[0].points
    store.contents[points[0].key]["best_accuracy"] = float("nan")
    del store.contents[points[1].key]
    frame = frame_of(made.exhibits[0], store, {points[1].key: "<script>alert(1)</script>"})
    content = json.loads(frame_json(frame), parse_constant=lambda name: 1 / 0)
    assert content["index"] == ["neuron", "depth", "width"]
    assert content["cells"][0]["value"] is None
    assert content["cells"][0]["why"] == "seed 0: best_accuracy is nan"
    assert content["absent"] == [
        {
            "axes": {"neuron": "relu", "depth": 38, "width": 1},
            "seed": 0,
            "key": points[1].key,
            "why": "<script>alert(1)</script>",
        }
    ]
    assert set(content["columns"]["cells"]) <= set(content["cells"][0])
    assert all(cell["value"] is not None or cell["why"] for cell in content["cells"])


def test_csv_holds_every_cell_and_full_precision() -> None:
    made = plan("table1")
    frame = frame_of(made.exhibits[0], SyntheticStore(made), {})
    lines = list(csv.DictReader(io.StringIO(frame_csv(frame).decode())))
    assert len(lines) == len(frame.cells)
    assert lines[0]["depth"] == "20"
    assert float(lines[0]["value"]) == 91.06
    gap = next(line for line in lines if line["quantity"] == "gap")
    assert gap["neuron"] == ""


def test_the_same_store_gives_the_same_bytes() -> None:
    made = plan("table1", "tableD1")
    for exhibit in made.exhibits:
        first, second = (frame_of(exhibit, SyntheticStore(made), {}) for _ in range(2))
        assert frame_csv(first) == frame_csv(second)
        assert frame_json(first) == frame_json(second)
