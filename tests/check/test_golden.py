"""Golden files are read strictly: each fault with its line, all of them at once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.check.golden import FIELDS, level_text, read_golden, read_table
from harness.errors import Faults, HarnessError
from tests.synthetic import library

INDEX = ("neuron", "depth")
HEAD = "quantity,neuron,depth,value,std,n,place"
GOOD = "accuracy,relu,20,91.06,0.2,5,Table 1"
RULES = '[accuracy]\nrule = "margin"\nvalue = 0.5\nbasis = "stated"\n'


def write(folder: Path, *lines: str, rules: str = RULES) -> Path:
    place = folder / "golden" / "paper"
    place.mkdir(parents=True)
    (place / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (place / "tolerances.toml").write_text(rules, encoding="utf-8")
    return folder / "golden"


def test_a_good_file_keeps_the_printed_text(tmp_path: Path) -> None:
    golden = read_golden(
        write(tmp_path, HEAD, "accuracy,relu,20,93.00,,,p. 6"), "paper", "t.csv", INDEX
    )
    assert golden is not None
    number = golden.cells[0].number
    assert number is not None
    assert (number.text, number.value, number.std, number.n) == ("93.00", 93.0, None, None)
    assert golden.cells[0].index == ("relu", "20")


def test_a_set_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_golden(write(tmp_path, HEAD, GOOD), "smoke", "t.csv", INDEX) is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((HEAD.replace("depth", "dept"), GOOD), "t.csv:1: 'dept' is neither an axis"),
        ((HEAD.replace("depth", "dept"), GOOD), "did you mean 'depth'?"),
        ((HEAD + ",note", GOOD + ",x"), "t.csv:1: 'note' is neither an axis"),
        ((HEAD + ",n", GOOD + ",5"), "t.csv:1: the column 'n' stands twice"),
        (("quantity,neuron,depth,place", "a,b,c,d"), "neither a column 'value' nor 'text'"),
        ((HEAD,), "t.csv:1: holds no values"),
        ((HEAD, GOOD, GOOD), "t.csv:3: the cell of line 2 again"),
        ((HEAD, GOOD + ",more"), "t.csv:2: 8 fields, the header has 7"),
        (
            (HEAD, GOOD.replace("91.06", "nan")),
            "t.csv:2: value is not a decimal number (got 'nan')",
        ),
        ((HEAD, GOOD.replace("91.06", "9e1")), "t.csv:2: value is not a decimal number"),
        ((HEAD, GOOD.replace("91.06", "9" * 400)), "t.csv:2: value is not a decimal number"),
        ((HEAD, GOOD.replace("0.2", "9" * 308)), "t.csv:2: std is not a decimal number"),
        ((HEAD, GOOD.replace(",5,", f",{'9' * 300},")), "t.csv:2: n is not a decimal number"),
        ((HEAD, GOOD.replace(",5,", ",10001,")), "t.csv:2: n must be a whole number from 1 to 10,"),
        ((HEAD, GOOD.replace("91.06", "91,06")), "t.csv:2: 8 fields"),
        ((HEAD, GOOD.replace("91.06", "")), "t.csv:2: must have either a value or a text"),
        ((HEAD, GOOD.replace("0.2", "-0.2")), "t.csv:2: std must not be negative"),
        ((HEAD, GOOD.replace(",5,", ",0,")), "t.csv:2: n must be a whole number from 1"),
        ((HEAD, GOOD.replace("Table 1", "")), "t.csv:2: has no place"),
        ((HEAD, GOOD.removeprefix("accuracy")), "t.csv:2: has no quantity"),
        ((HEAD, 'accuracy,"relu,20'), "t.csv: is no CSV"),
    ],
)
def test_each_fault_has_its_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        read_golden(write(tmp_path, *lines), "paper", "t.csv", INDEX)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("unsettled", "t.csv names the rule unsettled for accuracy, which is for values measured"),
        ("acuracy", "has no rule 'acuracy', which golden/paper/t.csv names for accuracy – did you"),
    ],
)
def test_a_rule_that_a_line_names_is_no_quantity(tmp_path: Path, rule: str, said: str) -> None:
    golden = write(tmp_path, f"{HEAD},rule", f"{GOOD},{rule}")
    with pytest.raises(HarnessError) as caught:
        read_golden(golden, "paper", "t.csv", INDEX)
    assert caught.value.where == "golden/paper/tolerances.toml"
    assert said in str(caught.value)
    assert "the quantity" not in str(caught.value)


SEEDS = "quantity,neuron,depth,value,std,n,seeds,place"
KEPT = "accuracy,relu,20,95.0,0.7071067812,2,0:94.5 1:95.5,here"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("1:95.5", "1=95.5", "not a seed with its number ('1=95.5')"),
        ("1:95.5", "01:95.5", "not a seed with its number ('01:95.5')"),
        ("1:95.5", "1:nan", "not a seed with its number ('1:nan')"),
        ("1:95.5", "0:95.5", "seed 0 stands twice"),
        ("0:94.5 1:95.5", f"0:-{'9' * 400} 1:{'9' * 400}", "not a seed with its number ('0:-99"),
        ("0:94.5 1:95.5", f"0:{'9' * 308} 1:{'9' * 308}", "not a seed with its number ('0:99"),
        ("1:95.5", "1:1e200", "not a seed with its number ('1:1e200')"),
        ("1:95.5", "1:95.6", "2 with the mean 95.05; the line says 2 and 95"),
        (",2,", ",3,", "2 with the mean 95; the line says 3 and 95"),
        ("0.7071067812", "0.5", "they spread by 0.707106781; the line says 0.5"),
    ],
)
def test_seeds_that_are_not_those_of_their_line_are_refused(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    golden = read_golden(write(tmp_path, SEEDS, KEPT), "paper", "t.csv", INDEX)
    assert golden is not None
    assert golden.cells[0].seeds == {0: 94.5, 1: 95.5}
    shutil.rmtree(tmp_path / "golden")
    with pytest.raises(HarnessError, match=re.escape(f"t.csv:2: seeds: {said}")):
        read_golden(write(tmp_path, SEEDS, KEPT.replace(right, wrong)), "paper", "t.csv", INDEX)


def test_a_measured_file_may_have_exponents(tmp_path: Path) -> None:
    folder = write(tmp_path, HEAD, GOOD.replace("91.06,0.2", "3.2e-08,1E-9"))
    (folder / "paper").rename(folder / "smoke")
    golden = read_golden(folder, "smoke", "t.csv", INDEX)
    assert golden is not None
    number = golden.cells[0].number
    assert number is not None
    assert (number.value, number.std, golden.cells[0].shown) == (3.2e-8, 1e-9, "3.2e-08")


@pytest.mark.parametrize(
    "value",
    ["1e999", "inf", "nan", "1e", "e5", "٣", "0x1p3", " 1", "1_0", "9" * 400, "1e-9999", "9e15"],
)
def test_a_measured_file_has_finite_numbers(tmp_path: Path, value: str) -> None:
    folder = write(tmp_path, HEAD, GOOD.replace("91.06", value))
    (folder / "paper").rename(folder / "smoke")
    with pytest.raises(HarnessError, match=r"t.csv:2: value is not a decimal number"):
        read_golden(folder, "smoke", "t.csv", INDEX)


def test_all_faults_of_a_file_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("91.06", "x")
    with pytest.raises(Faults) as caught:
        read_golden(write(tmp_path, HEAD, bad, bad.replace("20", "38")), "paper", "t.csv", INDEX)
    assert [fault.where for fault in caught.value.faults] == [
        "golden/paper/t.csv:2",
        "golden/paper/t.csv:3",
    ]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            '[gap]\nrule = "margin"\nvalue = 1.0\nbasis = "b"\n',
            "has no rule for the quantity 'accuracy'",
        ),
        (
            '[accuracy]\nrule = "seeds"\nalpha = 0.05\nbasis = "b"\n',
            "the rule seeds needs std and n > 1",
        ),
        (
            '[accuracy]\nrule = "margin"\nvalue = 1.0\n',
            "tolerances.toml:1: accuracy.basis: is missing",
        ),
        (
            '[accuracy]\nrule = "unsettled"\nbasis = "b"\n',
            "the rule unsettled is for cells without a value",
        ),
        ('[accuracy]\nrule = "margin"\nvalue = -1.0\nbasis = "b"\n', "tolerances.toml:3"),
        ('[accuracy]\nrule = "close"\nbasis = "b"\n', "tolerances.toml"),
    ],
)
def test_each_quantity_needs_a_rule_that_it_can_be_put_to(
    tmp_path: Path, rules: str, said: str
) -> None:
    line = "accuracy,relu,20,91.06,,,Table 1"
    with pytest.raises(HarnessError) as caught:
        read_golden(write(tmp_path, HEAD, line, rules=rules), "paper", "t.csv", INDEX)
    assert said in str(caught.value)


def test_words_need_the_exact_rule(tmp_path: Path) -> None:
    lines = ("quantity,neuron,depth,text,place", "accuracy,relu,20,ninety,Table 1")
    with pytest.raises(HarnessError, match="words are compared by the rule exact"):
        read_golden(write(tmp_path, *lines), "paper", "t.csv", INDEX)


@pytest.mark.parametrize(
    ("value", "text"), [(20, "20"), ("lif", "lif"), (None, ""), (float("nan"), "")]
)
def test_levels_as_golden_files_write_them(value: object, text: str) -> None:
    assert level_text(value) == text


def test_no_exhibit_has_an_axis_with_the_name_of_a_field() -> None:
    exhibits = library().exhibits.values()
    taken = {one.id: set(FIELDS) & {*one.varied(), *one.added()} for one in exhibits}
    assert not {name: axes for name, axes in taken.items() if axes}


PLAIN = "quantity,depth,value,place\naccuracy,20,91.06,Table 1\n"
READ = [(1, ["quantity", "depth", "value", "place"]), (2, ["accuracy", "20", "91.06", "Table 1"])]


def table(folder: Path, raw: bytes) -> list[tuple[int, list[str]]]:
    path = folder / "t.csv"
    path.write_bytes(raw)
    return read_table(path, "golden/paper/t.csv")


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r\n").encode("utf-8-sig"),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.rstrip().encode(),
        f"{PLAIN}\n\n".encode(),
        f"{PLAIN},,,\r\n,,,\r\n".encode(),
        PLAIN.replace("quantity", '"quantity"').replace("Table 1", '"Table 1"').encode("utf-8-sig"),
    ],
    ids=["plain", "mark", "CRLF", "Excel", "CR", "no end", "empty lines", "empty rows", "quoted"],
)
def test_what_editors_save_is_the_same_table(tmp_path: Path, raw: bytes) -> None:
    assert table(tmp_path, raw) == READ


def test_a_row_stands_on_the_line_where_it_begins(tmp_path: Path) -> None:
    found = table(tmp_path, b'a,b\n"1\n2",3\n\n4,5\n')
    assert found == [(1, ["a", "b"]), (2, ["1\n2", "3"]), (5, ["4", "5"])]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (PLAIN.encode("utf-16"), "t.csv: is UTF-16 or UTF-32 text – save it as UTF-8"),
        (PLAIN.encode("utf-16-le"), "t.csv: is UTF-16 or UTF-32 text"),
        (PLAIN.encode("utf-16-be"), "t.csv: is UTF-16 or UTF-32 text"),
        (PLAIN.encode("utf-32"), "t.csv: is UTF-16 or UTF-32 text"),
        ("a,b\n1,é\n".encode("latin-1"), "t.csv:2: is not UTF-8 text – save it as UTF-8"),
        (PLAIN.replace(",", ";").encode(), "t.csv:1: its fields are separated by ';' – save it"),
        (PLAIN.replace(",", "\t").encode(), r"t.csv:1: its fields are separated by '\t'"),
        (b"", "t.csv:1: holds no values"),
        (b"\xef\xbb\xbf\r\n", "t.csv:1: holds no values"),
    ],
)
def test_what_is_no_such_table_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        table(tmp_path, raw)
    assert said in str(caught.value)


OWNER = """\
quantity,neuron,depth,width,value,place
accuracy,relu,20,1,91.06,Table 1
accuracy,lif,20,1,89.67,Table 1
accuracy,lif,20,2,92.00,Table 1
gap,,20,1,1.39,Table 1
"""
FIG_8 = "quantity,neuron,epsilon,value,same_as,place"
TO_LIF = "table1.csv accuracy neuron=lif depth=20 width=1"
MARGIN = '[attack_accuracy]\nrule = "margin"\nvalue = 3.0\nbasis = "stated"\n'


def borrow(folder: Path, *lines: str):
    paper = folder / "golden" / "paper"
    paper.mkdir(parents=True)
    (paper / "table1.csv").write_text(OWNER, encoding="utf-8")
    (paper / "fig8.csv").write_text("\n".join((FIG_8, *lines)) + "\n", encoding="utf-8")
    (paper / "tolerances.toml").write_text(MARGIN, encoding="utf-8")
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


def test_a_file_that_many_lines_refer_to_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(path: Path, shown: str) -> Any:
        read.append(path.name)
        return read_table(path, shown)

    monkeypatch.setattr("harness.check.golden.read_table", counted)
    golden = borrow(tmp_path, *(f"attack_accuracy,lif,{n},,{TO_LIF},Fig. 8" for n in range(200)))
    assert golden is not None and {cell.shown for cell in golden.cells} == {"89.67"}
    assert read == ["fig8.csv", "table1.csv"]


def test_the_same_line_twice_in_the_owner_is_no_answer(tmp_path: Path) -> None:
    twice = OWNER + "accuracy,lif,20,1,89.63,Table 2\n"
    paper = tmp_path / "golden" / "paper"
    paper.mkdir(parents=True)
    (paper / "table1.csv").write_text(twice, encoding="utf-8")
    (paper / "fig8.csv").write_text(f"{FIG_8}\nattack_accuracy,lif,0,,{TO_LIF},Fig. 8\n")
    with pytest.raises(Faults, match=r"2 such lines in table1\.csv"):
        read_golden(tmp_path / "golden", "paper", "fig8.csv", ("neuron", "epsilon"))
