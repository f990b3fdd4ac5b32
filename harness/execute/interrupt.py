"""Ctrl-C and SIGTERM as one exception, raised once, whatever the process was doing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM arrived; workers are ended, checkpoints stay.

    No `Exception`, as `KeyboardInterrupt` is none: nothing may take it for a fault of a run.
    """


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """SIGINT and SIGTERM raise `Interrupted` in this process meanwhile.

    Yields what puts that in force again where a library has taken the signals over.
    """
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)  # a second one must not cut the ending short
        raise Interrupted(signal.Signals(number).name)

    def listen() -> None:
        for one in before:
            signal.signal(one, interrupt)

    listen()
    try:
        yield listen
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
