"""Every status, and the rules that no cell is compared by position and none gets lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.check.compare import CellResult, compare
from harness.check.golden import read_golden
from harness.check.standard import Standard
from harness.check.status import Status
from harness.errors import Faults, HarnessError
from harness.frames.frame import Frame, frame_of
from tests.synthetic import PROJECT, SyntheticStore, plan

INDEX = ("neuron", "depth", "width")
Results = dict[tuple[str, ...], CellResult]


def framed(store: SyntheticStore, failures: dict[str, str] | None = None) -> Frame:
    return frame_of(store.plan.exhibits[0], store, failures or {})


def held(frame: Frame, golden: Path = PROJECT / "golden") -> Results:
    """Quantity and levels → result against the published table."""
    read = read_golden(golden, "paper", "table1.csv", INDEX)
    found = compare(frame, Standard(read, read))
    return {(one.quantity, *one.levels.values()): one for one in found}


def table1() -> SyntheticStore:
    return SyntheticStore(plan("table1"))


def key_of(store: SyntheticStore, neuron: str, depth: int, width: int = 1) -> str:
    wanted = {"neuron": neuron, "depth": depth, "width": width}
    return next(p.key for p in store.plan.exhibits[0].points if dict(p.axes) == wanted)


def lines_of(folder: Path) -> list[str]:
    return (folder / "paper/table1.csv").read_text(encoding="utf-8").splitlines()


def rewrite(folder: Path, lines: list[str]) -> None:
    (folder / "paper/table1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_equal_numbers_pass_with_difference_tolerance_basis_and_place() -> None:
    results = held(framed(table1()))
    assert len(results) == 27
    assert {one.status for one in results.values()} == {Status.PASS}
    one = results["accuracy", "lif", "164", "1"]
    assert (one.golden, one.difference, one.tolerance) == ("92.05", 0.0, 0.5)
    assert one.basis.startswith("stated: one published run each")
    assert one.place == "Table 1, p. 6, depth 164"


@pytest.mark.parametrize(
    ("measured", "status"),
    [
        (91.56, Status.PASS),  # 0.5000000000000000 in decimal, a little more in binary
        (90.56, Status.PASS),
        (91.57, Status.FAIL),
        (90.55, Status.FAIL),
        (0.0, Status.FAIL),
    ],
)
def test_the_edge_of_the_tolerance_is_inside(measured: float, status: Status) -> None:
    store = table1()
    store.contents[key_of(store, "relu", 20)]["best_accuracy"] = measured
    one = held(framed(store))["accuracy", "relu", "20", "1"]
    assert one.status is status
    assert one.difference == pytest.approx(measured - 91.06)


def test_a_failed_run_is_missing_with_its_reason_in_all_its_cells() -> None:
    store = table1()
    key = key_of(store, "lif", 110)
    del store.contents[key]
    results = held(framed(store, {key: "diverged in epoch 3"}))
    for at in (("accuracy", "lif", "110", "1"), ("gap", "", "110", "1")):
        assert results[at].status is Status.MISSING
        assert "diverged in epoch 3" in results[at].sentence
    assert results["accuracy", "relu", "110", "1"].status is Status.PASS


def test_what_was_never_run_is_not_run() -> None:
    store = table1()
    del store.contents[key_of(store, "relu", 56)]
    one = held(framed(store))["accuracy", "relu", "56", "1"]
    assert one.status is Status.NOT_RUN
    assert one.sentence == "not run under this profile: nothing is stored under its key"


def test_a_golden_cell_that_no_point_of_the_grid_gives_is_missing(project: Path) -> None:
    golden = project / "golden"
    rewrite(golden, [*lines_of(golden), "accuracy,relu,74,1,92.85,Table 2"])
    one = held(framed(table1()), golden)["accuracy", "relu", "74", "1"]
    assert one.status is Status.MISSING
    assert one.why == "no run of the grid gives it"


def test_a_golden_row_that_vanished_is_unexpected(project: Path) -> None:
    golden = project / "golden"
    lines = lines_of(golden)
    rewrite(golden, [line for line in lines if ",relu,38," not in line])
    results = held(framed(table1()), golden)
    assert results["accuracy", "relu", "38", "1"].status is Status.UNEXPECTED
    assert len(results) == 27


@pytest.mark.parametrize("column", ["neuron", "depth", "width", "quantity", "value", "place"])
def test_a_golden_column_that_vanished_is_an_error(project: Path, column: str) -> None:
    golden = project / "golden"
    header = lines_of(golden)[0].split(",")
    cut = header.index(column)
    kept = [
        ",".join(f for i, f in enumerate(line.split(",", 5)) if i != cut)
        for line in lines_of(golden)
    ]
    rewrite(golden, kept)
    with pytest.raises(Faults, match=r"golden/paper/table1.csv:1: has n"):
        held(framed(table1()), golden)


def test_a_value_that_is_no_number_is_undefined_with_the_reason() -> None:
    store = table1()
    store.contents[key_of(store, "relu", 20)]["best_accuracy"] = float("nan")
    results = held(framed(store))
    one = results["accuracy", "relu", "20", "1"]
    assert one.status is Status.UNDEFINED
    assert one.sentence == "the value is undefined: seed 0: best_accuracy is nan"
    assert results["gap", "", "20", "1"].status is Status.UNDEFINED


def test_the_order_of_golden_lines_does_not_matter(project: Path) -> None:
    golden = project / "golden"
    lines = lines_of(golden)
    rewrite(golden, [lines[0], *reversed(lines[1:])])
    results = held(framed(table1()), golden)
    assert {one.status for one in results.values()} == {Status.PASS}


def test_two_swapped_golden_values_are_noticed(project: Path) -> None:
    golden = project / "golden"
    text = "\n".join(lines_of(golden))
    text = text.replace("relu,20,2,93.36", "relu,20,2,94.52", 1).replace(
        "relu,20,4,94.52", "relu,20,4,93.36", 1
    )
    rewrite(golden, text.splitlines())
    results = held(framed(table1()), golden)
    failed = [at for at, one in results.items() if one.status is Status.FAIL]
    assert failed == [("accuracy", "relu", "20", "2"), ("accuracy", "relu", "20", "4")]


def test_words_are_compared_as_words() -> None:
    made = plan("tableD1")
    store = SyntheticStore(made)
    store.contents[made.exhibits[0].points[0].key]["stages"][1]["text"] = "(3x3,16; 3x3,16)x4"
    frame = frame_of(made.exhibits[0], store, {})
    golden = read_golden(PROJECT / "golden", "paper", "tableD1.csv", ("depth", "stage"))
    results = compare(frame, Standard(golden, golden))
    assert [(one.levels["depth"], one.levels["stage"], one.status) for one in results][:3] == [
        ("20", "conv1", Status.PASS),
        ("20", "block1", Status.FAIL),
        ("20", "block2", Status.PASS),
    ]
    assert len(results) == 30  # sizes are additional: the golden file does not have them


def test_without_golden_nothing_has_a_status_and_the_published_number_is_shown() -> None:
    store = table1()
    published = read_golden(PROJECT / "golden", "paper", "table1.csv", INDEX)
    results = compare(framed(store), Standard(None, published, "for a reason"))
    assert {one.status for one in results} == {Status.NOT_COMPARED}
    assert results[0].published == "91.06"
    assert results[0].golden == ""
    assert results[0].sentence == "not compared: for a reason"


def test_a_line_may_name_a_rule_of_its_own(tmp_path: Path) -> None:
    """A network that collapsed is not held as closely as one that trains."""
    golden = tmp_path / "golden"
    shutil.copytree(PROJECT / "golden", golden)
    header, first, *rest = lines_of(golden)
    named = [f"{header},rule", f"{first},collapsed_accuracy", *(f"{line}," for line in rest)]
    rewrite(golden, named)
    store = table1()
    for depth in (20, 38):
        store.contents[key_of(store, "relu", depth)]["best_accuracy"] -= 10
    results = held(framed(store), golden)
    loose, close = (results["accuracy", "relu", depth, "1"] for depth in ("20", "38"))
    assert (loose.status, loose.tolerance) == (Status.PASS, 15.0)
    assert (close.status, close.tolerance) == (Status.FAIL, 0.5)
    rewrite(golden, [line.replace("collapsed_accuracy", "colapsed_accuracy") for line in named])
    with pytest.raises(HarnessError, match="has no rule 'colapsed_accuracy'"):
        held(framed(store), golden)


def test_a_cell_that_was_unsettled_when_measured_is_not_compared(tmp_path: Path) -> None:
    """Whatever it is now, a number or undefined: there is no value that it could leave."""
    golden = tmp_path / "golden"
    shutil.copytree(PROJECT / "golden", golden)
    header, first, *rest = lines_of(golden)
    index = header.split(",").index("value")
    fields = first.split(",")
    fields[index] = ""
    said = "undefined: seed 3: negative self-HSIC"
    emptied = [f"{','.join(fields)},{said},unsettled", *(f"{line},," for line in rest)]
    rewrite(golden, [f"{header},text,rule", *emptied])
    with (golden / "paper/tolerances.toml").open("a", encoding="utf-8") as rules:
        rules.write('\n[unsettled]\nrule = "unsettled"\nbasis = "some seeds are undefined"\n')
    cell = ("accuracy", "relu", "20", "1")
    store = table1()
    assert held(framed(store), golden)[cell].status is Status.NOT_COMPARED
    store.contents[key_of(store, "relu", 20)]["best_accuracy"] = float("nan")
    found = held(framed(store), golden)[cell]
    assert found.status is Status.NOT_COMPARED
    assert said in found.sentence
