"""Tables 2, 3 and B.1 as figures: every printed number is a point of a line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from paper_figures import drawing


def accuracies(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).assign(quantity="accuracy", std=float("nan"), n=1)
    whole = ("depth", "width", "time_steps")
    for axis in (axis for axis in whole if axis in frame):
        frame[axis] = frame[axis].astype("Int64")
    return frame


def points(axes: Any) -> dict[str, list[str]]:
    """Label → `level: value` of each point of its line."""
    found = {}
    for container in axes.containers:
        x, y = container.lines[0].get_data()
        found[container.get_label()] = [f"{a:g}: {b:g}" for a, b in zip(x, y, strict=True)]
    return found


def test_table_2_with_and_without_shortcuts() -> None:
    numbers = {
        ("relu", "no-stage"): (91.06, 92.34), ("lif", "no-stage"): (89.63, 91.14),
        ("relu", "stage-1-2-3"): (91.32, 91.17), ("lif", "stage-1-2-3"): (86.5, 82.64),
    }  # fmt: skip
    frame = accuracies([
        {"neuron": neuron, "stages_without_shortcut": residual, "depth": depth, "value": value}
        for (neuron, residual), values in numbers.items()
        for depth, value in zip((20, 38), values, strict=True)
    ])  # fmt: skip
    with_them, without = drawing("table2")(frame).axes
    assert points(with_them) == {
        "ANN": ["20: 91.06", "38: 92.34"],
        "SNN": ["20: 89.63", "38: 91.14"],
    }
    assert points(without) == {"ANN": ["20: 91.32", "38: 91.17"], "SNN": ["20: 86.5", "38: 82.64"]}
    assert with_them.get_title(loc="left") == "With residual connections"
    assert with_them.get_ylim() == without.get_ylim() == (0, 100)


def test_table_3_has_a_line_for_each_row() -> None:
    frame = accuracies([
        {"one_step_stages": stage, "time_steps": steps, "value": value}
        for stage, values in {
            "no-stage": (89.67, 90.44),
            "stage-1": (88.81, 89.7),
            "stage-3": (87.41, 87.78),
        }.items()
        for steps, value in zip((4, 8), values, strict=True)
    ])  # fmt: skip
    (axes,) = drawing("table3")(frame).axes
    assert points(axes) == {
        "all time steps in each stage": ["4: 89.67", "8: 90.44"],
        "one time step in the first stage": ["4: 88.81", "8: 89.7"],
        "one time step in the last stage": ["4: 87.41", "8: 87.78"],
    }


def test_table_b1_crosses_what_was_not_trained_and_leaves_open_what_is_missing() -> None:
    def row(dataset: str, neuron: str, depth: int, width: int, steps: int, value: float):
        time_steps = steps if neuron == "lif" else None
        return {"dataset": dataset, "neuron": neuron, "depth": depth, "width": width,
                "time_steps": time_steps, "value": value}  # fmt: skip

    rows = [
        row(dataset, neuron, depth, 1, 4, depth + 0.5)
        for dataset in ("cifar10", "cifar100")
        for neuron in ("relu", "lif")
        for depth in (20, 38, 56)
        if (dataset, depth) not in {("cifar10", 20), ("cifar100", 38)}
    ]
    rows += [row("cifar10", "lif", 20, 1, 8, 90.44), row("cifar10", "lif", 20, 1, 4, 89.67)]
    rows += [row("cifar10", "relu", 20, 1, 4, 91.06)]
    rows = [
        one
        for one in rows
        if (one["dataset"], one["neuron"], one["depth"]) != ("cifar10", "lif", 38)
    ]
    figure = drawing("tableB1")(accuracies(rows))
    depth10, steps10, depth100, _ = figure.axes  # and nothing over width, which has one level
    assert points(depth100)["SNN"] == ["20: 20.5", "56: 56.5"]  # N/A in print
    assert points(depth10)["ANN"] == ["20: 91.06", "38: 38.5", "56: 56.5"]
    assert points(depth10)["SNN"] == ["20: 89.67", "38: nan", "56: 56.5"]
    assert points(steps10) == {"SNN": ["4: 89.67", "8: 90.44"]}
    across = [[float(y) for y in line.get_ydata()] for line in steps10.lines]
    assert [91.06, 91.06] in across  # the ANN, which has no time steps
