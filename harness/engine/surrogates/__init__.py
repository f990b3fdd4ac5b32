"""Surrogate gradients: what stands in for the derivative of the spike's step function in the
backward pass.

A new surrogate is one frozen dataclass in a file here and one line in `registry.SURROGATES`. The
area under it decides whether gradients grow (above 1) or fade on the way back through a deep
network: 2 for the rectangle of eq. 3, 1 for all others.
"""

from __future__ import annotations

from harness.engine.surrogates.arctan import Arctan
from harness.engine.surrogates.dspike import Dspike
from harness.engine.surrogates.protocol import Surrogate
from harness.engine.surrogates.rectangle import Rectangle
from harness.engine.surrogates.registry import SURROGATES, surrogate_by_name
from harness.engine.surrogates.sigmoid import Sigmoid
from harness.engine.surrogates.triangle import Triangle

__all__ = [
    "SURROGATES",
    "Arctan",
    "Dspike",
    "Rectangle",
    "Sigmoid",
    "Surrogate",
    "Triangle",
    "surrogate_by_name",
]
