"""Ctrl-C and SIGTERM as one exception, raised once, whatever the process was doing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM arrived; workers are ended, checkpoints stay.

    No `Exception`, as `KeyboardInterrupt` is none: nothing may take it for a fault of a run.
    """


class Stop:
    """The first of these signals since `listen`, kept until somebody asks: for code that must not
    be left in the middle, as a library that calls back from C.
    """

    def __init__(self) -> None:
        self._name = ""

    def listen(self) -> None:
        """Take the signals, also from a library that has put handlers of its own."""
        _take(self._keep)

    def check(self) -> None:
        """Raise `Interrupted` if one has come."""
        if self._name:
            raise Interrupted(self._name)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        self._name = self._name or signal.Signals(number).name


@contextmanager
def stoppable() -> Iterator[Stop]:
    """SIGINT and SIGTERM are kept meanwhile, and what was there before comes back."""
    before = {one: signal.getsignal(one) for one in STOPS}
    stop = Stop()
    stop.listen()
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise `Interrupted` in this process meanwhile."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        _take(signal.SIG_IGN)  # a second one must not cut the ending short
        raise Interrupted(signal.Signals(number).name)

    with stoppable():
        _take(interrupt)
        yield


def _take(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for one in STOPS:
        signal.signal(one, handler)
