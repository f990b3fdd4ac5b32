"""The machines of a Ray cluster: what Ray says of them, and what a worker sees on each."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import Faults, HarnessError
from harness.execute.executor import TICK_S
from harness.execute.interrupt import Stop
from harness.execute.ray_worker import Sight, code_version, look
from harness.execute.resources import Machine

LOOK_S = 180.0  # for a worker to start on each machine and look around: torch is not imported


def on_machine(identity: str, *, soft: bool) -> Any:
    """Ray's word for: there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(identity, soft=soft)


def alive(ray: Any) -> list[Machine]:
    """The machines that runs may be placed on, by what Ray was told of them."""
    found = []
    for node in ray.nodes():
        has = node["Resources"]
        if node["Alive"] and has.get("CPU", 0) > 0:
            machine = Machine(
                node["NodeID"],
                node["NodeManagerHostname"],
                cpus=has["CPU"],
                gpus=has.get("GPU", 0.0),
                memory=has.get("memory", 0.0),
                labels=dict(node.get("Labels") or {}),
            )
            found.append(machine)
    return found


def looked_at(ray: Any, witness: Path, stop: Stop) -> list[Machine]:
    """Every machine after a look at it from within.

    Raises:
        Interrupted: a signal came meanwhile.
        HarnessError: the faults of all that cannot run nodes, each with its name.
    """
    machines = alive(ray)
    glance = ray.remote(look)
    there = [on_machine(one.id, soft=False) for one in machines]
    asked = [
        glance.options(num_cpus=0, max_retries=1, scheduling_strategy=strategy).remote(
            witness, code_version()
        )
        for strategy in there
    ]
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        stop.check()
        if not ray.wait(asked, num_returns=len(asked), timeout=TICK_S)[1]:
            break
    sights = [_sight(ray, ref) for ref in asked]
    _refuse(machines, sights)
    return [
        dataclasses.replace(one, gpu_mb=sight.gpu_mb)
        for one, sight in zip(machines, sights, strict=True)
    ]


def _sight(ray: Any, ref: Any) -> Sight:
    try:
        sight: Sight = ray.get(ref, timeout=0)
    except ray.exceptions.GetTimeoutError:
        ray.cancel(ref, force=True)
        return Sight("", None, f"no worker answered there within {LOOK_S:.0f} s")
    except ray.exceptions.RayError as error:
        return Sight("", None, f"no worker starts there: {told(error)}")
    return sight


def _refuse(machines: Sequence[Machine], sights: Sequence[Sight]) -> None:
    faults = [
        unfit(one.id, one.host, sight.problem)
        for one, sight in zip(machines, sights, strict=True)
        if sight.problem
    ]
    if faults:
        raise Faults(faults)
    if not machines:
        raise HarnessError(
            "--executor ray", "no machine of the cluster has a CPU", hint="see ray status"
        )


def unfit(identity: str, host: str, problem: str) -> HarnessError:
    """Why no node may run on a machine, and what helps."""
    hint = "install the same checkout and packages there, at the same path"
    if "store" in problem:
        hint = "name a folder that all machines share: --store, or HARNESS_STORE"
    return HarnessError(f"machine {host} ({identity[:8]})", problem, hint=hint)


def told(error: BaseException) -> str:
    """The one line of a failure on another machine that says what it was."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, HarnessError):
        return str(cause)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
