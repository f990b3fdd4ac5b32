"""CKA of two networks that do not see the same image: cka.json and cka.safetensors, calibrated maps
and what share of them is more than chance, or more than classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field

from harness.measures.base import Run, Side, Training
from harness.measures.cka import SHARE, CkaRun, LayerMaps
from harness.measures.reading import CKA, NOTHING_DEFINED, Reading, defined
from harness.measures.work import Work, size_of_training
from harness.parts.measurement import Cka

Null = Literal["class", "chance"]
NULLS: tuple[Null, ...] = get_args(Null)
MAPS = ("beyond-class", "beyond-chance", "same-class")


class CkaNullRun(Run, kind="cka_null", code="harness.runs.cka_null:run"):
    """CKA of all layers of two trained networks, and of the same with the images of x permuted."""

    x: Training
    y: Training
    cka: Cka
    permutations: int
    level: float

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """What CKA takes, and a product of each pair of layers for each permutation of a null."""
        pairs = size_of_training(spec["x"]).compared * size_of_training(spec["y"]).compared
        images, batch = spec["cka"]["images"], spec["cka"]["batch"]
        permuted = Work(images * batch * pairs * spec["permutations"] * len(NULLS))
        return CkaRun.work(spec) + permuted

    @classmethod
    def disk_bytes(cls, spec: Mapping[str, Any]) -> int:
        """The maps at 8 bytes a cell, and the names of their layers."""
        x, y = (size_of_training(spec[name]).compared for name in ("x", "y"))
        return 8 * x * y * (1 + 4 * len(NULLS)) + 80_000


class CkaNull(LayerMaps):
    """CKA beyond what two networks have that see the same class, but not the same image, or just
    the same data set: maps `<map>-beyond-class` and `<map>-beyond-chance`, 0 up to what
    permutations of the images of x exceed by a chance of `level`. That of the first is the map
    `<map>-same-class`.
    """

    kind: Literal["cka_null"]
    y: Side = Field(description="the other network, whose images stay in their places")
    permutations: int = Field(default=199, ge=19, le=99_999, description="of each minibatch")
    level: float = Field(default=0.05, gt=0, lt=1, description="α: what chance may exceed")
    makes = CkaNullRun
    quantities: ClassVar[tuple[str, ...]] = (
        *LayerMaps.quantities,
        "share_significant",
        "share_familywise",
    )
    held = ("mean", "diagonal_mean")

    @property
    def units(self) -> Mapping[str, str]:
        """CKA all of them."""
        return dict.fromkeys(MAPS, CKA)

    def label(self, run: CkaNullRun) -> str:
        """`CKA of … and … beside 199 permutations`."""
        return f"CKA of {run.x.label} and {run.y.label} beside {run.permutations} permutations"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Also the share of the cells with p ≤ α, by themselves and as the largest of all cells."""
        yield from super().read(content)
        for null in NULLS:
            level = {"map": f"{self.map}-beyond-{null}"}
            for name, what in (("significant", "p"), ("familywise", "familywise")):
                p = content["arrays"][f"{what}-{null}"]
                known = p[p == p]
                share = float((known <= self.level).mean()) if known.size else None
                yield defined(f"share_{name}", SHARE, share, NOTHING_DEFINED, level)
