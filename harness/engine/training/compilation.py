"""torch.compile where it is asked for and works; where it does not, plain execution and the reason.

An early trial on 2 cores gave 1.49 x SpikingJelly after a minute of compiling, less than the fused
CPU kernels; it is there for networks and devices without them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor, nn

_log = logging.getLogger(__name__)

Forward = Callable[[Tensor], Tensor]


class Compiled:
    """The forward pass of a network, compiled at its first call; `problem` says why it is not."""

    def __init__(self, network: nn.Module) -> None:
        self._plain: Forward = network
        self._compiled: Forward | None = torch.compile(network)
        self.problem = ""

    def __call__(self, images: Tensor) -> Tensor:
        """Logits; the first call that cannot be compiled is the last that is tried."""
        if self._compiled is not None:
            try:
                return self._compiled(images)
            except Exception as error:  # whatever a compiler may raise; the plain pass decides
                self._compiled = None
                first = (str(error).strip() or type(error).__name__).splitlines()[0]
                self.problem = f"torch.compile failed, trained without it: {first}"
                _log.warning("%s", self.problem)
        return self._plain(images)
