"""Other measures of similarity than CKA, of some layers of two networks: cka.json and
cka.safetensors, a map for each measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Run, Side, Training
from harness.measures.cka import LayerMaps
from harness.measures.reading import CKA, SIMILARITY
from harness.measures.work import Work, grams, size_of_training
from harness.parts.base import LayerName
from harness.parts.measurement import Cka

UNITS: Mapping[str, str] = {
    "rbf": CKA,
    "first-removed": CKA,
    "largest-removed": CKA,
    "rsa": SIMILARITY,
    "mutual-knn": SIMILARITY,
    "procrustes": SIMILARITY,
}
SHARE = 1 / 8  # of the layers of a residual network that are outputs of blocks


class SimilarityRun(Run, kind="similarity", code="harness.runs.similarity:run"):
    """Some layers of two trained networks, by CKA and all other measures."""

    x: Training
    y: Training
    cka: Cka
    layers: tuple[LayerName, ...]
    neighbours: int
    sigma: float
    removed: float

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Gram matrices of a share of the layers, and for each pair two products and eigenvalues,
        4 m³ and 4/3 m³ (Golub and Van Loan, Matrix Computations, 8.3).
        """
        sides = [size_of_training(spec[name]) for name in ("x", "y")]
        images, batch = spec["cka"]["images"], spec["cka"]["batch"]
        pairs = sides[0].compared * sides[1].compared * SHARE**2
        values = Work(16 / 3 * images * batch**2 * pairs)
        return sum((grams(side, spec["cka"], SHARE) for side in sides), values)


class Similarities(LayerMaps):
    """Layers of two networks by other measures than CKA, from the same sweep. Their maps are called
    `<map>-rbf`, `-first-removed`, `-largest-removed`, `-rsa`, `-mutual-knn` and `-procrustes`; that
    of unbiased CKA is `<map>`.
    """

    kind: Literal["similarity"]
    y: Side = Field(description="the other network")
    layers: tuple[LayerName, ...] = Field(
        default=("blocks",),
        min_length=1,
        description="layers, or the groups `blocks`, `convolutions`, `activations`",
    )
    neighbours: int = Field(default=10, ge=1, le=1000, description="k of mutual-knn")
    sigma: float = Field(default=0.4, gt=0, description="of rbf, as a share of the median distance")
    removed: float = Field(
        default=0.05, gt=0, lt=0.5, description="share of the images that largest-removed lacks"
    )
    makes = SimilarityRun
    held = ("mean", "diagonal_mean")

    @property
    def units(self) -> Mapping[str, str]:
        """Those of unbiased CKA of another kernel, and others."""
        return UNITS

    def label(self, run: SimilarityRun) -> str:
        """`similarity of … and …, blocks`."""
        return f"similarity of {run.x.label} and {run.y.label}, {'+'.join(run.layers)}"
