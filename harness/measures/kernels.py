"""Orientations of filters, and the filters as pictures: kernels.json and kernels.safetensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import OfWeights, Pretrained, Run, Training
from harness.measures.reading import Map, Reading, defined, picture, sheet
from harness.measures.work import Work, size_of_training
from harness.parts.base import Name

MEANS = ("coherence_mean", "concentration_mean", "oriented_share")
OF_EACH = ("orientation", "frequency", "coherence", "concentration")
UNITS = {"orientation": "degrees, 90 vertical", "frequency": "cycles per pixel"}
SHARE = "0 … 1"
ORIENTED = 0.5  # coherence above it: more of one orientation than of all others
NO_CONTRAST = "the filter has no contrast"
Tiles = Literal["rgb", "triples"]


class KernelsRun(Run, kind="kernels", code="harness.runs.kernels:run"):
    """The kernels of one convolution."""

    x: Training | Pretrained
    layer: Name
    tiles: Tiles
    seed: int = Field(ge=0, description="of the shuffled kernels that they are compared with")

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Weights drawn and read: about ten times four bytes each."""
        size = size_of_training(spec["x"], 224)
        return Work(bytes=40 * size.weights, launches=size.calls)


class Kernels(OfWeights):
    """The kernels of a convolution, and how far they are oriented filters (lab Fig. 4 and 5)."""

    kind: Literal["kernels"]
    layer: Name
    tiles: Tiles = Field(
        description="kernels on colours, or the three strongest of more channels as colours"
    )
    index = ("pixels", "kernel")
    makes = KernelsRun
    file, arrays = "kernels.json", "kernels.safetensors"
    quantities = (*OF_EACH, *MEANS, "source", "listed")
    fine = OF_EACH
    held = MEANS

    def label(self, run: KernelsRun) -> str:
        """`kernels of features.0, …`."""
        return f"kernels of {run.layer}, {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """The statistics of each filter, of its pixels as `trained` and `shuffled`, and their
        means.
        """
        for pixels, rows in content["filters"].items():
            for quantity in OF_EACH:
                for place, row in enumerate(rows):
                    at = {"pixels": str(pixels), "kernel": str(place)}
                    unit = UNITS.get(quantity, SHARE)
                    yield defined(quantity, unit, row[quantity], NO_CONTRAST, at)
        for pixels, rows in content["filters"].items():
            level = {"pixels": str(pixels)}
            for quantity in ("coherence", "concentration"):
                found = [row[quantity] for row in rows if row[quantity] is not None]
                mean = fmean(found) if found else None
                yield defined(f"{quantity}_mean", SHARE, mean, NO_CONTRAST, level)
            known = [row["coherence"] for row in rows if row["coherence"] is not None]
            share = fmean(value > ORIENTED for value in known) if known else None
            yield defined("oriented_share", "share of the filters", share, NO_CONTRAST, level)
        yield Reading("source", "", text=str(content["source"]))
        yield Reading("listed", "", text=", ".join(map(str, content["listed"])) or "none")

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """All filters as one picture; where they have many channels, those of a few, in grey."""
        yield from picture("kernels", content["arrays"]["kernels"])
        if "channels" in content["arrays"]:
            yield sheet("image-channels", content["arrays"]["channels"][0])
