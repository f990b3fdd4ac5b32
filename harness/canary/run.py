"""All of the canary's runs, side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.canary.task import Done, Room
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


def tasks_of(layout: Layout) -> tuple[Node, ...]:
    """Everything that the canary runs; what needs others comes after them. `neuron` is a kind of
    its own, and so are `late` and `last`.
    """
    library = load(layout, canary=True)
    late = late_tasks(library)
    nodes = _planned(library, "trainings", *library.exhibits).nodes.values()
    tasks = [node for node in nodes if node.key not in {one.key for one in late}]
    tasks += late
    tasks += [
        replace(one, kind="last", key=f"last-{one.key}", label=one.label.replace(LATE, "last", 1))
        for one in late
    ]
    tasks += [
        Node(f"neuron-{name}", "neuron", 1, {}, {}, f"neurons {name}", block)
        for name, block in library.blocks.neuron.blocks.items()
        if block.is_spiking
    ]
    return tuple(sorted(tasks, key=_turn))


def late_tasks(library: Library) -> list[Node]:
    """Steps and answers of the networks that are trained to the end."""
    return [
        replace(node, kind=LATE, label=f"late {node.label}")
        for node in _planned(library, LATE).nodes.values()
    ]


def _planned(library: Library, *names: str) -> Plan:
    return expand(library, names, Setting(library.blocks, library.profile("canary")))


def _turn(task: Node) -> tuple[bool, int]:
    found = [place for place, word in enumerate(FIRST) if word in task.label]
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


def _in_process(name: str, task: Node, room: Room) -> Any:
    """Call a function of `kinds`, which brings torch, in a process of the pool."""
    return getattr(import_module("harness.canary.kinds"), name)(task, room)


def trained_networks(layout: Layout, *, jobs: int) -> dict[str, bytes]:
    """File name → weights of the networks that are trained to the end, as safetensors."""
    tasks = late_tasks(load(layout, canary=True))
    with _pool(layout, "cpu", jobs) as (pool, room):
        made = [pool.submit(_in_process, "trained_late", one, room) for one in tasks]
        return dict(future.result() for future in made)


def runs(
    layout: Layout,
    *,
    device: str,
    jobs: int,
    wanted: Callable[[Node], bool] = lambda task: True,
) -> Iterator[Done]:
    """Run everything that is wanted, and hand out what came of it as it comes."""
    tasks = [one for one in tasks_of(layout) if wanted(one)]
    with _pool(layout, device, jobs) as (pool, room):

        def run(one: Node) -> Future[Done]:
            return pool.submit(_in_process, "carried_out", one, room)

        first = {run(one): one for one in tasks if not one.inputs}
        trained = [future for future, one in first.items() if one.kind in ("train", LATE)]
        for future in as_completed(trained):
            yield future.result()
        later = [run(one) for one in tasks if one.inputs]
        yield from (one.result() for one in as_completed([*(set(first) - set(trained)), *later]))
