"""A program for test_disk: runs on small real disks, in mount and user namespaces of their own:
`unshare -rm python disks.py FOLDER KIND:AMOUNT …`, a line of JSON for each.

`bytes:N`, `files:N` or `readonly:0`, and then the same disk with room for everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from harness.execute.events import Event, Failed
from harness.execute.job import run_job
from harness.files import disk_bytes
from tests.faults.killed import state, work
from tests.faults.tiny import three
from tests.forked import ended, fork

PLENTY = "size=64m,nr_inodes=4096"


def mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def limited(kind: str, amount: str) -> str:
    """Options of the mount."""
    if kind == "bytes":
        return f"size={amount},nr_inodes=4096"
    return f"size=64m,nr_inodes={amount}" if kind == "files" else PLENTY


def attempt(place: Path, problems: Path) -> None:
    """All runs, each failure noted."""
    told: list[Event] = []
    for job in three(place):
        run_job(job, told.append)
    problems.write_text(json.dumps([one.problem for one in told if isinstance(one, Failed)]))


def main(folder: Path, points: list[str]) -> None:
    calm = folder / "calm"
    calm.mkdir(parents=True)
    assert ended(fork(lambda: work(calm))) == 0
    files = sum(1 for _ in calm.rglob("*"))
    print(json.dumps({"bytes": disk_bytes(calm), "files": files, **state(calm)}), flush=True)
    for number, point in enumerate(points):
        kind, amount = point.split(":")
        place, problems = folder / str(number), folder / f"{number}.json"
        place.mkdir()
        mount(place, limited(kind, amount))
        if kind == "readonly":
            (place / "store").mkdir()
            remount(place, "ro")
        code = ended(fork(lambda place=place, to=problems: attempt(place, to)))  # type: ignore[misc]
        said = {"point": point, "code": code, "problems": json.loads(problems.read_text())}
        said["faults"] = state(place)["faults"]
        remount(place, f"rw,{PLENTY}")
        said["finished"] = ended(fork(lambda place=place: work(place)))  # type: ignore[misc]
        print(json.dumps(said | {"contents": state(place)["contents"]}), flush=True)
        subprocess.run(["umount", place], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
    os._exit(0)
