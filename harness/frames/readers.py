"""Measure → which stored file holds its numbers and how it is read. A new measure is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.frames import accuracy, architecture
from harness.frames.columns import Reading


@dataclass(frozen=True)
class Reader:
    """`file` of the node, and file → readings."""

    file: str
    read: Callable[[Any, Mapping[str, Any]], Iterable[Reading]]


READERS: Mapping[str, Reader] = {
    "accuracy": Reader("metrics.json", accuracy.read),
    "architecture": Reader("architecture.json", architecture.read),
}
