"""A worker with a time ends after the last epoch that fits, or with its time."""

from __future__ import annotations

import signal
import time

import pytest

from harness.execute.interrupt import LEAVING_S, Interrupted, Pace, interruptible


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def epochs(clock: Clock, seconds: float | None, *, of: int, slow: float = 0.0) -> int:
    """How many epochs of 10 s are done; the first lasts longer by `slow`."""
    pace = Pace(seconds)
    pace.begin()
    for done in range(1, of + 1):
        clock.now += 10.0 + slow * (done == 1)
        try:
            pace.end_epoch(is_last=done == of)
        except Interrupted:
            return done
    return of


def test_the_last_epoch_that_fits_is_the_last(clock: Clock) -> None:
    assert epochs(clock, 100 + LEAVING_S, of=50) == 9  # the tenth might take 12.5 s
    assert epochs(clock, 103 + LEAVING_S, of=50) == 10
    assert epochs(clock, 5, of=50) == 1
    assert epochs(clock, None, of=50) == 50


def test_a_slow_start_is_no_measure_of_the_epochs_after_it(clock: Clock) -> None:
    assert epochs(clock, 200 + LEAVING_S, of=50, slow=60) == 13


def test_a_run_that_is_done_is_published(clock: Clock) -> None:
    assert epochs(clock, 25, of=2) == 2


def test_what_has_no_checkpoint_ends_with_its_time() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Interrupted, match="the end of its time"), interruptible(0.05):
        while True:
            time.sleep(0.01)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_takes_the_end_for_a_fault_of_its_own_is_overruled() -> None:
    with pytest.raises(Interrupted, match="the end of its time"), interruptible(0.05):
        try:
            while True:
                time.sleep(0.01)
        except Interrupted:  # as an extension module does that is being imported
            pass
