"""Which recordings are for testing: CIFAR10-DVS and N-Caltech101 have no official split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from harness.engine.randomness import stream
from harness.errors import HarnessError

How = Literal["last", "random"]


def held_out(labels: Sequence[int], *, share: float, how: How, seed: int = 0) -> NDArray[np.bool_]:
    """For each recording whether it is for testing, bool [R].

    Of every class with n recordings round(share·n) are, at least one, at most n − 1: the "last" of
    the class, as SpikingJelly splits, or a "random" choice that `seed` and the class decide alone.
    The choice changes the accuracy: recordings with neighbouring numbers were made under the same
    conditions. Raises HarnessError for a share outside 0 … 1 and a class of a single recording.
    """
    if not 0 < share < 1:
        raise HarnessError("event split", f"the share must lie between 0 and 1 (got {share})")
    if how not in ("last", "random"):
        raise HarnessError("event split", f"'last' or 'random' (got {how!r})")
    wanted = np.zeros(len(labels), np.bool_)
    all_labels = np.asarray(labels)
    for label in np.unique(all_labels):
        members = np.flatnonzero(all_labels == label)
        if len(members) < 2:
            raise HarnessError("event split", f"class {label} has a single recording")
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        if how == "random":
            draw = stream(seed, "event split", int(label))
            members = members[torch.randperm(len(members), generator=draw).numpy()]
        wanted[members[-count:]] = True
    return wanted
