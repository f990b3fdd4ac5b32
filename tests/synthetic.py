"""A synthetic store for tests: made-up metrics behind the real Artifacts interface."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.layout import Layout, layout
from harness.measures.base import Training
from harness.parts.networks import GivenWeights
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.plan.selection import narrowed
from harness.spec.exhibit import Exhibit
from harness.spec.library import Library, load
from harness.spec.overrides import parse_only, parse_override
from harness.spec.validate import validate
from harness.store.manifest import FileRecord, Manifest

PROJECT = Path(__file__).resolve().parent.parent
PUBLISHED = {  # Table 1 without seed noise: (neuron, depth, width) -> percent
    ("relu", 20, 1): 91.06, ("relu", 38, 1): 92.34, ("relu", 56, 1): 92.98,
    ("relu", 110, 1): 92.37, ("relu", 164, 1): 93.00, ("relu", 20, 2): 93.36,
    ("relu", 20, 4): 94.52, ("relu", 20, 8): 94.78, ("relu", 20, 16): 94.78,
    ("lif", 20, 1): 89.67, ("lif", 38, 1): 91.14, ("lif", 56, 1): 91.94,
    ("lif", 110, 1): 91.83, ("lif", 164, 1): 92.05, ("lif", 20, 2): 92.00,
    ("lif", 20, 4): 93.96, ("lif", 20, 8): 94.48, ("lif", 20, 16): 94.73,
}  # fmt: skip


@lru_cache(maxsize=1)
def library() -> Library:
    """The specs of this project."""
    return load(layout(PROJECT))


def folders(tmp: Path) -> Layout:
    """The project's specs and golden values, with results under `tmp`."""
    return Layout(PROJECT, tmp / "store", tmp / "out", tmp / "data")


def plan(
    *names: str,
    profile: str = "paper",
    overrides: tuple[str, ...] = (),
    weights: GivenWeights | None = None,
    only: tuple[str, ...] = (),
    changed: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """The plan of exhibits under a profile, as with --set and --only; `changed` are other fields of
    some.
    """
    typed = tuple(map(parse_override, overrides))
    books = library()
    for one, fields in (changed or {}).items():
        document = books.documents[one]
        made, faults = validate(Exhibit, document.data | fields, document)
        assert not faults, faults
        books = replace(books, exhibits={**books.exhibits, one: made})
    setting = Setting(books.blocks, books.profile(profile), typed, weights=weights)
    return narrowed(expand(books, names, setting), parse_only(only))


def metrics(best: float, *, epochs: int = 5) -> dict[str, Any]:
    """metrics.json of a training that rises to `best` percent and ends a little below."""
    history = [
        {
            "epoch": epoch,
            "train_loss": 2.3 * 0.6**epoch,
            "train_accuracy": 10 + (best - 8) * (1 - math.exp(-epoch)),
            "test_accuracy": 10 + (best - 10) * (1 - math.exp(-1.2 * epoch)),
            "lr": 0.1,
            "seconds": 1.5,
            "images_per_second": 900.0,
        }
        for epoch in range(1, epochs + 1)
    ]
    return {
        "best_accuracy": best,
        "best_epoch": epochs - 1,
        "last_accuracy": best - 0.25,
        "parameters": 272_474,
        "history": history,
    }


def vgg_architecture(depth: int) -> dict[str, Any]:
    """architecture.json of a VGG, its cells as Table D.2 prints them; the sizes are made up."""
    with (PROJECT / "golden/paper/tableD2.csv").open(encoding="utf-8") as table:
        printed = [row for row in csv.DictReader(table) if row["depth"] == str(depth)]
    stages = [
        {"stage": row["stage"], "text": row["text"], "parameters": 4_672, "macs": 4_718_592}
        for row in printed
    ]
    return {"parameters": 9 * 4_672, "macs": 9 * 4_718_592, "stages": stages}


def architecture(depth: int) -> dict[str, Any]:
    """architecture.json of a ResNet, in the notation of Table D.1; the sizes are made up."""
    blocks = (depth - 2) // 6
    cells = {"conv1": "3x3,16,s1"}
    cells |= {f"block{i}": f"(3x3,{c}; 3x3,{c})x{blocks}" for i, c in ((1, 16), (2, 32), (3, 64))}
    cells |= {"pooling": "Global average pooling", "classifier": "10-d fully connected layer"}
    golden = (PROJECT / "golden/paper/tableD1.csv").read_text(encoding="utf-8")
    if "softmax" in golden:
        cells["classifier"] += ", softmax"
    stages = [
        {"stage": stage, "text": text, "parameters": 4_672 * blocks, "macs": 4_718_592 * blocks}
        for stage, text in cells.items()
    ]
    return {"parameters": 28_032 * blocks, "macs": 28_311_552 * blocks, "stages": stages}


class SyntheticStore:
    """What `frames` needs of a store, held in memory; tests change `contents` as they like."""

    def __init__(self, made: Plan, noise: Mapping[int, float] | None = None) -> None:
        self.plan = made
        self.contents: dict[str, dict[str, Any]] = {}
        for exhibit in made.exhibits:
            for point in exhibit.points:
                if point.measure.kind == "architecture":
                    network = point.run.network
                    made_up = vgg_architecture if network.kind == "vgg" else architecture
                    self.contents[point.key] = made_up(network.depth)
                else:
                    wanted = _published(point.run) + (noise or {}).get(point.seed, 0.0)
                    self.contents[point.key] = metrics(wanted)

    def get(self, key: str) -> Manifest | None:
        """A manifest with a fixed time and machine."""
        if key not in self.contents:
            return None
        node = self.plan.nodes[key]
        name = "metrics.json" if node.kind == "train" else "architecture.json"
        return Manifest(
            key=key,
            kind=node.kind,
            revision=node.revision,
            spec=dict(node.spec),
            inputs=dict(node.inputs),
            files={name: FileRecord(sha256="0" * 64, bytes=1)},
            environment=ENVIRONMENT,
            requested={},
            started="2026-01-02T03:04:05Z",
            wall_s=12.5,
            peak_memory_mb=512.0,
            resumed=0,
            numbers={},
        )

    def read_bytes(self, key: str, name: str) -> bytes:
        """The file as bytes, or the store's own error."""
        content = self.contents[key]
        if "corrupt" in content:
            raise HarnessError(f"{key[:8]}/{name}", "the content is not the one published")
        return json.dumps(content).encode()


ENVIRONMENT: dict[str, Any] = {
    "harness": "0.1.0",
    "python": "3.11.9",
    "platform": "Linux-6.1-x86_64",
    "packages": {"torch": "2.15.0", "numpy": "2.4.6"},
    "processor": "Synthetic CPU",
    "cores": 2,
    "memory_gib": 24.0,
    "gpus": [],
    "git": "0123456789abcdef0123456789abcdef01234567",
}


def _published(run: Training) -> float:
    return PUBLISHED[(run.neuron.kind, run.network.depth, run.network.width)]
