"""The same difference on a terminal, as Markdown and as JSON: nothing lost, nothing interpreted."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from harness.diff.compare import Difference, compare, read_results
from harness.diff.shown import MOST, markdown, print_text, record, sections, summary, told
from harness.terminal.output import table
from tests.diff.made import ENVIRONMENT, cell, claim, exhibit

HOSTILE = "a|b <script>alert(1)</script> [red]x[/red] `tick` *star*"


@pytest.fixture
def found(tmp_path: Path) -> Difference:
    """Two folders that differ in everything, with text that must stay text."""
    many = [cell(str(depth), 50.0) for depth in range(100)]
    before = read_results(exhibit(tmp_path / "a", cells=many))
    exhibit(
        tmp_path / "b",
        cells=[cell(str(depth), 50.0 + depth) for depth in range(100)],
        claims=[claim("FAIL", HOSTILE)],
        word="not reproduced",
        environment=ENVIRONMENT | {"processor": HOSTILE},
    )
    return compare(before, read_results(tmp_path / "b"))


def text_of(found: Difference) -> str:
    out = io.StringIO()
    print_text(told(found), Console(file=out, width=200), table)
    return out.getvalue()


def test_each_form_says_everything_once(found: Difference) -> None:
    assert summary(found) == (
        "1 exhibit in both: 99 numbers, 1 claim, 1 verdict differ; 1 number the same"
    )
    for form in (text_of(found), markdown(told(found))):
        for word in ("Verdicts", "Claims", "Numbers", "Environment", "reproduced", "processor"):
            assert word in form
        assert "79 of table1" in form  # left out, the largest were told
        assert "+99" in form
        assert "have the same keys in A and B" in form


def test_a_tolerance_has_as_many_digits_as_tell(tmp_path: Path) -> None:
    long = [cell("20", 90.5, tolerance=0.007053303330341701)]
    before = read_results(exhibit(tmp_path / "a", cells=long))
    for other, a, b in (
        (4.402512345678901, "0.0070533", "4.40251"),
        (0.007053303330341702, "0.007053303330341701", "0.007053303330341702"),
    ):
        exhibit(tmp_path / "b", cells=[cell("20", 90.5, tolerance=other)])
        said = text_of(compare(before, read_results(tmp_path / "b")))
        assert re.search(rf"tolerance +{a} +{b} ", said), said
        assert "(smoke, 1 exhibit)" in said


def test_the_largest_differences_come_first(found: Difference) -> None:
    numbers = next(one for one in sections(found) if one.title == "Numbers")
    assert len(numbers.rows) == MOST
    assert [row[-1] for row in numbers.rows[:3]] == ["+99", "+98", "+97"]


def test_text_is_neither_markup_nor_a_new_cell(found: Difference) -> None:
    assert "[red]x[/red]" in text_of(found)
    shown = markdown(told(found))
    assert "<script>" not in shown.replace("\\<", "")
    for line in shown.splitlines():
        if line.startswith(("| table1 | falls", "| processor")):
            assert line.replace("\\|", "").count("|") == 5


def test_json_leaves_nothing_out(found: Difference) -> None:
    said = json.loads(json.dumps(record(found), allow_nan=False))
    assert said["differs"] is True
    assert len(said["numbers"]) == 99
    assert said["numbers"][0]["difference"] == 1.0
    assert said["unexplained"] == ["table1"]
    assert said["environment"][0]["after"] == HOSTILE


CALLING = "@everyone see https://evil.example/x or www.evil.example, #12, `` ` `` a@b.c"


def test_markdown_calls_nobody_and_leads_nowhere(tmp_path: Path) -> None:
    """GitHub looks for names and addresses in all but code, whatever was escaped."""
    before = read_results(exhibit(tmp_path / "a"))
    exhibit(tmp_path / "b", word=CALLING, environment=ENVIRONMENT | {"processor": CALLING})
    shown = markdown(told(compare(before, read_results(tmp_path / "b"))))
    assert shown.count("@everyone") >= 2
    bare = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", shown)  # without code
    assert not re.search(r"@\w|://|www\.", bare), bare
    assert max(line.replace("\\|", "").count("|") for line in shown.splitlines()) == 5


def test_a_comment_begins_with_the_verdict_and_folds_every_table(
    found: Difference, tmp_path: Path
) -> None:
    first, *_ = markdown(told(found)).splitlines()
    assert first.startswith("**Different.** 1 exhibit in both: 99 numbers, 1 claim, 1 verdict")
    assert len(first) < 200
    shown = markdown(told(found))
    assert shown.count("<details>") == shown.count("</details>") == len(list(sections(found)))
    unfolded = re.sub(r"<details>.*?</details>", "", shown, flags=re.DOTALL)
    assert "|" not in unfolded
    same = read_results(tmp_path / "a")
    assert markdown(told(compare(same, same))).startswith("**No difference.** 1 exhibit in both")


def test_a_comment_fits_and_counts_what_was_cut(tmp_path: Path) -> None:
    """GitHub refuses a comment of more than 65,536 characters."""
    names = [f"exhibit-{number}" for number in range(300)]
    for name in names:
        exhibit(tmp_path / "a", name, cells=[cell(str(one), 1.0) for one in range(10)])
        exhibit(tmp_path / "b", name, cells=[cell(str(one), 2.0) for one in range(10)])
    exhibit(tmp_path / "b", names[0], spec={"file": "x.toml", "text": "a = 1\n" * 20_000})
    for number in range(40):
        exhibit(tmp_path / "b", f"new-{number}")
    shown = markdown(told(compare(read_results(tmp_path / "a"), read_results(tmp_path / "b"))))
    assert len(shown) < 65_536
    assert len(shown.splitlines()[0]) < 250
    assert shown.count("<details>") == shown.count("</details>")
    rows = sum(line.startswith("| exhibit-") for line in shown.splitlines())
    said = re.findall(r"Cut here, in --json: ([\d,]+) more", shown)
    cut = [int(one.replace(",", "")) for one in said]
    assert len(cut) == 2  # of the numbers and of the spec
    assert rows + cut[0] == 299 * 10 + 12
