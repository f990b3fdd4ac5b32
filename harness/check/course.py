"""Golden courses: the accuracies of known trainings after some epochs, written from several seeds,
and what stored trainings say of them.

A course is a golden file like others, `<exhibit>.course.csv`, whose cells are named by a training's
settings and an epoch. Its trainings are held wherever they stand, whichever exhibit asks for them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import pandas as pd

from harness.check.compare import Origin
from harness.check.contents import provenance_of, read_contents, require_whole
from harness.check.golden import read_golden
from harness.check.measured import write_measured
from harness.check.tolerance import allowed, t_cdf
from harness.errors import HarnessError
from harness.frames.recorded import Artifacts
from harness.layout import PUBLISHED
from harness.measures.reading import PERCENT
from harness.plan.course import WORDS, Band, Course, epochs_of, settings_of
from harness.plan.expand import Plan
from harness.plan.node import Node

SUFFIX = ".course.csv"
INDEX = ("training", "settings", "epoch")
ALPHA_COURSES = 0.001  # of all points of all trainings of a command together
METRICS = "metrics.json"


class Stray(NamedTuple):
    """A stored training that was not where it was known to be; it `alarms` where that is no chance,
    of all points of the command together.
    """

    key: str
    label: str
    said: str
    p: float
    alarms: bool

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.said}"


def read_courses(folders: Sequence[Path], name: str | None) -> dict[str, Course]:
    """Settings → what is known of the trainings that have them, in the golden set `name`; nothing
    where the set has no courses. IO: reads golden files.

    Raises:
        Faults: a file of them is wrong, or another than is written down.
    """
    found: dict[str, list[Band]] = {}
    for folder in reversed(folders) if name is not None else ():  # what comes first counts
        listed = {file for file in read_contents(folder / str(name)) if file.endswith(SUFFIX)}
        there = {path.name for path in (folder / str(name)).glob(f"[!.]*{SUFFIX}")}
        for file in sorted(listed | there):
            found |= _course(folder, str(name), file)
    return {settings: tuple(bands) for settings, bands in found.items()}


def _course(folder: Path, name: str, file: str) -> dict[str, list[Band]]:
    golden = read_golden(folder, name, file, INDEX)
    require_whole(folder / name / file, golden.lines if golden else None)
    found: dict[str, list[Band]] = {}
    if golden is None:
        return found
    if name != PUBLISHED:
        provenance_of(folder / name / file)
    for cell in golden.cells:
        if cell.quantity not in WORDS or not cell.index[2].isdecimal():
            raise HarnessError(f"{folder.name}/{name}/{file}", f"{cell.quantity} at {cell.index}")
        if cell.number is None:  # unsettled
            continue
        number, width = cell.number, allowed(golden.rules[cell.rule], cell.number, 1).value
        low, high = number.value - width, number.value + width
        spread = number.value, number.std or 0.0, number.n or 1
        band = Band(int(cell.index[2]), cell.quantity, low, high, *spread)
        found.setdefault(cell.index[1], []).append(band)
    return found


def strays(plan: Plan, artifacts: Artifacts, courses: Mapping[str, Course]) -> tuple[Stray, ...]:
    """The stored trainings of a plan that were outside of what is known, each by its least likely
    point. IO: reads the numbers of those that have a course.
    """
    held, found = 0, list[tuple[Node, str, float]]()
    for key, node in plan.nodes.items():
        course = courses.get(settings_of(node.spec)) if node.kind == "train" else None
        if not course or artifacts.get(key) is None:
            continue
        try:
            numbers = _numbers(artifacts, key)
        except (HarnessError, ValueError, TypeError, KeyError):  # its frame says what is wrong
            continue
        points = [(one, _at(numbers, one)) for one in course if one.epoch in numbers]
        held += len(points)
        out = [(one.said(at), _p(one, at)) for one, at in points if not one.holds(at)]
        if out:
            found.append((node, *min(out, key=lambda pair: pair[1])))
    return tuple(
        Stray(node.key, node.label, said, p, p * held <= ALPHA_COURSES) for node, said, p in found
    )


def _at(numbers: Mapping[int, Mapping[str, Any]], band: Band) -> float:
    value = numbers[band.epoch].get(band.quantity)
    return float(value) if isinstance(value, int | float) else math.nan


def _p(band: Band, measured: float) -> float:
    """How often a further seed lies as far away, were seeds normal."""
    if math.isnan(measured) or not band.std:
        return 0.0
    apart = abs(measured - band.value) / (band.std * math.sqrt(1 + 1 / band.n))
    return 2 * (1 - t_cdf(apart, band.n - 1))


def _numbers(artifacts: Artifacts, key: str) -> dict[int, dict[str, Any]]:
    """Epoch → its numbers, as the training left them."""
    content = json.loads(artifacts.read_bytes(key, METRICS))
    return {int(one["epoch"]): one for one in content.get("history", ())}


def require_trainings(exhibit: str, plan: Plan) -> None:
    """Raise HarnessError where a plan has no training that `write_course` could keep."""
    trainings = (node.full for node in plan.nodes.values() if node.kind == "train")
    if not any(epochs_of(one.recipe.epochs) for one in trainings):
        raise HarnessError(f"{exhibit} --course", "no training of several epochs is in this plan")


def write_course(
    folder: Path,
    name: str,
    exhibit: str,
    plan: Plan,
    artifacts: Artifacts,
    rests_on: Mapping[str, Any],
) -> tuple[Path, ...]:
    """golden/<name>/<exhibit>.course.csv from the stored trainings of a plan, as `write_measured`
    writes it.

    Raises:
        HarnessError: there is no training of several epochs, or one has too few seeds.
    """
    require_trainings(exhibit, plan)
    lines: dict[tuple[str, ...], tuple[dict[int, float], float]] = {}
    for key, node in plan.nodes.items():
        if node.kind != "train":
            continue
        training, numbers = node.full, _numbers(artifacts, key)
        label = training.label.removesuffix(f" seed {training.seed}")
        for epoch in epochs_of(training.recipe.epochs):
            for quantity in WORDS:
                at = (quantity, label, settings_of(node.spec), str(epoch))
                values, _ = lines.setdefault(at, ({}, 100 / training.dataset.classes))
                values[training.seed] = float(numbers[epoch][quantity])
    cells = pd.DataFrame(_cell(at, values) for at, (values, _) in lines.items())
    behind = {at: Origin(values, chance=chance) for at, (values, chance) in lines.items()}
    given = (f"{exhibit}{SUFFIX}", cells, INDEX, tuple(WORDS), rests_on)
    return write_measured(folder, name, *given, behind=behind)


def _cell(at: tuple[str, ...], values: Mapping[int, float]) -> dict[str, Any]:
    spread = stdev(values.values()) if len(values) > 1 else 0.0
    levels = dict(zip(("quantity", *INDEX), at, strict=True))
    said = {"value": fmean(values.values()), "std": spread, "n": len(values)}
    return {**levels, **said, "unit": PERCENT, "text": "", "why": ""}
