"""Levels as a reader meets them, and how a series is told apart in colour and in grey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.figure import Figure, FigureBase
from pandas import DataFrame

from paper_figures.select import Levels, at, points, told_apart
from paper_figures.style import ANN, FINE, FIRST, GAP, INK, LAST, SMALL, SNN, parts

FAMILIES = {"resnet": "ResNet", "vgg": "VGG"}
_SETS = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "cifar10-dvs": "CIFAR10-DVS",
    "n-caltech101": "N-Caltech101",
}
_WORDS: Mapping[tuple[str, str], str] = {
    ("neuron", "relu"): "ANN",
    ("neuron", "lif"): "SNN",
    ("stages_without_shortcut", "no-stage"): "with residual connections",
    ("stages_without_shortcut", "stage-1-2-3"): "without residual connections",
    ("one_step_stages", "no-stage"): "all time steps in each stage",
    ("one_step_stages", "stage-1"): "one time step in the first stage",
    ("one_step_stages", "stage-2"): "one time step in the second stage",
    ("one_step_stages", "stage-3"): "one time step in the last stage",
} | {("dataset", name): said for name, said in _SETS.items()}


@dataclass(frozen=True)
class Look:
    """How a series is told apart, in colour and in grey."""

    label: str
    colour: str
    marker: str
    dashes: str = "-"


_NEURONS = {"relu": (ANN, "o", "-"), "lif": (SNN, "s", "--"), "": (GAP, "D", ":")}
_OTHERS = ((SNN, "s", "-"), (FIRST, "o", "--"), (LAST, "D", ":"), (ANN, "^", "-."), (GAP, "v", "-"))


def word(axis: str, level: Any) -> str:
    """`ANN`, `depth 20`, `×2`, `T = 4`, `CIFAR-10`, `neuron.threshold 0.5`."""
    if "." in axis:
        return f"{axis} {level}"
    if axis == "width":
        return f"×{level}"
    if axis == "time_steps":
        return f"T = {level}"
    if axis == "depth":
        return f"depth {level}"
    before, is_list, stages = str(level).partition("stage-")
    said = _WORDS.get((axis, str(level)), str(level))
    if (
        axis in ("stages_without_shortcut", "one_step_stages")
        and is_list
        and said == level
        and not before
    ):
        what = (
            "without residual connections" if axis == "stages_without_shortcut" else "one time step"
        )
        return f"{what} in stage {stages.replace('-', ' and ')}"
    return said


def words(levels: Levels, axes: Sequence[str]) -> str:
    """Those of some axes, one after the other."""
    return ", ".join(word(axis, levels[axis]) for axis in axes if axis in levels)


def kind(levels: Levels) -> str:
    """`Artificial`, `Spiking` or `Spiking (lif-text)`; spiking where no neuron is said."""
    name = str(levels.get("neuron", "lif"))
    said = "Artificial" if name.startswith("relu") else "Spiking"
    return said if name in ("relu", "lif") else f"{said} ({name})"


def network(levels: Levels) -> str:
    """`ResNet-20 ×4`: family, depth and, above 1, width; and fields that are axes by their path."""
    said = str(levels.get("network", "network"))
    family = FAMILIES.get(said.partition("-")[0], said)
    depth = f"-{levels['depth']}" if "depth" in levels else ""
    name = f"{family}{depth}" + (f" ×{levels['width']}" if levels.get("width", 1) != 1 else "")
    return "\n".join([name, *(word(axis, level) for axis, level in levels.items() if "." in axis)])


def looks(among: Sequence[Levels]) -> list[Look]:
    """A look for each of these points. Where neurons differ, each has its own colour; else the
    order in which they come decides, and what is of no neuron, as a gap, is grey at first.
    """
    axes = told_apart(among)
    foreign = [name for name in dict.fromkeys(map(_neuron, among)) if name not in _NEURONS]
    seen: dict[str, int] = {}
    found = []
    for levels in among:
        neuron = _neuron(levels)
        turn = seen[neuron] = seen.get(neuron, -1) + 1
        own = _NEURONS.get(neuron) or _OTHERS[(1 + foreign.index(neuron)) % len(_OTHERS)]
        again, place = divmod(turn, len(_OTHERS))
        other = (_OTHERS[place][0], *_OTHERS[(place + again) % len(_OTHERS)][1:])
        if "neuron" in axes:
            colour, marker, dashes = (
                own if turn == 0 else (own[0], *_OTHERS[-turn % len(_OTHERS)][1:])
            )
        else:
            colour, marker, dashes = own if len(among) == 1 else other
        said = words(levels, axes) or word("neuron", neuron)
        found.append(Look(said, colour, marker, dashes))
    return found


def _neuron(levels: Levels) -> str:
    return str(levels.get("neuron", ""))


def stacked(
    frame: DataFrame,
    maps: DataFrame,
    size: tuple[float, float],
    draw: Callable[[FigureBase, DataFrame, DataFrame, Levels], None],
    axes: Sequence[str] | None = None,
    layout: Literal["constrained"] | None = "constrained",
) -> Figure:
    """What shows a single point of the grid, one below the other where a frame has several."""
    shown = points(frame, axes)
    width, height = size
    figure = Figure(figsize=(width, height * len(shown)), dpi=FINE, layout=layout)
    if len(shown) == 1:
        draw(figure, frame, maps, shown[0])
        return figure
    for part, levels in zip(parts(figure, len(shown), 1), shown, strict=True):
        draw(part, at(frame, levels), at(maps, levels), levels)
        part.supylabel(words(levels, told_apart(shown)), fontsize=SMALL, color=INK)
    return figure
