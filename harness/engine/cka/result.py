"""What a comparison gives: a map or a curve of CKA, to be drawn or taken as a frame.

Legend: L = layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from harness.engine.cka.hsic import Estimator
from harness.engine.cka.intervals import LEVEL, interval
from harness.errors import HarnessError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

_NAMED = 30  # layers of an axis whose names can be read


@dataclass(frozen=True)
class CkaMap:
    """CKA of each layer of one network with each layer of another (paper Fig. 2)."""

    values: Tensor  # [L_y, L_x] float64 on the CPU, NaN where undefined
    names_y: tuple[str, ...]
    names_x: tuple[str, ...]
    reasons: Mapping[tuple[int, int], str]  # why a value is NaN, for each that is
    images: int
    minibatches: int
    estimator: Estimator
    axes: tuple[str, str] = ("layer", "layer")  # of what y and x are, as a drawing says it
    also: Mapping[str, CkaMap] = field(default_factory=dict)  # other estimates of the same sweep
    se: Tensor | None = None  # standard errors over images, as `values`; of the unbiased one only

    def interval(self, level: float = LEVEL) -> tuple[Tensor, Tensor]:
        """Where each value lies over images, for these two networks, in `level` of all sets of
        images: low and high, NaN where a value is, and everywhere after a minibatch of fewer than 5
        images. It says nothing of other seeds. Raises HarnessError for another estimator.
        """
        return _interval(self, level)

    def to_frame(self) -> DataFrame:
        """[L_y, L_x] with the names of the layers, the first network down, the second across."""
        from pandas import DataFrame

        return DataFrame(self.values.numpy(), index=[*self.names_y], columns=[*self.names_x])

    def plot(self, axes: Axes | None = None) -> Axes:
        """The map as the figures of the reports show it, the first network up, the second across,
        from the lower left, each with its name; in a figure of its own unless `axes` is given.
        """
        from matplotlib.pyplot import subplots

        from paper_figures.heatmap import heatmap, scale  # drawn at the end, imported at the end

        drawn = subplots(layout="constrained")[1] if axes is None else axes
        heatmap(drawn, self.values.numpy(), x=self.axes[1], y=self.axes[0])
        for axis, names in ((drawn.xaxis, self.names_x), (drawn.yaxis, self.names_y)):
            if len(names) <= _NAMED:
                axis.set_ticks(range(len(names)), names)
        drawn.tick_params(axis="x", rotation=90)
        scale(drawn.figure, [drawn])
        return drawn


@dataclass(frozen=True)
class CkaCurve:
    """One CKA per layer, such as clean against attacked images (paper Fig. 8)."""

    values: Tensor  # [L] float64 on the CPU, NaN where undefined
    names: tuple[str, ...]
    reasons: Mapping[int, str]
    images: int
    minibatches: int
    estimator: Estimator
    se: Tensor | None = None  # as that of `CkaMap`

    def interval(self, level: float = LEVEL) -> tuple[Tensor, Tensor]:
        """As that of `CkaMap`, [L] each."""
        return _interval(self, level)

    def to_frame(self) -> DataFrame:
        """[L, 1]: a column `cka`, indexed by the names of the layers."""
        from pandas import DataFrame

        return DataFrame({"cka": self.values.numpy()}, index=[*self.names])


def _interval(of: CkaMap | CkaCurve, level: float) -> tuple[Tensor, Tensor]:
    if of.se is None:
        said = f"is known of the unbiased estimator only (this is {of.estimator!r})"
        raise HarnessError("CKA interval", said, hint="estimator = 'unbiased'")
    return interval(of.values, of.se, level)
