"""What a device gives a training step: measured by `harness doctor --measure`, or stated here.

A step takes max(FLOPs / rate, bytes / bandwidth) + launches · launch time: the roofline of Williams
et al. (Communications of the ACM 52, 2009), and what a framework spends on each operation.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.files import read_plain
from harness.measures.work import Work

MEASURED = "measured here"


@dataclass(frozen=True)
class Device:
    """One GPU, or one core of a CPU: FLOP/s in float32 and in 16 bits and bytes/s that training
    steps reach, and seconds of one operation of the framework.
    """

    label: str  # how the numbers are known: MEASURED, or "stated for H100 SXM"
    flops: float
    half_flops: float
    bandwidth: float
    launch: float

    @property
    def is_measured(self) -> bool:
        return self.label == MEASURED

    def seconds(self, work: Work, *, half: bool = False, cores: int = 1) -> float:
        """Of work in float32 or, with `half`, in 16 bits; operations are not shared by cores."""
        spent = self.limits(work, half=half, cores=cores)
        return max(spent["FLOPs"], spent["bytes"]) + spent["launches"]

    def limits(self, work: Work, *, half: bool = False, cores: int = 1) -> dict[str, float]:
        """Seconds that each of the three would take alone; the largest of them bounds the work."""
        return {
            "FLOPs": work.flops / (self.half_flops if half else self.flops) / cores,
            "bytes": work.bytes / self.bandwidth / cores,
            "launches": work.launches * self.launch,
        }

    def __str__(self) -> str:
        return (
            f"{self.label}: {self.flops / 1e9:,.0f} GFLOP/s ({self.half_flops / 1e9:,.0f} in 16 "
            f"bits), {self.bandwidth / 1e9:,.1f} GB/s, {self.launch * 1e6:.0f} µs an operation"
        )


def _gpu(name: str, tf32: float, half: float, terabytes: float) -> Device:
    """From dense tensor-core peaks in TFLOP/s and TB/s of NVIDIA's data sheets. Assumed: 40 % of
    the one and 80 % of the other are reached, and an eager operation with its autograd takes 10 µs.
    """
    rates = (0.4e12 * tf32, 0.4e12 * half, 0.8e12 * terabytes)
    return Device(f"stated for {name}", *rates, launch=10e-6)


GPUS: Mapping[str, Device] = {  # words of the name that the driver gives it → numbers; first match
    "H200": _gpu("H200", 494.7, 989.4, 4.8),
    "H100 PCIe": _gpu("H100 PCIe", 378.0, 756.0, 2.0),
    "H100": _gpu("H100 SXM", 494.7, 989.4, 3.35),
    "A100": _gpu("A100 80 GB", 156.0, 312.0, 2.0),
}
# Between an Intel Xeon (80 GFLOP/s, 4.6 GB/s and 82 µs fit its trainings of `smoke` within 1.25)
# and an AMD EPYC that took half as long for those of `quick` (golden/measured/).
CORE = Device("stated for a CPU core", 100e9, 160e9, 6e9, 80e-6)


def device_at(kind: str, name: str, measured: Mapping[str, Device]) -> Device:
    """The `cuda` or `cpu` device of this name: as measured, else as stated for its like; a GPU that
    is not in the table, or not there, is taken for an H100 SXM.
    """
    if name in measured:
        return measured[name]
    if kind == "cpu":
        return CORE
    return next((one for words, one in GPUS.items() if words in name), GPUS["H100"])


def read_measured(path: Path) -> dict[str, Device]:
    """What was measured, by the name of the device; nothing where there is no such file, or it is
    damaged: then the numbers are stated, which is said wherever they are shown.
    """
    try:
        found = json.loads(read_plain(path))
        devices = {name: Device(**numbers | {"label": MEASURED}) for name, numbers in found.items()}
        numbers = [value for one in devices.values() for value in list(asdict(one).values())[1:]]
        return devices if all(0 < value < math.inf for value in numbers) else {}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def dumped(measured: Mapping[str, Device]) -> bytes:
    """The content of such a file."""
    return json.dumps({name: asdict(one) for name, one in measured.items()}, indent=1).encode()
