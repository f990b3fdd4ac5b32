"""Linear regression between the activations of two networks (lab section 4.1, Fig. 1)."""

from __future__ import annotations

from harness.engine.regression.linear_map import LinearMap
from harness.engine.regression.moments import Moments, moments_bytes
from harness.engine.regression.ridge import MEMORY_LIMIT, ridge, ridge_of

__all__ = ["MEMORY_LIMIT", "LinearMap", "Moments", "moments_bytes", "ridge", "ridge_of"]
