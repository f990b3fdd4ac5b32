"""Which of a layer's time steps are its features: all of them, their mean, or one.

Legend: T = time steps at that layer, M = images of the minibatch.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor

from harness.errors import HarnessError

CONCATENATED = "concatenated"
OverTime = Callable[[Tensor], Tensor]
"""Features [T, M, …] to those that are compared, [T', M, …], whose steps are concatenated."""


def over_time(time: str) -> OverTime:
    """`concatenated` takes all steps, `rate` their mean, `step-3` the third alone.

    The mean is one step, and so one Gram matrix. A layer of one step, as all of an artificial
    network are, has that one at every step. HarnessError for another word, and where a layer has
    fewer steps, but more than one.
    """
    if time == CONCATENATED:
        return lambda features_TM: features_TM
    if time == "rate":
        return _mean
    found = re.fullmatch(r"step-([1-9][0-9]*)", time)
    if found is None:
        hint = "'concatenated', 'rate', or a step as 'step-1'"
        raise HarnessError("CKA time", f"there is no {time!r}", hint=hint)
    step = int(found[1])

    def one(features_TM: Tensor) -> Tensor:
        steps = len(features_TM)
        if steps > 1 and step > steps:
            raise HarnessError("CKA time", f"there is no step {step} in a layer of {steps}")
        return features_TM[:1] if steps == 1 else features_TM[step - 1 : step]

    return one


def _mean(features_TM: Tensor) -> Tensor:
    wide = torch.promote_types(features_TM.dtype, torch.float32)
    return features_TM.mean(0, keepdim=True, dtype=wide)
