"""A store in memory that holds JSON and tensor files, for readers of measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

from harness.plan.expand import Plan, Point
from harness.store.manifest import FileRecord, Manifest
from tests.synthetic import ENVIRONMENT

Files = dict[str, bytes]


class Stored:
    """Key → files; `keep` puts one node's files in."""

    def __init__(self, made: Plan) -> None:
        self.plan = made
        self.files: dict[str, Files] = {}

    def keep(self, point: Point, record: str, content: Any, **arrays: Any) -> None:
        """The files of a point's node: its JSON, and its tensors where there are any; those of
        errors stand beside the others."""
        files = {record: json.dumps(content).encode()}
        tensors = {key: np.asarray(value) for key, value in arrays.items()}
        errors = {key: one for key, one in tensors.items() if key.partition("/")[0] == "se"}
        others = {key: one for key, one in tensors.items() if key not in errors}
        for name, some in ((point.measure.arrays, others), (point.measure.beside, errors)):
            if some:
                files[name] = save(some)
        self.files[point.key] = files

    def get(self, key: str) -> Manifest | None:
        """A manifest, where something was kept."""
        if key not in self.files:
            return None
        node = self.plan.nodes[key]
        return Manifest(
            key=key,
            kind=node.kind,
            revision=node.revision,
            spec=dict(node.spec),
            inputs=dict(node.inputs),
            files={name: FileRecord(sha256="0" * 64, bytes=1) for name in self.files[key]},
            environment=ENVIRONMENT,
            requested={},
            started="2026-01-02T03:04:05Z",
            wall_s=1.0,
            peak_memory_mb=1.0,
            resumed=0,
            numbers={},
        )

    def read_bytes(self, key: str, name: str) -> bytes:
        """A file as it was kept."""
        return self.files[key][name]


def layer(name: str, stage: str = "", block: str = "", position: str = "") -> dict[str, str]:
    """A layer as cka.json describes it."""
    return {"name": name, "stage": stage, "block": block, "position": position}


def residual(blocks: int = 2) -> list[dict[str, str]]:
    """A stem, stages of one block, and the last pool: the layers of a small residual network."""
    inside = {"relu1": "act1", "conv1": "conv1", "bn1": "bn1"}
    inside |= {"relu2": "act2", "conv2": "conv2", "bn2": "bn2"}
    found = [layer("conv1"), layer("bn1")]
    for stage in range(1, blocks + 1):
        block = f"s{stage}.b0"
        found += [layer(f"{block}.{n}", f"s{stage}", block, p) for n, p in inside.items()]
        found.append(layer(block, f"s{stage}", block, "output"))
    return [*found, layer("pool")]


def cells_of(frame: Any, quantity: str, **levels: str) -> Mapping[str, Any]:
    """The one cell of a quantity at these levels."""
    found = frame.cells[frame.cells["quantity"] == quantity]
    for name, level in levels.items():
        found = found[found[name] == level]
    assert len(found) == 1, found
    return dict(found.iloc[0])
