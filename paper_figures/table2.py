"""Table 2 as a figure: accuracy over depth with and without residual connections."""

from __future__ import annotations

from matplotlib.figure import Figure
from pandas import DataFrame

from paper_figures.series import Look, legend, levels_of, line, panel
from paper_figures.style import ANN, INK, NORMAL, SNN

TITLES = {"full": "With residual connections", "none": "Without residual connections"}
SERIES = {"relu": Look("ANN", ANN, "o"), "lif": Look("SNN", SNN, "s", "--")}


def draw(frame: DataFrame) -> Figure:
    """Both panels share their scale; error bars are one standard deviation over seeds."""
    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    both = figure.subplots(1, 2, sharey=True)
    accuracy = frame[frame["quantity"] == "accuracy"]
    levels = levels_of(accuracy, "depth")
    for axes, (residual, title) in zip(both, TITLES.items(), strict=True):
        panel(axes, title, "depth", levels, is_log=False)
        axes.set_xlabel("depth", color=INK, fontsize=NORMAL)
        here = accuracy[accuracy["residual"] == residual]
        for neuron, look in SERIES.items():
            line(axes, here[here["neuron"] == neuron], "depth", levels, look)
    both[0].set_ylim(0, 100)
    both[0].set_ylabel("accuracy, %", color=INK, fontsize=NORMAL)
    legend(both[0], "lower left")
    return figure
