"""Leaky integrate-and-fire neurons over all time steps of a layer."""

from harness.engine.lif.layer import lif
from harness.engine.lif.reference import LifStep, lif_step

__all__ = ["LifStep", "lif", "lif_step"]
