"""A machine that died in the middle of a run: another one takes its node over, from its checkpoint,
and the result is the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.store.locks import holder
from tests.faults.drivers import Contents, contents, faults, reproduce
from tests.faults.test_workers import fault
from tests.faults.tiny import EPOCHS

SECONDS = 10.0  # instead of three minutes
GONE = b"filelock/2\npid=4242\nhost=lab3\nmode=lease\ntoken=%032x\nduration=%r\nstart=77\n"


@pytest.mark.faults
def test_the_lease_of_a_dead_machine_is_taken_over_with_its_checkpoint(
    tmp_path: Path, undisturbed: Contents
) -> None:
    reproduce(tmp_path, "table1", code=3, fault=fault(tmp_path, "SIGKILL", times=2))
    left = list((tmp_path / "store" / "locks").glob("*.lock"))
    assert len(left) == 2
    for path in left:  # as if the worker had been killed there, not here
        path.with_suffix(".lease").write_bytes(GONE % (1, SECONDS))
        os.utime(path.with_suffix(".lease"), (0, 0))
        assert holder(path) == "process 4242 on lab3"
    said = reproduce(tmp_path, "table1", fault={"what": "leases", "seconds": SECONDS})
    assert said.count("process 4242 on lab3 runs it, waiting") == 2
    assert f"epoch 1/{EPOCHS}" not in said
    assert contents(tmp_path) == undisturbed
    assert faults(tmp_path) == []
