"""What `harness doctor` looks at: the installation, the data, the store."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from harness.canary.kept import has_canary, read_kept
from harness.engine.cpu.process import COMPILING_S, kernel_cache
from harness.engine.data.checksums import checksum_of
from harness.errors import HarnessError
from harness.execute.cores import usable_cores
from harness.execute.environment import (
    CODE,
    OTHER_OWNER,
    arithmetic,
    environment,
    gpus,
    processor,
)
from harness.execute.survey import devices_here, measured_devices
from harness.files import write_durably
from harness.layout import Layout, refuse_unwritable
from harness.parts.datasets import Dataset
from harness.parts.networks import Alexnet, Network
from harness.parts.own import Own
from harness.plan.device import dumped, read_measured
from harness.spec.library import Library, read
from harness.store.store import Store
from harness.terminal.output import size

LITTLE = 2e9  # bytes of free disk below which a note is due


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


good, note, bad = (partial(Finding, health) for health in Health)


def examine(layout: Layout) -> Iterator[Finding]:
    """Everything that a run may need, in the order in which one would mend it. IO: looks only."""
    made_with = environment(layout.project)
    yield _code(made_with["harness"], layout.project)
    yield _commit(made_with["git"])
    yield good("python", f"{made_with['python']} on {made_with['platform']}")
    yield from _packages(made_with["packages"])
    usable, memory = usable_cores(), made_with["memory_gib"]
    cores = f"{usable} of {made_with['cores']}" if usable < made_with["cores"] else str(usable)
    yield good("processor", f"{made_with['processor']}, {cores} cores, {memory} GiB")
    if made_with["packages"]["numba"] is not None:
        yield _kernels()
    yield _gpu(made_with)
    yield from _speeds(layout, made_with["gpus"])
    try:
        library = read(layout)
    except HarnessError as error:
        yield bad("specs", str(error), "mend the lines named")
    else:
        yield _specs(library)
        yield from _profiles(library, made_with["gpus"])
        yield from _data(layout.project, layout.data, list(library.blocks.dataset.blocks.values()))
        yield from _weights(layout.data, list(library.blocks.network.blocks.values()))
    yield from _canary(layout)
    yield _store(layout.store)
    yield _folder("out", layout.out, "--out")


def _specs(library: Library) -> Finding:
    try:
        library.require_whole()
    except HarnessError as error:
        return bad("specs", str(error), "mend the lines named")
    return good("specs", f"{len(library.exhibits)} exhibits, all valid")


def _code(version: str, project: Path) -> Finding:
    """The code that runs, which need not be that of the project whose specs it reads."""
    found = f"{version} at {CODE}"
    if project == CODE or not (project / "harness").is_dir():
        return good("harness", found)
    found += f", and not the harness/ of {project}"
    return note("harness", found, f"cd {project}; python -m harness …")


def _commit(state: str) -> Finding:
    if "unknown" not in state:
        return good("code", state)
    is_other = OTHER_OWNER in state
    fix = shlex.join(["git", "config", "--global", "--add", "safe.directory", str(CODE)])
    return note("code", f"the commit is {state}", fix if is_other else "")


def _kernels() -> Finding:
    if (place := kernel_cache()) is not None:
        return good("compiled kernels", f"kept in {place}")
    found = f"kept nowhere: each process compiles anew, about {COMPILING_S} s"
    return note("compiled kernels", found, "export NUMBA_CACHE_DIR=FOLDER")


def _packages(versions: dict[str, str | None]) -> Iterator[Finding]:
    for name, version in versions.items():
        if version is not None:
            yield good(name, version)
        elif name == "numba":
            yield note(name, "absent: LIF runs on torch", f"pip install {name}")
        else:
            yield bad(name, "not installed", f"pip install {name}")
    if importlib.util.find_spec("uv") is None and shutil.which("uv") is None:
        yield note("uv", "absent: nox needs it", "pip install nox uv")


def _gpu(made_with: dict[str, Any]) -> Finding:
    gpus, torch = made_with["gpus"], made_with["packages"]["torch"] or ""
    if gpus and torch.endswith("+cpu"):
        found = f"{', '.join(gpus)}, but torch {torch} was built without CUDA"
        fix = f"pip install --force-reinstall torch=={torch.removesuffix('+cpu')}"
        return bad("gpu", found, fix)
    return good("gpu", ", ".join(gpus)) if gpus else note("gpu", "the driver lists none")


def _speeds(layout: Layout, gpus: Sequence[str]) -> Iterator[Finding]:
    """What the costs of a plan rest on, where no run is stored."""
    with suppress(HarnessError):  # of a store that is none, which has a finding of its own
        for kind, device in devices_here(layout, with_gpu=bool(gpus)).items():
            if kind == "cpu" or gpus:
                offer = "" if device.is_measured else "harness doctor --measure"
                yield good(f"speed of {kind}", str(device), offer)


def measure_devices(layout: Layout) -> None:
    """Time training steps on a core and on the first GPU, and keep what they reach in the store."""
    from harness.runs.speed import measure  # imports torch

    kinds = {processor(): "cpu"} | dict.fromkeys(gpus()[:1], "cuda")
    measured = {name: device for name, kind in kinds.items() if (device := measure(kind))}
    path = measured_devices(layout)
    Store(layout.store).tree.prepare()
    write_durably(path, dumped(read_measured(path) | measured))


def _profiles(library: Library, gpus: Sequence[str]) -> Iterator[Finding]:
    for profile in library.profiles.values():
        what = f"profile {profile.id}"
        if profile.numerics.device == "cuda" and not gpus:
            yield note(what, "wants a GPU", "--profile smoke, or --device cpu")
        else:
            yield good(what, f"runs on {profile.numerics.device}")


def _data(study: Path, data: Path, blocks: list[Dataset]) -> Iterator[Finding]:
    """Each set once: several blocks may take other images of it."""
    for name, block in {f"data {block.name}": block for block in blocks}.items():
        try:
            is_there = block.is_in(data)
            if not block.download_bytes:
                found = block.pinned(study, data)
                said = "embedded in this project"
                if isinstance(found, Own):
                    said = f"{found.train_images:,} to train on, {found.test_images:,} to test on"
                yield good(name, said)
                continue
        except HarnessError as error:
            yield note(name, f"{error.where} {error.problem}", error.hint)
            continue
        absent = f"not in {data}; {size(block.download_bytes)} are downloaded when needed"
        fix = "export HARNESS_DATA_DIR=FOLDER, if you have it"
        yield good(name, f"found in {data}") if is_there else note(name, absent, fix)


def _weights(data: Path, blocks: list[Network]) -> Iterator[Finding]:
    """The published weights of AlexNet, as every block that shows them has them."""
    networks = (one for one in blocks if isinstance(one, Alexnet) and one.are_published)
    for wanted in dict.fromkeys(one.published for one in networks):
        path, what = data / wanted.name, f"weights {wanted.name}"
        if not path.is_file():
            found = f"not in {data}; {size(wanted.bytes)} are downloaded when needed"
            fetch = ["curl", "--create-dirs", "-fLo", str(path), *wanted.mirrors[:1]]
            yield note(what, found, shlex.join(fetch))
        elif checksum_of(path, wanted.checksum.partition(":")[0]) != wanted.checksum:
            found = f"{path} is another file than the published one, and refused"
            yield note(what, found, shlex.join(["rm", str(path)]))
        else:
            yield good(what, f"found in {data}")


def _canary(layout: Layout) -> Iterator[Finding]:
    """Where its values are from, and the offer to hold this machine against them."""
    offer = "harness check --canary"
    try:
        layout = layout.inherited
        kept = read_kept(layout.golden) if has_canary(layout) else None
    except HarnessError as error:
        yield note("canary", str(error), "mend the file named, or harness golden --canary")
        return
    if kept is not None and kept.provenance.environment.get("arithmetic") == arithmetic():
        yield good("canary", "its values are of such a processor", offer)
    elif kept is not None:
        said = "its values are of another processor: a minute says whether this one computes alike"
        yield note("canary", said, offer)


def _store(folder: Path) -> Finding:
    found = _folder("store", folder, "--store")
    if found.health is Health.BAD:
        return found
    try:
        stored = len(Store(folder).manifests())
    except HarnessError as error:
        return bad("store", str(error), "--store FOLDER")
    return Finding(found.health, "store", f"{found.found}, {stored} runs", found.fix)


def _folder(name: str, folder: Path, option: str) -> Finding:
    """Whether a folder can be written, or made, and how much room there is."""
    try:
        refuse_unwritable(folder, option)
    except HarnessError as error:
        return bad(name, f"{error.where} {error.problem}", f"{option} FOLDER")
    place = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(place).free
    little = note(name, f"{folder}, only {size(free)} free", "harness gc")
    return little if free < LITTLE else good(name, f"{folder}, {size(free)} free")
