"""A program for test_kill: runs that are killed, in forked children, and what the next run makes of
them. `python killed.py FOLDER POINT …`, each point as `step:12`, `publish:3`, `time:0.4`,
`epoch:1:2` or `batch:1:3` (the second run of them, before its batch 3); a line of JSON for each.

Children are forked from a process that has imported everything and computed nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.engine.training.state import TrainingState
from harness.execute.events import Advanced, Event, Failed, Finished
from harness.execute.job import Job, run_job
from harness.runs import train
from harness.store.store import Store
from harness.store.verify import verify
from tests.faults.inject import Disk, disk
from tests.faults.tiny import SAME, three
from tests.forked import ended, fork

assert train.run  # imported before the first fork


def work(folder: Path, struck: Callable[[int, Event], None] | None = None) -> None:
    """All runs in their order; `struck` hears each event with the number of its run."""
    for number, job in enumerate(three(folder)):
        _run(job, number, struck)


def _run(job: Job, number: int, struck: Callable[[int, Event], None] | None) -> None:
    def told(event: Event) -> None:
        if struck is not None:
            struck(number, event)
        if isinstance(event, Failed):
            sys.exit(f"{event.problem}\n{event.tail}")

    run_job(job, told)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Disk):
    """Kills in front of a step instead of refusing it."""

    def step(self, name: str, path: str) -> None:
        super().step(name, path)
        if len(self.steps) - 1 == self.healthy:
            die()


def until_step(folder: Path, step: int) -> None:
    with disk(folder, healthy=step, kind=Deadly):
        work(folder)


def until_epoch(folder: Path, run: int, epoch: int) -> None:
    def struck(number: int, event: Event) -> None:
        if number == run and isinstance(event, Advanced) and event.progress.done == epoch:
            die()

    work(folder, struck)


def until_batch(folder: Path, run: int, batch: int) -> None:
    step, done, current = TrainingState.step, [0], [0]

    def counted(state: TrainingState, *arguments: Any) -> Any:
        done[0] += 1
        if current[0] == run and done[0] == batch:
            die()
        return step(state, *arguments)

    def struck(number: int, event: Event) -> None:
        if isinstance(event, Finished):
            current[0], done[0] = number + 1, 0

    TrainingState.step = counted  # type: ignore[method-assign]
    work(folder, struck)


def recorded(folder: Path) -> None:
    """The steps of an undisturbed course, and which of them belong to publishing a node."""
    publish, inside = Store.publish, []

    def watched(store: Store, *arguments: Any) -> Any:
        begin = len(here.steps)
        found = publish(store, *arguments)
        inside.extend(range(begin, len(here.steps)))
        return found

    Store.publish = watched  # type: ignore[method-assign]
    began = time.monotonic()
    with disk(folder) as here:
        work(folder)
    seconds = time.monotonic() - began
    (folder / "steps.json").write_text(
        json.dumps({"steps": here.steps, "publish": inside, "seconds": seconds})
    )


def struck(point: str, folder: Path, steps: dict[str, Any]) -> int:
    """Exit code of a course that is cut off at the point."""
    kind, *numbers = point.split(":")
    if kind == "time":
        child = fork(lambda: work(folder))
        time.sleep(float(numbers[0]) * steps["seconds"])
        os.kill(child, signal.SIGKILL)
        return ended(child)
    if kind in ("step", "publish"):
        among = steps["publish"] if kind == "publish" else range(len(steps["steps"]))
        step = among[int(float(numbers[0]) * len(among))]
        return ended(fork(lambda: until_step(folder, step)))
    until = {"epoch": until_epoch, "batch": until_batch}[kind]
    return ended(fork(lambda: until(folder, *map(int, numbers))))


def state(folder: Path) -> dict[str, Any]:
    store = Store(folder / "store")
    return {
        "faults": [str(one) for one in verify(store) if not one.is_information],
        "contents": {
            one.key: {name: file.sha256 for name, file in one.files.items() if name in SAME}
            for one in store.manifests()
        },
    }


def main(folder: Path, points: list[str]) -> None:
    calm = folder / "calm"
    calm.mkdir(parents=True)
    assert ended(fork(lambda: recorded(calm))) == 0
    steps = json.loads((calm / "steps.json").read_text())
    print(json.dumps({"point": "calm", **steps, **state(calm)}), flush=True)
    for number, point in enumerate(points):
        place = folder / str(number)
        place.mkdir()
        code = struck(point, place, steps)
        said: dict[str, Any] = {"point": point, "code": code, "after": state(place)}
        said["finished"] = ended(fork(lambda place=place: work(place)))  # type: ignore[misc]
        said |= {"remarks": len(verify(Store(place / "store"))), **state(place)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
