"""What the page draws itself: maps, curves and plans, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MapsView:
    """The maps of an exhibit: `described` is what the script reads, `packed` its cells by name."""

    name: str
    n: int
    described: Mapping[str, Any]
    packed: Mapping[str, str]
    rounding: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in units of the view box, and what stands there."""

    at: str
    text: str


@dataclass(frozen=True)
class Series:
    """A curve; `tone` picks colour and dashes, `path` is in units of the view box."""

    tone: str
    word: str
    path: str
    dots: tuple[tuple[str, str], ...]  # points with no neighbour to be joined to


@dataclass(frozen=True)
class Chart:
    """Curves over one axis; `described` holds names and values for who points at them."""

    name: str
    title: str
    x: str
    unit: str
    ticks_x: tuple[Tick, ...]
    ticks_y: tuple[Tick, ...]
    series: tuple[Series, ...]
    said: str
    described: Mapping[str, Any]


@dataclass(frozen=True)
class GraphNode:
    """A run of the plan in its column; `state` is stored, absent or failed."""

    x: str
    y: str
    label_x: str
    label: str
    state: str


@dataclass(frozen=True)
class PlanGraph:
    """What an exhibit rests on: trainings at the left, what measures them, the exhibit."""

    width: str
    height: str
    nodes: tuple[GraphNode, ...]
    edges: str
    said: str


@dataclass(frozen=True)
class Line:
    """A curve of a panel; `tone` picks its colour, `dots` are the points of its best epochs."""

    tone: str
    points: str
    is_faint: bool
    dots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Panel:
    """One small plot of learning curves, in units of its view box."""

    title: str
    said: str
    lines: tuple[Line, ...]
    last_epoch: str


@dataclass(frozen=True)
class Curves:
    """The learning curves of an exhibit."""

    panels: tuple[Panel, ...]
    legend: tuple[tuple[str, str], ...]  # tone, word
