"""A map as text: rounded, predicted from its neighbours, deflated, base64.

Rounded to 0.001, neighbouring cells of a map of similarity differ by little, and what is left over
after each cell is predicted from those left of it and below it takes less than a byte. The script
of the page (`unpack.js`) goes the way back; its steps stand in `pack`, in this order.
"""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from dataclasses import dataclass

import numpy as np

from harness.frames.maps import Floats

FINEST = 3  # digits after the point
STEPS = 60_000  # at most, between the least and the greatest value of a map
UNDEFINED = 0xFFFF


@dataclass(frozen=True)
class Packed:
    """`text` holds counts: value = `low` + count · `step`, off by at most half a step."""

    text: str
    low: float
    step: float

    @property
    def name(self) -> str:
        """Equal maps have equal names, so that a page holds each once."""
        return "m" + hashlib.sha256(self.text.encode()).hexdigest()[:16]


def pack(matrix: Floats) -> Packed:
    """[rows, columns], NaN where undefined → counts of a power of ten from a round number on."""
    defined = matrix[np.isfinite(matrix)]
    least, greatest = (defined.min(), defined.max()) if defined.size else (0.0, 0.0)
    digits = _digits(float(greatest - least))
    first = math.floor(round(least * 10.0**digits, 6))
    counts = np.full(matrix.shape, UNDEFINED, dtype=np.int64)
    counts[np.isfinite(matrix)] = np.rint(defined * 10.0**digits).astype(np.int64) - first
    left_over = np.diff(np.diff(counts, axis=1, prepend=0), axis=0, prepend=0)
    signed = left_over.astype(np.int16).astype(np.int64)  # modulo 2¹⁶
    folded = ((signed << 1) ^ (signed >> 63)).astype("<u2")  # 0, −1, 1, −2 … → 0, 1, 2, 3 …
    planes = folded.view(np.uint8).reshape(-1, 2).T.tobytes()  # all low bytes, then all high ones
    text = base64.b64encode(zlib.compress(planes, 9)).decode()
    return Packed(text, _decimal(first, digits), _decimal(1, digits))


def _digits(span: float) -> int:
    """Digits after the point, negative for whole tens, that give a span at most `STEPS` steps."""
    return min(FINEST, -math.ceil(math.log10(span / STEPS))) if span > 0 else FINEST


def _decimal(count: int, digits: int) -> float:
    """count · 10⁻ᵈⁱᵍⁱᵗˢ, as the number that is written so."""
    return float(f"{count}e{-digits}")
