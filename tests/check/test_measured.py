"""Golden values are written from enough sound runs, and what is written can be read back."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.check.compare import compare
from harness.check.contents import read_contents
from harness.check.golden import LARGEST_NUMBER, Golden, read_golden
from harness.check.measured import UNSETTLED, refuse_unwritten, write_exhibit, write_measured
from harness.check.standard import Standard
from harness.check.status import Status
from harness.check.tolerance import Seeds, read_tolerances
from harness.errors import HarnessError
from harness.frames.cells import CELL_COLUMNS, tidy
from harness.frames.frame import Frame, frame_of
from tests.check.cells import Cells
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
    said = json.loads(record.read_text())
    assert said == {"seeds": [0], "sha256": hashlib.sha256(csv.read_bytes()).hexdigest()}
    assert golden.lines == read_contents(tmp_path / "smoke")["table1.csv"]
    assert golden.lines == {"accuracy": 18, "gap": 9}
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
        wanted = {*exhibit.pinned()} | {derived.quantity for derived in exhibit.derive}
        assert wanted | {UNSETTLED} <= set(rules), exhibit.id


RULES = '[accuracy]\nrule = "seeds"\nalpha = 0.05\nresolution = 0.5\nbasis = "b"\n'
ONE = {"neuron": "lif", "quantity": "q", "n": 5, "text": None, "unit": "", "why": ""}


def written(folder: Path, value: float, std: float, quantity: str = "q") -> Golden:
    """A cell as it is written, read again."""
    cells = pd.DataFrame([ONE | {"quantity": quantity, "value": value, "std": std}])
    write_measured(folder, "mine", "t.csv", cells, ["neuron"], [quantity], {})
    golden = read_golden(folder, "mine", "t.csv", ["neuron"])
    assert golden is not None
    return golden


@settings(deadline=None)  # it writes files
@given(
    value=st.floats(min_value=-LARGEST_NUMBER, max_value=LARGEST_NUMBER),
    std=st.floats(min_value=0, max_value=LARGEST_NUMBER),
)
@example(value=3.2e-8, std=1e-9)
@example(value=0.1 + 0.2, std=5e-324)
@example(value=-LARGEST_NUMBER, std=LARGEST_NUMBER)
def test_what_is_written_is_read_as_the_very_same_number(value: float, std: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        number = written(Path(folder), value, std).cells[0].number
    assert number is not None
    assert (number.value, number.std, number.n) == (value, std, 5)


@pytest.mark.parametrize(
    ("value", "status"),
    [(3.2e-8, Status.PASS), (3.9e-8, Status.PASS), (4.5e-8, Status.FAIL), (0.0, Status.FAIL)],
)
def test_small_numbers_are_held_against_themselves(
    tmp_path: Path, value: float, status: Status
) -> None:
    """8.04 × 1e-9 × √(1/1 + 1/5) is 8.8e-9."""
    golden = written(tmp_path, 3.2e-8, 1e-9)
    row = ONE | {"value": value, "std": math.nan, "n": 1}
    measured = Cells(("neuron",), tidy([row], ["neuron"], CELL_COLUMNS), [])
    (found,) = compare(measured, Standard(golden, None))
    assert found.status is status
    assert found.golden == "3.2e-08"


@pytest.mark.parametrize(("value", "std"), [(math.inf, 0.0), (-9e15, 0.0), (1.0, 1e308)])
def test_a_number_that_no_file_may_hold_is_refused(
    tmp_path: Path, value: float, std: float
) -> None:
    with pytest.raises(HarnessError, match="q at neuron lif is infinite, or larger than"):
        written(tmp_path, value, std)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [None, RULES, f"{RULES}\n\n", RULES.replace("\n", "\r\n")])
def test_a_quantity_without_a_rule_gets_one_with_its_basis(
    tmp_path: Path, before: str | None
) -> None:
    (tmp_path / "smoke").mkdir()
    if before:
        (tmp_path / "smoke/tolerances.toml").write_text("\ufeff" + before, newline="")
    frame = framed(FIVE)
    frame.cells.loc[0, "why"] = "seed 3: negative self-HSIC"
    wanted, of = ("accuracy", "gap"), {"gap": "accuracy"}
    paths = write_measured(
        tmp_path, "smoke", "t.csv", frame.cells, frame.index, wanted, {}, derived=of
    )
    assert paths[-1] == tmp_path / "smoke/tolerances.toml"
    rules = read_tolerances(tmp_path / "smoke", "golden/smoke")
    assert list(rules) == (["accuracy"] if before else ["unsettled", "accuracy"]) + (
        ["unsettled", "gap"] if before else ["gap"]
    )
    gap = rules["gap"]
    assert isinstance(gap, Seeds)
    assert (gap.alpha, gap.resolution) == ((0.05, 1.0) if before else (0.0013, 0.0))
    assert read_golden(tmp_path, "smoke", "t.csv", frame.index) is not None
    content = paths[-1].read_bytes()
    write_measured(tmp_path, "smoke", "t.csv", frame.cells, frame.index, wanted, {}, derived=of)
    assert paths[-1].read_bytes() == content


def test_words_get_the_exact_rule(tmp_path: Path) -> None:
    made = plan("tableD1")
    frame = frame_of(made.exhibits[0], SyntheticStore(made), {})
    write_measured(tmp_path, "smoke", "d.csv", frame.cells, frame.index, ("cell",), {})
    assert read_golden(tmp_path, "smoke", "d.csv", frame.index) is not None


@pytest.mark.parametrize(
    ("exhibit", "rules", "said"),
    [
        ("table1", "[accuracy]\n", "tolerances.toml:1: accuracy: "),
        ("table1", '[gap]\nrule = "unsettled"\nbasis = "b"\n', "gap: the rule must not be"),
        ("table1", '[unsettled]\nrule = "exact"\nbasis = "b"\n', "unsettled: the rule must be"),
        ("tableD1", "", "tableD1 has no numbers that depend on seeds"),
    ],
)
def test_what_no_golden_file_can_be_written_of_is_known_before(
    tmp_path: Path, exhibit: str, rules: str, said: str
) -> None:
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke/tolerances.toml").write_text(rules)
    with pytest.raises(HarnessError) as caught:
        refuse_unwritten(tmp_path, "smoke", plan(exhibit).exhibits[0])
    assert said in str(caught.value)


def test_a_broken_golden_file_is_no_hindrance_to_write_it_anew(tmp_path: Path) -> None:
    made = plan("table1", overrides=(FIVE,))
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke/table1.csv").write_text("broken")
    refuse_unwritten(tmp_path, "smoke", made.exhibits[0])
    write_exhibit(tmp_path, "smoke", made.exhibits[0], SyntheticStore(made, NOISE), {})
    golden = read_golden(tmp_path, "smoke", "table1.csv", framed(FIVE).index)
    assert golden is not None
    assert golden.quantities == ("accuracy", "gap")
