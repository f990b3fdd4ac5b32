"""Linear probes: how well a linear classifier reads the classes off a layer (Fig. A.6)."""

from harness.engine.probes.features import Features
from harness.engine.probes.probe import ProbeAccuracy, block_names, linear_probe, probe_blocks

__all__ = [
    "Features",
    "ProbeAccuracy",
    "block_names",
    "linear_probe",
    "probe_blocks",
]
