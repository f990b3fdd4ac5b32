"""The function that a Ray cluster is handed as code, where all others go by name: a machine that
lacks this project can say so, instead of failing each node that comes to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def run_there(text: str, witness: Path, version: str, relay: Any) -> Any:
    """What `ray_worker.run_node` returns, or the fields of an `Unfit` where it is not there."""
    try:
        from harness.execute.ray_worker import run_node
    except ImportError as error:
        import socket

        import ray

        machine = str(ray.get_runtime_context().get_node_id())
        return machine, socket.gethostname(), f"it cannot import harness: {error}"
    return run_node(text, witness, version, relay)
