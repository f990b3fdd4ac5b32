"""Ctrl-C, SIGTERM and the end of the time that was given as one exception, raised once, whatever
the process was doing.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)
LEAVING_S = 1.0  # what writing a last checkpoint and leaving may take
UNEVEN = 1.25  # by which an epoch may last longer than the one before


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM arrived; workers are ended, checkpoints stay.

    No `Exception`, as `KeyboardInterrupt` is none: nothing may take it for a fault of a run.
    """


class Pace:
    """Whether the next epoch still fits into so many seconds from now on; None: always."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds - LEAVING_S
        self._last: float | None = None

    @property
    def left(self) -> float | None:
        """Seconds until this process must be on its way out."""
        return None if self._end is None else max(0.01, self._end - time.monotonic())

    def begin(self) -> None:
        """The first epoch begins."""
        self._last = time.monotonic()

    def end_epoch(self, *, is_last: bool) -> None:
        """An epoch has ended; raises Interrupted where another one would not fit."""
        now, last = time.monotonic(), self._last
        self._last = now
        if is_last or self._end is None or last is None:
            return
        if now + UNEVEN * (now - last) > self._end:
            signal.setitimer(signal.ITIMER_REAL, 0)  # what is to be written now is written
            raise Interrupted("the end of its time")


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
def interruptible(seconds: float | None = None) -> Iterator[None]:
    """SIGINT and SIGTERM raise `Interrupted` in this process meanwhile, and so does the end of so
    many seconds: at once, and at the end where a library took that for a fault of its own.
    """
    came: list[str] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        _take(signal.SIG_IGN)  # a second one must not cut the ending short
        is_over = number == signal.SIGALRM
        came.append("the end of its time" if is_over else signal.Signals(number).name)
        raise Interrupted(came[0])

    with stoppable():
        _take(interrupt)
        if seconds is None:
            yield
        else:
            before = signal.signal(signal.SIGALRM, interrupt)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
    if came:
        raise Interrupted(came[0])


def _take(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for one in STOPS:
        signal.signal(one, handler)
