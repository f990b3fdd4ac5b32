"""Linear probes: how well a linear classifier reads the classes off a layer (Fig. A.6)."""

from __future__ import annotations

from harness.engine.probes.blocks import block_names, probe_blocks
from harness.engine.probes.probe import (
    ProbeAccuracy,
    RidgeProbe,
    SgdProbe,
    SgdSchedule,
    linear_probe,
)

__all__ = [
    "ProbeAccuracy",
    "RidgeProbe",
    "SgdProbe",
    "SgdSchedule",
    "block_names",
    "linear_probe",
    "probe_blocks",
]
