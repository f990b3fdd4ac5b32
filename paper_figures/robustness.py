"""Accuracy and similarity under attack: Fig. 8, A.9."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import legend, plate, trace
from paper_figures.select import at, curve
from paper_figures.style import ANN, INK, MUTED, SMALL, SNN, canvas, quiet, ramp

EPSILON = ("0", "0.001", "0.005", "0.01", "0.02", "0.05")
NETWORKS = {"relu": ("ANN", ANN), "lif": ("SNN", SNN)}
BAR = 0.38


def draw_robustness(frame: DataFrame) -> Figure:
    """Left the accuracies after attack; then CKA between clean and attacked images over layers,
    for the ANN and for the SNN."""
    figure = canvas(12.4, 3.1)
    bars, *panels = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    _accuracies(bars, frame[frame["quantity"] == "attack_accuracy"])
    for axes, (neuron, (name, _)) in zip(panels, NETWORKS.items(), strict=True):
        plate(axes)
        axes.set_title(f"Similarity of {name}", fontsize=SMALL, color=INK)
        for epsilon, colour in zip(EPSILON[1:], ramp(len(EPSILON) - 1), strict=True):
            found = curve(frame, {"neuron": neuron, "epsilon": epsilon}, "attack_cka")
            trace(axes, found, f"ε = {epsilon}", colour)
        legend(axes, "lower left")
    return figure


def _accuracies(axes: Axes, accuracies: DataFrame) -> None:
    quiet(axes)
    axes.set_title("Robustness of ANN and SNN", fontsize=SMALL, color=INK)
    for number, (neuron, (name, colour)) in enumerate(NETWORKS.items()):
        found = at(accuracies, {"neuron": neuron}).set_index("epsilon").reindex(list(EPSILON))
        measured = found["value"].to_numpy(dtype=float)
        places = [place + (number - 0.5) * BAR for place in range(len(EPSILON))]
        drawn = axes.bar(places, np.nan_to_num(measured), BAR, label=name, color=colour)
        said = ["–" if np.isnan(value) else f"{value:.2f}" for value in measured]
        axes.bar_label(drawn, said, fontsize=SMALL - 3, color=MUTED, padding=1)
    axes.set_xticks(range(len(EPSILON)), EPSILON)
    axes.set_xlabel("ε", fontsize=SMALL, color=INK)
    axes.set_ylabel("Accuracy, %", fontsize=SMALL, color=INK)
    axes.set_ylim(top=1.14 * axes.get_ylim()[1])  # room for the legend above the bars
    legend(axes, "upper right", columns=2)
