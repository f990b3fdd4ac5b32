"""A kernel over ranges of its work."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from harness.engine.cpu import threads
from harness.engine.cpu.threads import in_threads

MUCH = 10**9  # elements: enough for every thread


@pytest.fixture(params=["torch's team", "a pool"])
def three_threads(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    if request.param == "a pool":
        monkeypatch.setattr(threads, "_team", lambda: None)
    elif threads._team() is None:
        pytest.skip("torch brought no OpenMP library of its own")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("units", [1, 2, 3, 100])
def test_every_unit_is_done_once(units: int) -> None:
    done: list[int] = []
    in_threads(lambda start, stop: done.extend(range(start, stop)), units, elements=MUCH)
    assert sorted(done) == list(range(units))


@pytest.mark.usefixtures("three_threads")
def test_ranges_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=30)  # breaks unless three threads wait at once
    in_threads(lambda start, stop: meeting.wait() and None, 3, elements=MUCH)


@pytest.mark.usefixtures("three_threads")
def test_an_error_in_a_range_is_raised_here() -> None:
    def kernel(start: int, stop: int) -> None:
        if start:
            raise IndexError(f"range {start}")

    with pytest.raises(IndexError, match="range"):
        in_threads(kernel, 3, elements=MUCH)


def test_little_work_stays_in_one_thread() -> None:
    found: list[tuple[int, int, int]] = []
    in_threads(
        lambda start, stop: found.append((start, stop, threading.get_ident())), 100, elements=100
    )
    assert found == [(0, 100, threading.get_ident())]
