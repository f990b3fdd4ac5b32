"""What a node takes: as measured where its like has run, else by a roofline.

The roofline counts FLOPs, bytes and operations of a node from its spec and holds them against the
numbers of a device; stored runs of the same kind and device correct it by one factor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from harness.measures.base import Run
from harness.measures.work import Spec, Work, images_in
from harness.plan.device import CORE, GPUS, Device
from harness.plan.node import Node

DEVICES: Mapping[str, Device] = {"cpu": CORE, "cuda": GPUS["H100"]}


class Basis(StrEnum):
    """What an estimate rests on, the best first."""

    MEASURED = "measured"  # the node itself, or one that differs in the seed alone
    SCALED = "scaled"  # the roofline, corrected by runs of the same kind and device
    STATED = "stated"  # the roofline alone, with the numbers of its device


@dataclass(frozen=True)
class Estimate:
    """Seconds of one node, and how many earlier runs the figure rests on (0: the roofline alone).
    They are 0 where nobody knows: the roofline does not count it, and nothing like it has run.

    `images_per_second` is that of a training: as its epochs counted where it was measured, which
    leaves evaluation out; else all its images by all its seconds. None for a measurement.
    """

    seconds: float
    runs: int
    basis: Basis
    images_per_second: float | None = None


@dataclass(frozen=True)
class Past:
    """One finished run: what the estimator needs to know of it."""

    kind: str
    spec: Spec
    wall_s: float
    memory_mb: float | None = None  # peak of the process
    gpu_mb: float | None = None  # peak on one GPU
    images_per_second: float | None = None  # of a training that counted them
    revision: int | None = None  # of its code; None: today's


def estimate(
    nodes: Iterable[Node], past: Iterable[Past], devices: Mapping[str, Device] = DEVICES
) -> dict[str, Estimate]:
    """The estimate of each node by key."""
    alike: dict[str, list[Past]] = {}
    ratios: dict[tuple[str, str], list[float]] = {}
    timed = [run for run in past if run.wall_s > 0]
    for run in timed:
        kind = Run.kinds.get(run.kind)
        if kind and run.revision in (None, kind.revision):  # older code had its own speed
            alike.setdefault(_but_for_seeds(run.kind, run.spec), []).append(run)
    for run, expected in counted(timed, devices):
        ratios.setdefault((run.kind, device_of(run.spec)), []).append(run.wall_s / expected)

    def of(node: Node) -> Estimate:
        if runs := alike.get(_but_for_seeds(node.kind, node.spec)):
            seconds = median(run.wall_s for run in runs)
            rates = [run.images_per_second for run in runs if run.images_per_second]
            rate = median(rates) if rates else _rate(node, seconds)
            return Estimate(seconds, len(runs), Basis.MEASURED, rate)
        found = ratios.get((node.kind, device_of(node.spec)), [])
        seconds = seconds_of(node.kind, node.spec, devices) * (median(found) if found else 1.0)
        basis = Basis.SCALED if found else Basis.STATED
        return Estimate(seconds, len(found), basis, _rate(node, seconds))

    return {node.key: of(node) for node in nodes}


def _but_for_seeds(kind: str, spec: Spec) -> str:
    """Equal for runs that do the same work, their own seeds and those of their networks apart."""
    return re.sub(r'"seed": \d+', "", json.dumps([kind, spec], sort_keys=True))


def _rate(node: Node, seconds: float) -> float | None:
    if node.kind != "train" or seconds <= 0:
        return None
    return float(images_in(node.spec["dataset"])[0] * node.spec["recipe"]["epochs"] / seconds)


def device_of(spec: Spec) -> str:
    """Where a run is computed; a measurement where its first network was."""
    return str(spec.get("x", spec).get("numerics", {}).get("device", "cpu"))


def counted(
    past: Iterable[Past], devices: Mapping[str, Device] = DEVICES
) -> Iterator[tuple[Past, float]]:
    """Each run that the roofline counts, with its seconds: not those that a store holds of a kind
    that is made no more, or of a spec that had other fields.
    """
    for run in past:
        with suppress(KeyError, TypeError):
            work = work_of(run.kind, run.spec)
            if work.flops or work.bytes:
                yield run, seconds_of(run.kind, run.spec, devices)


def work_of(kind: str, spec: Spec) -> Work:
    """What a run computes; nothing where its kind is unknown, or it or its network is not counted:
    then a plan has it for free until one like it is stored.
    """
    return Run.kinds[kind].work(spec) if kind in Run.kinds else Work()


def seconds_of(kind: str, spec: Spec, devices: Mapping[str, Device] = DEVICES) -> float:
    """Seconds by the roofline."""
    return devices[device_of(spec)].seconds(work_of(kind, spec), **_arithmetic(kind, spec))


def bound_of(kind: str, spec: Spec, devices: Mapping[str, Device] = DEVICES) -> str:
    """What bounds a run by the roofline: FLOPs, bytes or launches."""
    spent = devices[device_of(spec)].limits(work_of(kind, spec), **_arithmetic(kind, spec))
    return max(spent, key=lambda name: spent[name])


def _arithmetic(kind: str, spec: Spec) -> dict[str, Any]:
    """In which precision a run computes, and on how many cores."""
    threads = spec.get("x", spec).get("numerics", {}).get("threads", 1)
    return {
        "half": kind == "train" and spec["recipe"]["precision"] != "f32",
        "cores": max(1, threads) if device_of(spec) == "cpu" else 1,
    }


def disk_bytes(node: Node) -> int:
    """Bytes that a node leaves: what its kind says, and a little beside it."""
    left = Run.kinds[node.kind].disk_bytes(node.spec) if node.kind in Run.kinds else 0
    return 20_000 + left + (node.full.copied_bytes if isinstance(node.full, Run) else 0)
