"""All of the canary's runs, side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from harness.canary.task import Done, Room, Task, carried_out, trained_late
from harness.errors import ExitCode, HarnessError
from harness.execute.local import obey_the_driver
from harness.layout import Layout
from harness.plan.expand import Plan, expand
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.spec.library import Library, load

LATE = "late"  # the exhibit whose networks are trained to the end, when values are written
FIRST = ("late resnet-20 lif", "alexnet", "as built", "resnet-20", "vgg")
"""In this order: the first compiles all kernels, which the next two do not need."""


def tasks_of(layout: Layout) -> tuple[Task, ...]:
    """Everything that the canary runs; what needs others comes after them."""
    library = load(layout, canary=True)
    late = late_tasks(library)
    nodes = _planned(library, "trainings", *library.exhibits).nodes.values()
    tasks = [_task(node) for node in nodes if node.key not in {one.key for one in late}]
    tasks += late
    tasks += [
        Task("neuron", f"neurons {name}", f"neuron-{name}", block.model_dump_json())
        for name, block in library.blocks.neuron.blocks.items()
        if block.is_spiking
    ]
    return tuple(sorted(tasks, key=_turn))


def late_tasks(library: Library) -> list[Task]:
    """Steps and answers of the networks that are trained to the end."""
    return [
        Task(LATE, f"late {node.label}", node.key, node.full.model_dump_json())
        for node in _planned(library, LATE).nodes.values()
    ]


def _planned(library: Library, *names: str) -> Plan:
    return expand(library, names, Setting(library.blocks, library.profile("canary")))


def _task(node: Node) -> Task:
    return Task(node.kind, node.label, node.key, node.full.model_dump_json(), dict(node.inputs))


def _turn(task: Task) -> tuple[bool, int]:
    found = [place for place, word in enumerate(FIRST) if word in task.name]
    return bool(task.inputs), min(found, default=len(FIRST))


@contextmanager
def _pool(layout: Layout, device: str, jobs: int) -> Iterator[tuple[ProcessPoolExecutor, Room]]:
    """Processes, and a room that is thrown away after them."""
    late = layout.golden / "canary" / LATE
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="canary-") as folder,
        ProcessPoolExecutor(jobs, spawn, obey_the_driver) as pool,
    ):
        try:
            yield pool, Room(Path(folder), late, device)
        except BrokenProcessPool as error:
            problem = f"a process ended in the middle of a run: {error}"
            raise HarnessError("canary", problem, code=ExitCode.RUN_FAILED) from error
        finally:
            pool.shutdown(cancel_futures=True)


def trained_networks(layout: Layout, *, jobs: int) -> dict[str, bytes]:
    """File name → weights of the networks that are trained to the end, as safetensors."""
    tasks = late_tasks(load(layout, canary=True))
    with _pool(layout, "cpu", jobs) as (pool, room):
        made = [pool.submit(trained_late, one, room) for one in tasks]
        return dict(future.result() for future in made)


def runs(
    layout: Layout,
    *,
    device: str,
    jobs: int,
    wanted: Callable[[Task], bool] = lambda task: True,
) -> Iterator[Done]:
    """Run everything that is wanted, and hand out what came of it as it comes."""
    tasks = [one for one in tasks_of(layout) if wanted(one)]
    with _pool(layout, device, jobs) as (pool, room):
        first: dict[Future[Done], Task] = {
            pool.submit(carried_out, one, room): one for one in tasks if not one.inputs
        }
        trained = [future for future, one in first.items() if one.kind in ("train", LATE)]
        for future in as_completed(trained):
            yield future.result()
        later = [pool.submit(carried_out, one, room) for one in tasks if one.inputs]
        yield from (one.result() for one in as_completed([*(set(first) - set(trained)), *later]))
