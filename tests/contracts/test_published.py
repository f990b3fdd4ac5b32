"""The published numbers: as printed, each in one file, and the paper's claims put to them.

`PRINTED` is a second copy of the rows, typed from the document in the order of its columns.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from harness.check.compare import compare
from harness.check.golden import read_golden
from harness.check.standard import Standard
from harness.check.status import Status
from harness.check.verdict import judge
from harness.frames.frame import frame_of
from harness.plan.expand import Plan
from tests.synthetic import PROJECT, SyntheticStore, library, metrics, plan

PAPER = PROJECT / "golden" / "paper"
TRAINED = ["table1", "table2", "table3", "tableB1"]

RESIDUAL, PLAIN = ({"stages_without_shortcut": bare} for bare in ("no-stage", "stage-1-2-3"))
# file → (levels of the row, the axis along it, its levels, the row as printed)
PRINTED: dict[str, list[tuple[dict[str, str], str, str, str]]] = {
    "table2": [
        (RESIDUAL | {"neuron": "relu"}, "depth", "20 38 56 74", "91.06 92.34 92.98 92.85"),
        (PLAIN | {"neuron": "relu"}, "depth", "20 38 56 74", "91.32 91.17 89.62 21.07"),
        (RESIDUAL | {"neuron": "lif"}, "depth", "20 38 56 74", "89.63 91.14 91.94 91.83"),
        (PLAIN | {"neuron": "lif"}, "depth", "20 38 56 74", "86.50 82.64 33.61 10.00"),
    ],
    "table3": [
        ({"one_step_stages": "no-stage"}, "time_steps", "4 8 16 32", "89.67 90.44 90.98 90.99"),
        ({"one_step_stages": "stage-1"}, "time_steps", "4 8 16 32", "88.81 89.70 89.91 90.47"),
        ({"one_step_stages": "stage-3"}, "time_steps", "4 8 16 32", "87.41 87.78 87.38 87.73"),
    ],
    "tableB1": [
        ({"neuron": "relu", "dataset": "cifar10", "width": "1"}, "depth",
         "20 38 56 110 164", "91.06 92.34 92.98 92.37 93.00"),
        ({"neuron": "relu", "dataset": "cifar10", "depth": "20"}, "width",
         "2 4 8 16", "93.36 94.52 94.78 94.78"),
        ({"neuron": "lif", "dataset": "cifar10", "width": "1", "time_steps": "4"}, "depth",
         "20 38 56 110 164", "89.67 91.14 91.94 91.83 92.05"),
        ({"neuron": "lif", "dataset": "cifar10", "depth": "20", "time_steps": "4"}, "width",
         "2 4 8 16", "92.00 93.96 94.48 94.73"),
        ({"neuron": "lif", "dataset": "cifar10", "depth": "20", "width": "1"}, "time_steps",
         "8 16 32 64", "90.44 90.98 90.99 91.08"),
        ({"neuron": "relu", "dataset": "cifar100", "width": "1"}, "depth",
         "20 56 110 164", "64.23 68.39 69.20 70.27"),
        ({"neuron": "relu", "dataset": "cifar100", "depth": "20"}, "width",
         "2 4 8", "70.14 74.12 76.57"),
        ({"neuron": "lif", "dataset": "cifar100", "width": "1", "time_steps": "4"}, "depth",
         "20 56 110 164", "61.51 66.63 66.95 67.09"),
        ({"neuron": "lif", "dataset": "cifar100", "depth": "20", "time_steps": "4"}, "width",
         "2 4 8", "68.65 72.39 75.81"),
        ({"neuron": "lif", "dataset": "cifar100", "depth": "20", "width": "1"}, "time_steps",
         "8 16 32", "63.03 64.34 64.33"),
    ],
    "fig8": [
        ({"neuron": "relu"}, "epsilon", "0 0.001 0.005 0.01 0.02 0.05",
         "91.06 87.99 72.81 48.3 14.92 0.11"),
        ({"neuron": "lif"}, "epsilon", "0 0.001 0.005 0.01 0.02 0.05",
         "89.67 87.77 80.72 68.04 40.08 1.88"),
    ],
    "lab-fig1": [
        ({"fit": "descent"}, "direction", "cnn-to-snn snn-to-cnn", "0.025 0.33"),
    ],
    "figA9": [
        ({"neuron": "relu"}, "epsilon", "0 0.001 0.005 0.01 0.02 0.05",
         "74.12 68.28 45.15 22.23 5.49 0.39"),
        ({"neuron": "lif"}, "epsilon", "0 0.001 0.005 0.01 0.02 0.05",
         "72.39 69.25 56.98 40.78 15.49 0.48"),
    ],
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with (PAPER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(name: str) -> dict[tuple[str, ...], str]:
    """Index of each cell → its number as printed, lent or its own."""
    index = axes(name)
    golden = read_golden(PAPER.parent, "paper", f"{name}.csv", index)
    assert golden is not None
    return {cell.index: cell.shown for cell in golden.cells}


def axes(name: str) -> tuple[str, ...]:
    fields = ("quantity", "value", "same_as", "text", "rule", "place")
    return tuple(column for column in rows(name)[0] if column not in fields)


@pytest.mark.parametrize("name", PRINTED)
def test_each_number_is_the_printed_one(name: str) -> None:
    found, seen = numbers(name), 0
    for held, along, levels, printed in PRINTED[name]:
        for level, number in zip(levels.split(), printed.split(), strict=True):
            wanted = held | {along: level}
            here = [
                value
                for index, value in found.items()
                if wanted.items() <= dict(zip(axes(name), index, strict=True)).items()
            ]
            assert here == [number], wanted
            seen += 1
    assert seen == len(found), "a golden cell that the document does not print"


# What a line is of, where its file does not say; a file about one network need not name it.
USUAL = {"dataset": "cifar10", "depth": "20", "width": "1", "epsilon": "0"}
USUAL |= {"stages_without_shortcut": "no-stage", "one_step_stages": "no-stage"}
OF_FILE = {"table3": {"neuron": "lif"}, "figA9": {"dataset": "cifar100", "width": "4"}}


def network(name: str, row: dict[str, str]) -> tuple[tuple[str, str], ...]:
    said = {axis: row[axis] for axis in axes(name) if row[axis]}
    full = USUAL | OF_FILE.get(name, {}) | said
    full.setdefault("time_steps", "4" if full["neuron"] == "lif" else "")
    return tuple(sorted(full.items()))


def test_a_published_number_stands_once_and_two_that_contradict_both_stay() -> None:
    owners: dict[Any, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(PAPER.glob("*.csv")):
        for row in rows(path.stem):
            if row.get("value") and row["quantity"].endswith("accuracy"):
                owners[network(path.stem, row)].append((path.stem, row["value"]))
    twice = [found for found in owners.values() if len(found) > 1]
    assert twice == [[("table1", "89.67"), ("table2", "89.63")]]


class Published(SyntheticStore):
    """Every training of an exhibit as the paper prints it."""

    def __init__(self, made: Plan) -> None:
        self.plan = made
        exhibit = made.exhibits[0]
        found = numbers(exhibit.exhibit.id)
        at = {self._levels(index, exhibit.exhibit.id): float(n) for index, n in found.items()}
        self.contents = {
            point.key: metrics(at[frozenset((a, str(v)) for a, v in point.axes.items() if v)])
            for point in exhibit.points
        }

    @staticmethod
    def _levels(index: tuple[str, ...], name: str) -> frozenset[tuple[str, str]]:
        return frozenset((a, v) for a, v in zip(axes(name), index, strict=True) if v)


@pytest.mark.parametrize("name", TRAINED[1:])
def test_the_grid_of_an_exhibit_has_just_the_cells_that_are_printed(name: str) -> None:
    made = plan(name)
    frame = frame_of(made.exhibits[0], Published(made), {})
    golden = read_golden(PAPER.parent, "paper", f"{name}.csv", frame.index)
    results = compare(frame, Standard(golden, golden))
    assert {result.status for result in results} == {Status.PASS}
    assert len(results) == len(rows(name))


@pytest.mark.parametrize("name", TRAINED[1:])
def test_the_paper_bears_out_its_own_claims(name: str, tmp_path: Path) -> None:
    made = plan(name)
    frame = frame_of(made.exhibits[0], Published(made), {})
    profile = library().profile("paper")
    verdict = judge(made.exhibits[0], frame, profile, (PROJECT / "golden",), {})
    held = {claim.id: claim.status for claim in verdict.claims}
    assert set(held.values()) <= {Status.PASS}, {c.id: c.measured for c in verdict.claims}
    assert verdict.word == "within the margins (one seed)"


@pytest.mark.parametrize(
    ("name", "claim", "said"),
    [
        (
            "table2",
            "snn-loses-more",
            "high − low: 4 of 4 (20: 3.39, 38: 7.33, 56: 54.97, 74: 10.05)",
        ),
        ("table2", "gap-without-shortcuts", "4 of 4 (20: 4.82, 38: 8.53, 56: 56.01, 74: 11.07)"),
        (
            "table3",
            "first-stage-below-one-point",
            "3 of 4 (4: 0.86, 8: 0.74, 16: 1.07, 32: 0.52); not at 16: 1.07",
        ),
        (
            "table3",
            "last-stage-two-to-four-points",
            "4 of 4 (4: 2.26, 8: 2.66, 16: 3.60, 32: 3.26)",
        ),
        ("table3", "more-steps-bring-nothing", "largest − smallest: 0.40"),
    ],
)
def test_what_the_claims_say_of_the_published_numbers(name: str, claim: str, said: str) -> None:
    made = plan(name)
    frame = frame_of(made.exhibits[0], Published(made), {})
    verdict = judge(made.exhibits[0], frame, library().profile("paper"), (PROJECT / "golden",), {})
    assert next(one.measured for one in verdict.claims if one.id == claim) == said
