"""Golden values are written from enough sound runs, and what is written can be read back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.check.golden import read_golden
from harness.check.measured import write_measured
from harness.check.new_rules import UNSETTLED
from harness.check.tolerance import read_tolerances
from harness.errors import HarnessError
from harness.frames.frame import Frame, frame_of
from harness.frames.readers import READERS
from tests.synthetic import PROJECT, SyntheticStore, library, plan

FIVE = "seed=0,1,2,3,4"
NOISE = {0: 0.0, 1: 0.1, 2: -0.1, 3: 0.2, 4: -0.2}


def framed(override: str) -> Frame:
    made = plan("table1", overrides=(override,))
    return frame_of(made.exhibits[0], SyntheticStore(made, NOISE), {})


def test_what_is_written_can_be_read_with_spread_and_seeds(tmp_path: Path) -> None:
    frame = framed(FIVE)
    rules = '[{}]\nrule = "seeds"\nalpha = 0.05\nbasis = "b"\n'
    csv, record, *_ = write_measured(
        tmp_path,
        "smoke",
        "table1.csv",
        frame.cells,
        frame.index,
        ("accuracy", "gap"),
        {"seeds": [0]},
    )
    (tmp_path / "smoke/tolerances.toml").write_text(rules.format("accuracy") + rules.format("gap"))
    golden = read_golden(tmp_path, "smoke", csv.name, frame.index)
    assert golden is not None
    assert len(golden.cells) == 27
    number = golden.cells[0].number
    assert number is not None
    assert (number.value, number.n) == (91.06, 5)
    assert number.std == pytest.approx(0.158114)
    assert json.loads(record.read_text()) == {"seeds": [0]}
    assert csv.read_text().splitlines()[0] == "quantity,neuron,depth,width,value,std,n,place"


def test_four_seeds_are_too_few(tmp_path: Path) -> None:
    frame = framed("seed=0,1,2,3")
    with pytest.raises(HarnessError, match="rests on 4 seeds, at least 5 are needed"):
        write_measured(tmp_path, "smoke", "t.csv", frame.cells, frame.index, ("accuracy",), {})
    assert list(tmp_path.iterdir()) == []


def test_an_undefined_cell_or_an_unknown_quantity_is_refused(tmp_path: Path) -> None:
    frame = framed(FIVE)
    with pytest.raises(HarnessError, match="nothing was measured of loss"):
        write_measured(tmp_path, "smoke", "t.csv", frame.cells, frame.index, ("loss",), {})
    frame.cells["why"] = "diverged"
    with pytest.raises(HarnessError, match=r"is undefined: diverged; so are all 18 of accuracy"):
        write_measured(tmp_path, "smoke", "t.csv", frame.cells, frame.index, ("accuracy",), {})


def test_a_cell_that_a_seed_leaves_undefined_is_kept_without_a_value(tmp_path: Path) -> None:
    """It is read back as a line that nothing is held against, not as a missing one."""
    frame = framed(FIVE)
    frame.cells.loc[0, "why"] = "seed 3: negative self-HSIC"
    frame.cells.loc[0, ["value", "std"]] = float("nan")
    write_measured(tmp_path, "smoke", "t.csv", frame.cells, frame.index, ("accuracy",), {})
    rules = '[accuracy]\nrule = "seeds"\nalpha = 0.05\nbasis = "b"\n'
    rules += '[unsettled]\nrule = "unsettled"\nbasis = "some seeds are undefined"\n'
    (tmp_path / "smoke/tolerances.toml").write_text(rules)
    golden = read_golden(tmp_path, "smoke", "t.csv", frame.index)
    assert golden is not None
    first, *others = golden.cells
    assert (first.number, first.text, first.rule) == (
        None,
        "undefined: seed 3: negative self-HSIC",
        "unsettled",
    )
    assert all(cell.number and cell.rule == "accuracy" for cell in others)


def test_an_axis_with_the_name_of_a_field_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    frame = framed(FIVE)
    cells = frame.cells.rename(columns={"width": "place"})
    index = ("neuron", "depth", "place")
    with pytest.raises(HarnessError, match="the axis 'place' has the name of a field"):
        write_measured(tmp_path, "smoke", "t.csv", cells, index, ("accuracy",), {})
    assert list(tmp_path.iterdir()) == []


def test_words_need_no_seeds(tmp_path: Path) -> None:
    made = plan("tableD1")
    frame = frame_of(made.exhibits[0], SyntheticStore(made), {})
    csv, *_ = write_measured(tmp_path, "smoke", "d.csv", frame.cells, frame.index, ("cell",), {})
    assert csv.read_text().splitlines()[0] == "quantity,depth,stage,text,place"


def test_published_values_are_those_that_were_typed_off_the_paper() -> None:
    """A change of a published number must be made here too: no program writes these files."""
    table1 = (PROJECT / "golden/paper/table1.csv").read_bytes()
    assert hashlib.sha256(table1).hexdigest() == TABLE_1


TABLE_1 = "be3e98d23dd56cf09d0bb9ebf68848769aa3f87b854bc4c59c3840cd71c315b0"


def test_whatever_an_exhibit_would_pin_has_a_tolerance() -> None:
    """Else `harness golden` writes, after an hour of runs, what no later command can read."""
    rules = read_tolerances(PROJECT / "golden/smoke", "golden/smoke")
    for exhibit in library().exhibits.values():
        kinds = [measure.kind for measure in exhibit.measure]
        pinned = {name for kind in kinds if kind in READERS for name in READERS[kind].pinned}
        wanted = pinned | {derived.quantity for derived in exhibit.derive}
        assert wanted | {UNSETTLED} <= set(rules), exhibit.id
