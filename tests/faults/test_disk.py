"""Real disks that are full, out of file numbers, or read-only, whoever writes: Python, C, Rust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.programs import outcomes
from tests.namespaces import UNSHARE, needs_mounts

PROGRAM = Path(__file__).with_name("disks.py")
SAYS = {
    "bytes": "No space left on device – free space",
    "files": "No space left on device – free space",
    "readonly": "Read-only file system – make it writable",
}
KILOBYTES = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192)
FILES = (2, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 32, 36, 40)


def require_clean(calm: dict[str, Any], found: list[dict[str, Any]]) -> None:
    for one in found:
        kind = one["point"].partition(":")[0]
        assert one["code"] == 0, one  # no crash
        assert one["faults"] == [], one
        for problem in one["problems"]:
            assert SAYS[kind] in problem or "is not in the store" in problem, one
        assert one["finished"] == 0, one
        assert one["contents"] == calm["contents"], one


@needs_mounts
def test_a_full_and_a_read_only_disk_in_every_run_of_the_tests(tmp_path: Path) -> None:
    calm, found = outcomes(PROGRAM, tmp_path, ["bytes:48k", "readonly:0"], before=UNSHARE)
    require_clean(calm, found)
    assert [bool(one["problems"]) for one in found] == [True, True]


@needs_mounts
@pytest.mark.faults
@pytest.mark.timeout(0)  # `outcomes` ends what is silent
def test_disks_of_every_size(tmp_path: Path) -> None:
    points = [f"bytes:{size}k" for size in KILOBYTES] + [f"files:{count}" for count in FILES]
    calm, found = outcomes(PROGRAM, tmp_path, points, before=UNSHARE)
    require_clean(calm, found)
    failed = [len(one["problems"]) for one in found]
    assert set(failed) >= {1, 2, 3}  # the disk was full in each of the three runs
