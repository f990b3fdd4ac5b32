"""A number that two exhibits print stands in one file; the other points at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.check.golden import read_golden
from harness.errors import Faults

OWNER = """\
quantity,neuron,depth,width,value,place
accuracy,relu,20,1,91.06,Table 1
accuracy,lif,20,1,89.67,Table 1
accuracy,lif,20,2,92.00,Table 1
gap,,20,1,1.39,Table 1
"""
HEAD = "quantity,neuron,epsilon,value,same_as,place"
TO_LIF = "table1.csv accuracy neuron=lif depth=20 width=1"
RULES = '[attack_accuracy]\nrule = "margin"\nvalue = 3.0\nbasis = "stated"\n'


def borrow(folder: Path, *lines: str):
    paper = folder / "golden" / "paper"
    paper.mkdir(parents=True)
    (paper / "table1.csv").write_text(OWNER, encoding="utf-8")
    (paper / "fig8.csv").write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8")
    (paper / "tolerances.toml").write_text(RULES, encoding="utf-8")
    return read_golden(folder / "golden", "paper", "fig8.csv", ("neuron", "epsilon"))


@pytest.mark.parametrize(
    ("reference", "printed"),
    [
        (TO_LIF, "89.67"),
        ("table1.csv accuracy width=2 depth=20 neuron=lif", "92.00"),
        ("table1.csv gap depth=20 width=1", "1.39"),
    ],
)
def test_the_value_is_lent_as_printed_and_the_place_is_its_own(
    tmp_path: Path, reference: str, printed: str
) -> None:
    golden = borrow(tmp_path, f"attack_accuracy,lif,0,,{reference},Fig. 8")
    assert golden is not None
    assert golden.cells[0].shown == printed
    assert golden.cells[0].place == "Fig. 8"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,lif,0,,table2.csv accuracy neuron=lif,F", "fig8.csv:2: same_as: no file 'table2.csv'"),
        ("a,lif,0,,table1.csv accuracy neuron=lif,F", "no such lines in table1.csv"),
        (f"a,lif,0,,{TO_LIF} epsilon=0,F", "no such lines in table1.csv"),
        ("a,lif,0,,table1.csv,F", "same_as: not a reference (got 'table1.csv')"),
        ("a,lif,0,,table1.csv accuracy lif 20,F", "write it as: table1.csv accuracy neuron=lif"),
        (f"a,lif,0,89.67,{TO_LIF},F", "must have either a value or a text, or say same_as"),
        (
            f"a,lif,0,,fig8.csv a neuron=lif epsilon=0,F\na,relu,0,,{TO_LIF},F",
            "no value of its own",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(Faults) as caught:
        borrow(tmp_path, *line.splitlines())
    assert said in str(caught.value)


def test_the_same_line_twice_in_the_owner_is_no_answer(tmp_path: Path) -> None:
    twice = OWNER + "accuracy,lif,20,1,89.63,Table 2\n"
    paper = tmp_path / "golden" / "paper"
    paper.mkdir(parents=True)
    (paper / "table1.csv").write_text(twice, encoding="utf-8")
    (paper / "fig8.csv").write_text(f"{HEAD}\nattack_accuracy,lif,0,,{TO_LIF},Fig. 8\n")
    with pytest.raises(Faults, match=r"2 such lines in table1\.csv"):
        read_golden(tmp_path / "golden", "paper", "fig8.csv", ("neuron", "epsilon"))
