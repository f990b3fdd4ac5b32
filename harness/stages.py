"""The stages between a command and its result, each handing its value to the next.

open_project → make_plan → survey → run_plan → (frames, check, report)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine.data.checksums import checksum_of
from harness.errors import HarnessError
from harness.execute.cores import default_slots, usable_cores
from harness.execute.environment import environment, gpus, processor, sees_gpu
from harness.execute.events import Failed
from harness.execute.executor import Crew, Executor, MakeJob, Queue, Tell, Where
from harness.execute.job import GPU_MEMORY, Job
from harness.execute.local import Local
from harness.layout import Layout, reachable
from harness.measures.base import Pretrained, Training
from harness.parts.datasets import Dataset
from harness.parts.networks import GivenWeights
from harness.plan.apart import has_field
from harness.plan.device import Device, device_at, read_measured
from harness.plan.estimate import Estimate, Past, device_of, disk_bytes, estimate
from harness.plan.expand import Plan, expand
from harness.plan.footprint import Footprint, footprints
from harness.plan.node import Node
from harness.plan.resolve import Setting
from harness.spec.exhibit import AXES
from harness.spec.library import Library, read
from harness.spec.overrides import Override, check_overrides, parse_override
from harness.spec.profile import Profile
from harness.store.manifest import Manifest
from harness.store.store import Store
from harness.store.why import Precedents, Reason


@dataclass(frozen=True)
class Project:
    """Specs, folders and the setting that a command chose."""

    layout: Layout
    library: Library
    setting: Setting
    command: str

    @property
    def profile(self) -> Profile:
        return self.setting.profile

    @property
    def requested(self) -> dict[str, Any]:
        """What the user typed, for the record of every run."""
        typed = [override.typed for override in self.setting.overrides]
        return {"command": self.command, "profile": self.profile.id, "set": typed}


@dataclass(frozen=True)
class Survey:
    """What of a plan is stored, why the rest would run, and what it would take."""

    plan: Plan
    stored: Mapping[str, Manifest]
    reasons: Mapping[str, Reason]
    estimates: Mapping[str, Estimate]
    devices: Mapping[str, Device]  # cpu, cuda → what its estimates rest on
    memory: Mapping[str, Footprint]
    disk: Mapping[str, int]
    downloads: Mapping[str, int]  # data set → bytes

    @property
    def todo(self) -> tuple[Node, ...]:
        return tuple(node for key, node in self.plan.nodes.items() if key not in self.stored)

    @property
    def slots(self) -> int:
        """Nodes that run side by side on this machine where no option says otherwise."""
        return default_slots(usable_cores(), any(map(_wants_gpu, self.todo)))


def open_project(
    layout: Layout,
    *,
    profile: str,
    overrides: Sequence[str] = (),
    repacked: bool = False,
    weights: Path | None = None,
    command: str = "",
) -> Project:
    """Read and check every spec, and what was typed. IO: the specs, and repacked data if accepted,
    and the checksum of a file of AlexNet's weights if one is named.

    Raises:
        HarnessError: anything wrong in any spec or override.
    """
    library = read(layout)
    parsed = tuple(parse_override(typed) for typed in overrides)
    check_overrides(parsed, library.blocks)
    others = _repacked(library, layout.data) if repacked else {}
    given = _given(weights) if weights else None
    setting = Setting(library.blocks, library.profile(profile), parsed, others, given)
    return Project(layout, library, setting, command)


def _given(weights: Path) -> GivenWeights:
    """The file that the user named, known by its checksum, if it is a file of AlexNet's weights."""
    from harness.engine.data.weight_header import refuse_no_weights  # a rare option

    weights = reachable(weights, "--weights")
    refuse_no_weights(weights)
    return GivenWeights(checksum=checksum_of(weights, "sha256"), path=str(weights.absolute()))


def _repacked(library: Library, data: Path) -> dict[Dataset, Dataset]:
    """The sets with the files under `data` as they are, where they are others than the published
    ones.
    """
    blocks = library.blocks.dataset.blocks.values()
    found = {block: other for block in blocks if (other := block.as_found(data))}
    if not found:
        raise HarnessError(
            "--repacked-data",
            f"{data} holds no repacked CIFAR set",
            hint="name the folder above that of the set with --data-dir, or leave the flag out",
        )
    return found


def make_plan(project: Project, names: Sequence[str]) -> Plan:
    """The plan of the exhibits named; `all`, or none, means every one.

    Raises:
        HarnessError: an unknown exhibit, or what was typed makes no valid run, or changes nothing.
    """
    if not names or "all" in names:
        project.library.require_whole()
        names = tuple(project.library.exhibits)
    plan = expand(project.library, names, project.setting)
    for override in project.setting.overrides:
        if not _changes(plan, override):
            problem = "changes nothing: no run of these exhibits has such a field"
            raise HarnessError(
                override.where, problem, hint="harness plan --json shows their specs"
            )
    return plan


def _changes(plan: Plan, override: Override) -> bool:
    """Whether any run has what was typed; seed and arithmetic may be chosen for what has none."""
    name = AXES.get(override.name, override.name)
    part = name.partition(".")[0]
    if part in ("seed", "numerics"):
        return True
    if override.is_axis:
        points = (point for one in plan.exhibits for point in one.points)
        return any(
            part in point.measure.needs and has_field(run, override.name)
            for point in points
            for run in point.trainings
        )
    return any(_has(node, part, name.partition(".")[2]) for node in plan.nodes.values())


def _has(node: Node, part: str, name: str) -> bool:
    """Whether a node says `part.name` at its top."""
    said = node.spec.get(part)
    return isinstance(said, Mapping) and name in said


def survey(project: Project, plan: Plan, store: Store) -> Survey:
    """Hold the plan against the store. IO: manifests only, and whether data sets are there."""
    manifests = store.manifests()
    by_key = {manifest.key: manifest for manifest in manifests}
    precedents = Precedents(manifests)
    stored = {key: by_key[key] for key in plan.nodes if key in by_key}
    todo = [node for key, node in plan.nodes.items() if key not in stored]
    past = [_past(one) for one in manifests]
    devices = devices_here(project.layout, with_gpu=any(map(_wants_gpu, plan.nodes.values())))
    return Survey(
        plan,
        stored,
        {node.key: precedents.why(node) for node in todo},
        estimate(plan.nodes.values(), past, devices),
        devices,
        footprints(todo, past),
        {node.key: disk_bytes(node) for node in todo},
        _downloads(todo, project.layout.data),
    )


def measured_devices(layout: Layout) -> Path:
    """The file of what `doctor --measure` measured, of each device under its name."""
    return Store(layout.store).tree.room("cache") / "devices.json"


def devices_here(layout: Layout, *, with_gpu: bool) -> dict[str, Device]:
    """What estimates rest on: this processor, and the first GPU if it is asked for and there."""
    measured = read_measured(measured_devices(layout))
    gpu = next(iter(gpus()), "") if with_gpu else ""
    names = {"cpu": processor(), "cuda": gpu}
    return {kind: device_at(kind, name, measured) for kind, name in names.items()}


def _wants_gpu(node: Node) -> bool:
    return device_of(node.spec) == "cuda"


def _past(run: Manifest) -> Past:
    def number(name: str) -> float | None:
        found = run.numbers.get(name)
        return float(found) if isinstance(found, int | float) else None

    gpu_mb, rate = number(GPU_MEMORY), number("images_per_second")
    return Past(run.kind, run.spec, run.wall_s, run.peak_memory_mb, gpu_mb, rate, run.revision)


def _trainings(nodes: Sequence[Node]) -> list[Training | Pretrained]:
    """What each node trains, or takes as trained, or measures first."""
    found = [getattr(node.full, "x", node.full) for node in nodes]
    return [one for one in found if isinstance(one, Training | Pretrained)]


def _downloads(nodes: Sequence[Node], data: Path) -> dict[str, int]:
    trainings = _trainings(nodes)
    wanted = {
        training.dataset.name: training.dataset
        for training in trainings
        if isinstance(training, Training) and training.dataset.download_bytes
    }
    missing = {name: spec for name, spec in wanted.items() if not spec.is_in(data)}
    found: dict[str, int] = {name: spec.download_bytes for name, spec in missing.items()}
    for one in trainings:
        if isinstance(one, Pretrained) and one.network.weights == "imagenet":
            file = one.network.published
            if not (data / file.name).is_file():
                found[file.name] = file.bytes
    return found


def refuse_missing_gpu(held: Survey) -> None:
    """Raise HarnessError when a run to do wants a GPU and there is none: nothing is started."""
    wanting = [one for one in _trainings(held.todo) if one.numerics.device == "cuda"]
    if wanting and not sees_gpu():
        problem = f"{len(wanting)} runs want a GPU, and torch finds none here"
        raise HarnessError("--device cuda", problem, hint="--device cpu, or --profile smoke")


@contextmanager
def executor_for(project: Project, held: Survey, crew: Crew) -> Iterator[Executor]:
    """What runs the nodes to do.

    Raises:
        HarnessError: there is no such GPU, no such cluster, or a machine of it lacks something.
    """
    if crew.where is Where.LOCAL or not held.todo:
        refuse_missing_gpu(held)
        yield Local(crew.jobs or held.slots)
        return
    from harness.execute.ray_cluster import connected
    from harness.execute.ray_driver import on_ray

    with connected(crew.address, project.layout.store) as cluster:
        yield on_ray(cluster, held.todo, held.memory, crew)


def queue_of(held: Survey) -> Queue:
    """The nodes to run, ready for an executor."""
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    return Queue(held.plan.nodes.values(), set(held.stored), seconds)


def job_maker(project: Project, threads: int) -> MakeJob:
    """What turns a node of the plan into a job; a run whose spec leaves it open has `threads`."""
    made_with = environment(project.layout.project)

    def make_job(node: Node) -> Job:
        layout = project.layout
        return Job(node, layout.store, layout.data, threads, project.requested, made_with)

    return make_job


def run_plan(
    project: Project, queue: Queue, executor: Executor, tell: Tell
) -> Mapping[str, Failed]:
    """Run what is not stored; returns the failures by key."""
    return executor(queue, job_maker(project, executor.threads), tell)
