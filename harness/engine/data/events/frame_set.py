"""A labelled set of recordings as frames: what a network is trained on.

Legend: M = recordings of a split, T = frames, H, W = rows and columns of pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from harness.engine.data.events.frames import POLARITIES
from harness.engine.data.labelled import LabelledSet, described
from harness.errors import HarnessError


@dataclass(frozen=True, eq=False, slots=True)
class FrameSet(LabelledSet):
    """Train and test recordings as frames with labels: counts of events, int16 [M, T, 2, H, W], OFF
    before ON. `skipped` says how many records of the files were left out, by reason.
    """

    skipped: Mapping[str, int] = field(default_factory=dict)

    items: ClassVar[str] = "frames"

    def _refuse_other(self, where: str, images: Tensor) -> None:
        if images.dtype != torch.int16 or images.ndim != 5 or images.shape[2] != POLARITIES:
            said = f"frames must be int16 [M, T, 2, H, W], got {described(images)}"
            raise HarnessError(where, said)
