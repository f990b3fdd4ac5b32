"""Work for a GPU that comes again and again: recorded once as a CUDA graph, then started as one.

A training step of a small network is hundreds of short kernels, and the host needs longer to start
them than the GPU to run them. A graph starts them all at once, with the same numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_log = logging.getLogger(__name__)
WARM_UP = 3  # calls, for real: kernels are compiled, tuned and given their workspaces
Work = Callable[..., Tensor]


class Recorder(Protocol):
    """What runs work where it can be recorded, and records it; the tests have one of their own."""

    def warm(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work, and give its result."""

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """What does the recorded work, and the tensor in which its result then stands; recording
        does none of it.
        """


class CudaGraphs:
    """CUDA graphs of one device. The work is run and recorded on a stream of its own, as torch
    wants it (https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture).
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def warm(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work, after what was started before and before what is started next."""
        current = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = work()
        current.wait_stream(self._stream)
        return result

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """As `Recorder`."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            result = work()
        return graph.replay, result


@dataclass(eq=False)
class _Shape:
    """Work on inputs of one shape."""

    inputs: tuple[Tensor, ...]  # which the recorded work reads
    calls: int = 0
    replay: Callable[[], None] | None = None
    result: Tensor | None = None


class Captured:
    """`work` of some tensors that gives a tensor, recorded for each shape of theirs after three
    calls. It must leave what else it reads and changes where it is, and never wait for the device.

    Where it cannot be recorded it is done as it stands from then on: `problem` says why, and so
    does the log; `recover` puts right what the attempt has left half done on the host.
    """

    def __init__(
        self, work: Work, recorder: Recorder, what: str, recover: Callable[[], None] = lambda: None
    ) -> None:
        self._work, self._recorder, self._what, self._recover = work, recorder, what, recover
        self._shapes: dict[tuple[torch.Size, ...], _Shape] = {}
        self.problem = ""

    def __call__(self, *given: Tensor) -> Tensor:
        """The result, which stands where it is until the next call."""
        if self.problem:
            return self._work(*given)
        key = tuple(one.shape for one in given)
        if key not in self._shapes:
            self._shapes[key] = _Shape(tuple(torch.empty_like(one) for one in given))
        shape = self._shapes[key]
        for own, new in zip(shape.inputs, given, strict=True):
            own.copy_(new, non_blocking=True)
        if shape.replay is None and shape.calls < WARM_UP:
            shape.calls += 1
            return self._recorder.warm(lambda: self._work(*shape.inputs))
        if shape.replay is None or shape.result is None:
            try:
                recorded = self._recorder.record(lambda: self._work(*shape.inputs))
            except Exception as error:  # whatever a kernel may do that cannot be recorded
                first = (str(error).strip() or type(error).__name__).splitlines()[0]
                self.problem = f"{self._what} could not be recorded as a CUDA graph: {first}"
                _log.warning("%s", self.problem)
                self._shapes.clear()
                self._recover()
                return self._work(*given)
            shape.replay, shape.result = recorded
        shape.replay()
        return shape.result
