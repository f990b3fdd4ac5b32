"""Every measure takes images of a study's own, gray ones too, and a plan says where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.parts.pictures import Arrays
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.spec.overrides import parse_override
from tests.runs.test_revisions import MEASURED, SMALL, place, untrained
from tests.synthetic import library

COLOURED = {"maximisation"}  # AlexNet takes nothing else
KINDS = sorted(MEASURED.keys() - {"kernels"})  # of no images


def plan_of(study: Path, exhibit: str, *typed: str) -> Plan:
    """The exhibit with the images of a study in the place of the embedded ones."""
    books = library()
    shelf = books.blocks.dataset
    own = Arrays(name="own", train="own.npz", split="last", test_share=0.25)
    blocks = shelf.blocks | {"digits": own, "digits-large": own}
    given = replace(books.blocks, dataset=replace(shelf, blocks=blocks))
    overrides = tuple(map(parse_override, typed))
    setting = Setting(given, books.profile("smoke"), overrides, files=(study, study))
    return expand(books, (exhibit,), setting)


def images_in(study: Path, count: int, *axes: int) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, *axes), dtype=np.uint8)
    np.savez(study / "own.npz", images=images, labels=np.arange(count) % 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_measure_takes_images_of_ones_own(tmp_path: Path, kind: str) -> None:
    images_in(tmp_path, 4096, *((32, 32, 3) if kind in COLOURED else (16, 16)))
    exhibit, record, typed = MEASURED[kind]
    more = ("regression.images=64",) if kind == "regression" else ()
    node = next(
        one
        for one in plan_of(tmp_path, exhibit, *SMALL, *typed, *more).nodes.values()
        if one.kind == kind
    )
    inputs = {side: tmp_path / side for side in node.inputs}
    for side, folder in inputs.items():
        untrained(getattr(node.full, side), folder)
    here = replace(place(tmp_path / "run"), inputs=inputs)
    node.full.run(here, lambda progress: None)
    assert (here.files / record).stat().st_size > 0


def test_a_plan_refuses_a_size_that_the_network_does_not_take(tmp_path: Path) -> None:
    images_in(tmp_path, 8, 30, 30)
    with pytest.raises(HarnessError, match=r"multiple of 4, got 30 – choose another network"):
        plan_of(tmp_path, "table1")


def test_a_plan_refuses_a_measure_of_more_images_than_there_are(tmp_path: Path) -> None:
    images_in(tmp_path, 40, 8, 8)
    with pytest.raises(HarnessError, match=r"cka looks at 512 test images, and own has 8"):
        plan_of(tmp_path, "fig2")
    assert plan_of(tmp_path, "fig2", "cka.images=8", "cka.batch=4").nodes
    with pytest.raises(HarnessError, match=r"measure looks at 1,000 test images"):
        plan_of(tmp_path, "lab-fig2")


def test_costs_are_those_of_the_images_that_were_found(tmp_path: Path) -> None:
    images_in(tmp_path, 400, 8, 8)
    few = next(iter(plan_of(tmp_path, "table1").nodes.values()))
    images_in(tmp_path, 4000, 8, 8)
    many = next(iter(plan_of(tmp_path, "table1").nodes.values()))
    work = [type(one.full).work(one.spec).flops for one in (few, many)]
    assert work[1] == pytest.approx(10 * work[0], rel=0.01)
