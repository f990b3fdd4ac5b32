"""A clock that jumps by years, backwards and forwards, in every process: same bytes, sane times."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.store.gc import collect
from harness.store.store import Store
from tests.faults.drivers import Contents, contents, faults, reproduce

YEAR_S = 365 * 86_400


@pytest.mark.faults
def test_a_clock_that_jumps_changes_no_byte(tmp_path: Path, undisturbed: Contents) -> None:
    reproduce(tmp_path, "table1", fault={"what": "clock"})
    assert contents(tmp_path) == undisturbed
    assert faults(tmp_path) == []
    for one in Store(tmp_path / "store").manifests():
        assert 0 < one.wall_s < 600  # of a clock that only goes forward
        assert all(0 < value < 600 for value in [one.numbers["seconds"]])  # type: ignore[operator]
    assert "2 stored before" in reproduce(tmp_path, "table1")


@pytest.mark.parametrize("years", [-30, 30])
def test_what_is_from_another_time_is_not_taken_for_old(tmp_path: Path, years: int) -> None:
    """gc --older-than-days: a time in the future is new, one in the past is old."""
    store = Store(tmp_path / "store")
    store.tree.prepare()
    log = store.log_path("0" * 64)
    log.write_text("line\n")
    os.utime(log, (time.time() + years * YEAR_S,) * 2)
    removed = collect(store, [], older_than_s=YEAR_S)
    assert [one.path for one in removed] == ([log] if years < 0 else [])
