"""Looking after a store and an installation: verify, gc, doctor, schema."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import TypeAdapter

from harness.errors import HarnessError
from harness.execute.environment import environment
from harness.layout import Layout
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from harness.screen import size
from harness.spec.ascent import Ascent
from harness.spec.attack import Attack
from harness.spec.cka import Cka
from harness.spec.dataset import Cifar, Dataset, Recordings
from harness.spec.exhibit import Exhibit
from harness.spec.library import load
from harness.spec.network import Network
from harness.spec.neuron import Neuron
from harness.spec.probe import Probe
from harness.spec.profile import Profile
from harness.spec.recipe import Recipe
from harness.spec.regression import Regression
from harness.stages import has_data

SCHEMAS: dict[str, Any] = {
    "exhibit": Exhibit,
    "profile": Profile,
    "network": Network,
    "neuron": Neuron,
    "dataset": Dataset,
    "recipe": Recipe,
    "cka": Cka,
    "attack": Attack,
    "probe": Probe,
    "regression": Regression,
    "ascent": Ascent,
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of spec, for editors."""
    return TypeAdapter(SCHEMAS[name]).json_schema()


def wanted_keys(layout: Layout) -> set[str]:
    """Keys of every node that any exhibit asks for under any profile: what `gc` keeps."""
    library = load(layout)
    return {
        key
        for profile in library.profiles.values()
        for key in expand(library, tuple(library.exhibits), Setting(library.blocks, profile)).nodes
    }


class Health(Enum):
    """How a finding of the doctor reads."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, what was found, and the command that would mend it."""

    health: Health
    what: str
    found: str
    fix: str = ""


def examine(layout: Layout) -> Iterator[Finding]:
    """Versions, devices, specs, data, disk. IO: looks, changes nothing."""
    made_with = environment(layout.project)
    yield Finding(Health.GOOD, "harness", f"{made_with['harness']} at {layout.project}")
    yield Finding(Health.GOOD, "python", f"{made_with['python']} on {made_with['platform']}")
    yield from _packages(made_with["packages"])
    cores, memory = made_with["cores"], made_with["memory_gib"]
    yield Finding(
        Health.GOOD, "processor", f"{made_with['processor']}, {cores} cores, {memory} GiB"
    )
    gpus = made_with["gpus"]
    yield (
        Finding(Health.GOOD, "gpu", ", ".join(gpus))
        if gpus
        else Finding(Health.NOTE, "gpu", "none found; the paper profile wants one")
    )
    try:
        library = load(layout)
        yield Finding(Health.GOOD, "specs", f"{len(library.exhibits)} exhibits, all valid")
        yield from _data(layout, list(library.blocks.dataset.blocks.values()))
    except HarnessError as error:
        yield Finding(Health.BAD, "specs", str(error), "mend the lines named")
    yield from _disk(layout)


def _packages(versions: dict[str, str | None]) -> Iterator[Finding]:
    for name, version in versions.items():
        if version is not None:
            yield Finding(Health.GOOD, name, version)
        elif name == "numba":
            yield Finding(Health.NOTE, name, "absent: LIF runs on torch", f"pip install {name}")
        else:
            yield Finding(Health.BAD, name, "not installed", f"pip install {name}")
    if importlib.util.find_spec("uv") is None and shutil.which("uv") is None:
        yield Finding(Health.NOTE, "uv", "absent: nox needs it", "pip install nox uv")


def _data(layout: Layout, blocks: list[Dataset]) -> Iterator[Finding]:
    for block in blocks:
        if not isinstance(block, Cifar | Recordings):
            yield Finding(Health.GOOD, f"data {block.name}", "embedded")
        elif has_data(block, layout.data):
            yield Finding(Health.GOOD, f"data {block.name}", f"found in {layout.data}")
        else:
            found = f"not in {layout.data}; {size(block.archive_bytes)} are downloaded when needed"
            yield Finding(Health.NOTE, f"data {block.name}", found, "--data-dir FOLDER")


def _disk(layout: Layout) -> Iterator[Finding]:
    for name, folder in (("store", layout.store), ("out", layout.out)):
        place = next(one for one in (folder, *folder.parents) if one.exists())
        free = shutil.disk_usage(place).free
        health = Health.GOOD if free > 2e9 else Health.NOTE
        yield Finding(health, name, f"{folder}, {size(free)} free")
