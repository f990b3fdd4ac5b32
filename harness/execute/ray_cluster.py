"""A Ray cluster as the driver sees it: found or started, each machine looked at, and left again.

`ray` is the extra `cluster`: it is imported once somebody asks for it.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import Faults, HarnessError
from harness.execute.executor import TICK_S
from harness.execute.interrupt import Stop, stoppable
from harness.execute.ray_worker import Relay, code_version, look
from harness.execute.resources import Machine
from harness.store.locks import lease
from harness.store.store import Store

LOOK_S = 180.0  # for a worker to start on each machine and look around: torch is not imported
ANSWER_S = 10.0  # for a cluster to answer at its address
START = "start one with ray start --head, or leave --address out"
TOKEN = Path("~/.ray/auth_token")  # where Ray keeps what a cluster asks its users for
OBJECTS = 128 * 2**20  # bytes of shared memory; what passes through it is a few kB


@dataclass(frozen=True)
class Cluster:
    """A connection, with what every node needs of it."""

    ray: Any
    witness: Path  # locked by the driver: a machine that sees it so has the driver's store
    relay: Any  # the actor that collects what runs tell
    looked: tuple[Machine, ...]  # at the start, each from within
    stop: Stop  # Ctrl-C or SIGTERM; raised in a call of Ray they would break it

    def machines(self) -> list[Machine]:
        """Those that runs may be placed on now, by what Ray was told of them."""
        return _alive(self.ray)


@contextmanager
def connected(address: str | None, store: Path) -> Iterator[Cluster]:
    """A cluster whose machines all see `store`; left at the end, and ended if it was started here.

    Without an address, and without RAY_ADDRESS, Ray is started on this machine alone.

    Raises:
        HarnessError: no ray, no cluster there, or a machine of it that cannot run nodes.
        Interrupted: Ctrl-C or SIGTERM, until it is left.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    ray = _imported(address)
    with stoppable() as stop:
        try:
            _init(ray, address)
            stop.listen()  # Ray has handlers of its own
            with _witness(store) as witness:
                machines = _looked_at(ray, witness, stop)
                yield Cluster(ray, witness, _relay(ray), machines, stop)
        finally:
            ray.shutdown()


def _imported(address: str | None) -> Any:
    # Ray would report usage, and pack the project's folder for the workers under `uv run`.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    with suppress(RuntimeError):  # a user without a home
        if address and TOKEN.expanduser().is_file():
            # as `ray start` does; a driver that names an address would come without its token
            os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError:
        hint = "install the extra: uv sync --extra cluster, or pip install 'ray>=2.59'"
        raise HarnessError("--executor ray", "ray is not installed here", hint=hint) from None
    return ray


def _init(ray: Any, address: str | None) -> None:
    if address is not None and address.startswith("ray://"):
        hint = "start the command on a machine of the cluster, with --address auto"
        raise HarnessError(f"--address {address}", "the driver is part of the cluster", hint=hint)
    _require_answer(address)
    alone = {"include_dashboard": False, "object_store_memory": OBJECTS}
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level="ERROR",
            **({} if address else alone),
        )
    except (OSError, ValueError, RuntimeError) as error:  # an OSError for too long a TMPDIR
        problem = str(error).strip().splitlines()[0]
        is_long = "AF_UNIX" in problem  # where it has its sockets
        hint = "name a shorter folder for them, as TMPDIR=/tmp" if is_long else START
        raise HarnessError(f"--address {address or 'local'}", problem, hint=hint) from error


def _require_answer(address: str | None) -> None:
    """Raise HarnessError where nobody listens: Ray itself would try for many minutes."""
    host, _, port = (address or "").rpartition(":")
    if not (host and port.isdigit()):
        return  # `auto` and the like, which Ray looks up
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        problem = f"nothing answers there: {error}"
        raise HarnessError(f"--address {address}", problem, hint=START) from error


@contextmanager
def _witness(store: Path) -> Iterator[Path]:
    """A locked file in the store."""
    tree = Store(store).tree
    tree.prepare()
    path = tree.room("locks") / f"driver-{secrets.token_hex(8)}.lock"
    with lease(path):
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _relay(ray: Any) -> Any:
    """Beside the driver and nowhere else: no other machine takes it along when it dies, and none
    that lacks this project is to start it.
    """
    here = ray.get_runtime_context().get_node_id()
    options = {
        "num_cpus": 0,
        "max_restarts": -1,
        "max_task_retries": -1,
        "scheduling_strategy": _on_machine(here),
    }
    return ray.remote(Relay).options(**options).remote()


def _on_machine(identity: str) -> Any:
    """Ray's word for: there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(identity, soft=False)


def _alive(ray: Any) -> list[Machine]:
    return [
        Machine(
            node["NodeID"],
            node["NodeManagerHostname"],
            cpus=has["CPU"],
            gpus=has.get("GPU", 0.0),
            memory=has.get("memory", 0.0),
            labels=dict(node.get("Labels") or {}),
        )
        for node in ray.nodes()
        if node["Alive"] and (has := node["Resources"]).get("CPU", 0) > 0
    ]


def _looked_at(ray: Any, witness: Path, stop: Stop) -> tuple[Machine, ...]:
    """Every machine after a look at it from within.

    Raises:
        Interrupted: a signal came meanwhile.
        HarnessError: the faults of all that cannot run nodes, each with its name.
    """
    machines, glance = _alive(ray), ray.remote(look)
    if not machines:
        problem = "no machine of the cluster has a CPU"
        raise HarnessError("--executor ray", problem, hint="see ray status")
    asked = []
    for one in machines:
        there = _on_machine(one.id)
        options = {"num_cpus": 0, "max_retries": 1, "scheduling_strategy": there}
        asked.append(glance.options(**options).remote(witness, code_version()))
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        stop.check()
        if not ray.wait(asked, num_returns=len(asked), timeout=TICK_S)[1]:
            break
    seen = [_seen(ray, ref) for ref in asked]
    pairs = list(zip(machines, seen, strict=True))
    if faults := [unfit(one.id, one.host, problem) for one, (_, problem) in pairs if problem]:
        raise Faults(faults)
    return tuple(replace(one, gpu_mb=gpu_mb) for one, (gpu_mb, _) in pairs)


def _seen(ray: Any, ref: Any) -> tuple[float | None, str]:
    try:
        seen: tuple[float | None, str] = ray.get(ref, timeout=0)
    except ray.exceptions.GetTimeoutError:
        ray.cancel(ref, force=True)
        return None, f"no worker answered there within {LOOK_S:.0f} s"
    except ray.exceptions.RayError as error:
        return None, f"no worker starts there: {told(error)}"
    return seen


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
