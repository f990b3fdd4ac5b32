"""The cores of a container: what its cgroup allows, not what the host has."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from harness.execute.cores import memory_limit, usable_cores

HOST = 16


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(HOST)), raising=False)


def tree(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """A /proc and a /sys with these cgroups in them."""
    for name, text in {"proc/self/cgroup": cgroup, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/cpu,cpuacct"
OURS_V1 = "12:memory:/other\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n"


def v1(quota: str, period: str = "100000") -> dict[str, str]:
    place = f"{V1}/docker/abc"
    return {f"{place}/cpu.cfs_quota_us": quota, f"{place}/cpu.cfs_period_us": period}


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/\n", {f"{V2}/cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {f"{V2}/cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {f"{V2}/cpu.max": "10000 100000\n"}, 1),
        ("0::/\n", {f"{V2}/cpu.max": "max 100000\n"}, HOST),
        ("0::/\n", {f"{V2}/cpu.max": "6400000 100000\n"}, HOST),
        ("0::/a/b\n", {f"{V2}/a/cpu.max": "300000 100000", f"{V2}/a/b/cpu.max": "max 100000"}, 3),
        ("0::/a/b\n", {f"{V2}/a/cpu.max": "900000 100000", f"{V2}/a/b/cpu.max": "50000 10000"}, 5),
        ("0::/host/only\n", {f"{V2}/cpu.max": "400000 100000\n"}, 4),
        ("0::/../outside\n", {f"{V2}/cpu.max": "400000 100000\n"}, 4),
        ("0::/x\n", {f"{V2}/unified/x/cpu.max": "400000 100000\n"}, 4),
        (OURS_V1, v1("250000"), 3),
        (OURS_V1, v1("-1"), HOST),
        (OURS_V1, v1("100000", "0"), HOST),
        (OURS_V1, {f"{V1}/cpu.cfs_quota_us": "70000", f"{V1}/cpu.cfs_period_us": "10000"}, 7),
        ("12:memory:/m\n", {"sys/fs/cgroup/memory/m/cpu.max": "100000 100000\n"}, HOST),
        ("0::/\n", {f"{V2}/cpu.max": "nonsense\n"}, HOST),
        ("nonsense\n", {}, HOST),
    ],
)
def test_a_quota_of_the_cgroup_counts(
    cgroup: str, files: dict[str, str], cores: int, tmp_path: Path
) -> None:
    assert usable_cores(tree(tmp_path, cgroup, files)) == cores


def test_without_cgroups_the_scheduler_says(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == HOST


@pytest.mark.parametrize(
    ("cgroup", "files", "most"),
    [
        ("0::/a/b\n", {f"{V2}/a/memory.max": "2147483648", f"{V2}/a/b/memory.max": "max"}, 2**31),
        ("4:memory:/x\n", {"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1048576\n"}, 2**20),
        ("4:cpu:/x\n", {"sys/fs/cgroup/cpu/x/memory.limit_in_bytes": "1048576\n"}, math.inf),
        ("0::/\n", {}, math.inf),
    ],
)
def test_a_limit_of_memory_counts(
    cgroup: str, files: dict[str, str], most: float, tmp_path: Path
) -> None:
    assert memory_limit(tree(tmp_path, cgroup, files)) == most
