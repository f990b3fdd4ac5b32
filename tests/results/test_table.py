"""`harness table`: what stands in the report, for a paper or a spreadsheet."""

from __future__ import annotations

import csv
import io
import re

import pytest

from harness.report import tabulated
from harness.report.results import assess
from tests.results.conftest import Harness, Study
from tests.synthetic import PROJECT, SyntheticStore, library, plan


def numbers(text: str) -> list[str]:
    return re.findall(r"\b\d+\.\d{2}\b", text)


def test_every_form_has_the_numbers_that_are_stored(study: Study, harness: Harness) -> None:
    made = {
        one.spec["neuron"]["kind"]: one.numbers["best_accuracy"]  # type: ignore[call-overload,index]
        for one in study.store.manifests()
        if one.kind == "train"
    }
    wanted = {f"{value:.2f}" for value in made.values()}
    for form in ("", "--latex", "--markdown"):
        said = harness(f"table pair {form}")
        assert said.code == 0, said.err
        assert wanted <= set(numbers(said.out))
    rows = list(csv.DictReader(io.StringIO(harness("table pair --csv").out)))
    found = {row["neuron"]: float(row["value"]) for row in rows if row["quantity"] == "accuracy"}
    assert found == made


def test_latex_is_escaped_and_ruled(harness: Harness) -> None:
    said = harness("table pair --latex").out
    assert r"\caption{Two networks, 100 \% \& more" in said
    assert r"\label{tab:pair}" in said
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert said.count(rule) == 1
    body = said[said.index(r"\toprule") : said.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    spans = [sum(int(n) - 1 for n in re.findall(r"multicolumn\{(\d+)\}", row)) for row in rows]
    cells = {row.count("&") + more for row, more in zip(rows, spans, strict=True)}
    assert cells == {3}
    assert said.isascii()
    head, below = body.split(r"\midrule")
    table = [line for line in harness("table pair --markdown").out.splitlines() if line[:1] == "|"]
    assert not numbers(head)
    assert numbers(below) == numbers("".join(table))
    assert len([line for line in below.splitlines() if line.endswith(r"\\")]) == len(table) - 2


def test_published_values_and_intervals_stand_beside_ours() -> None:
    planned = plan("table1", overrides=("seed=0,1,2",))
    store = SyntheticStore(planned, {0: -0.5, 1: 0.0, 2: 0.5})
    profile = library().profile("paper")
    (one,) = assess(planned, profile, store, [PROJECT / "golden"], {})
    rows = list(csv.DictReader(io.StringIO(tabulated.csv(one))))
    (row,) = (r for r in rows if (r["neuron"], r["depth"], r["width"]) == ("lif", "20", "1"))
    assert (row["published"], row["n"]) == ("89.67", "3")
    assert float(row["value"]) == pytest.approx(89.67)
    assert float(row["low"]) < 89.67 < float(row["high"])
    lines = tabulated.markdown(one).splitlines()
    snn = [line for line in lines if line.startswith("| SNN | ")]
    assert [line.split(" | ")[1] for line in snn[:3]] == ["here", "90 % interval", "published"]
    assert "| 89.67 ± 0.50 |" in snn[0]
    assert r"89.67 $\pm$ 0.50" in tabulated.latex(one)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("table", "no exhibit is named"),
        ("table pair --latex --csv", "exclude each other"),
        ("table pare", "no such exhibit"),
        ("table pair --store new", "has no numbers: nothing of it is stored"),
    ],
)
def test_what_is_no_table_is_told(line: str, said: str, harness: Harness) -> None:
    found = harness(line)
    assert (found.code, said in found.err) == (2, True)


def test_what_is_missing_is_said_beside_the_table(harness: Harness) -> None:
    found = harness("table more --csv")
    assert found.code == 0
    assert (
        "more: 2 of 4 runs not stored, so cells are empty; python -m harness reproduce more "
        in found.err
    )
    assert len(list(csv.DictReader(io.StringIO(found.out)))) >= 2
