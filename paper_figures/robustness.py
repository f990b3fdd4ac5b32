"""Accuracy and similarity under attack: Fig. 8, A.9."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.curves import legend, plate, trace
from paper_figures.select import at, curve, levels_of, points
from paper_figures.style import INK, MUTED, SMALL, canvas, quiet, ramp
from paper_figures.words import looks


def draw_robustness(frame: DataFrame) -> Figure:
    """Left the accuracies after attack; then CKA between clean and attacked images over layers,
    for the ANN and for the SNN."""
    networks = points(frame)
    similar = frame[frame["quantity"] == "attack_cka"]
    epsilons = sorted(levels_of(similar, "epsilon"), key=float)
    shown = networks if epsilons else []
    figure = canvas(4.8 + 3.8 * len(shown), 3.1)
    widths = [1.25, *(1.0 for _ in shown)]
    bars, *panels = figure.subplots(1, 1 + len(shown), width_ratios=widths, squeeze=False)[0]
    _accuracies(bars, frame[frame["quantity"] == "attack_accuracy"])
    for axes, levels, look in zip(panels, shown, looks(networks), strict=False):
        plate(axes)
        axes.set_title(f"Similarity of {look.label}", fontsize=SMALL, color=INK)
        for epsilon, colour in zip(epsilons, ramp(len(epsilons)), strict=True):
            found = curve(similar, levels | {"epsilon": epsilon}, "attack_cka")
            trace(axes, found, f"ε = {epsilon}", colour)
        legend(axes, "lower left")
    return figure


def _accuracies(axes: Axes, accuracies: DataFrame) -> None:
    quiet(axes)
    networks = points(accuracies)
    epsilons = sorted(levels_of(accuracies, "epsilon"), key=float)
    names = " and ".join(look.label for look in looks(networks))
    axes.set_title(f"Robustness of {names}", fontsize=SMALL, color=INK)
    wide = 0.76 / max(1, len(networks))
    for number, (levels, look) in enumerate(zip(networks, looks(networks), strict=True)):
        found = at(accuracies, levels).set_index("epsilon").reindex(epsilons)
        measured = found["value"].to_numpy(dtype=float)
        places = [
            place + (number - (len(networks) - 1) / 2) * wide for place in range(len(epsilons))
        ]
        drawn = axes.bar(places, np.nan_to_num(measured), wide, label=look.label, color=look.colour)
        said = ["–" if np.isnan(value) else f"{value:.2f}" for value in measured]
        axes.bar_label(drawn, said, fontsize=SMALL - 3, color=MUTED, padding=1)
    axes.set_xticks(range(len(epsilons)), epsilons)
    axes.set_xlabel("ε", fontsize=SMALL, color=INK)
    axes.set_ylabel("Accuracy, %", fontsize=SMALL, color=INK)
    axes.set_ylim(top=1.14 * axes.get_ylim()[1])  # room for the legend above the bars
    legend(axes, "upper right", columns=2)
