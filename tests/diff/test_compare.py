"""What counts as a difference, what only explains one, and what has no explanation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.diff.compare import Change, Difference, compare, read_results
from harness.diff.shown import record, sections, summary
from tests.diff.made import ENVIRONMENT, cell, claim, exhibit


def difference(tmp_path: Path, within: float = 0.0, **changed: Any) -> Difference:
    before = read_results(exhibit(tmp_path / "a"))
    return compare(before, read_results(exhibit(tmp_path / "b", **changed)), within=within)


def test_equal_results_differ_in_nothing(tmp_path: Path) -> None:
    found = difference(tmp_path)
    assert not found.differs
    assert found.same == 2
    assert (found.numbers, found.claims, found.verdicts) == ((), (), ())
    assert (found.settings, found.environment, found.specs) == ((), (), {})


def test_weaker_golden_values_have_a_section_of_their_own(tmp_path: Path) -> None:
    weak = [cell("20", 90.5, tolerance=50.0, basis="wide"), cell("38", 92.0)]
    found = difference(tmp_path, cells=weak)
    assert found.standards == (
        Change("accuracy, depth 20: tolerance", "0.5", "50.0", ("table1",)),
        Change("accuracy, depth 20: basis of the tolerance", "stated", "wide", ("table1",)),
    )
    assert (found.verdicts, found.numbers, found.same, found.differs) == ((), (), 2, True)
    assert "0 verdicts differ; 2 numbers the same; held against something else in 2 places" in (
        summary(found)
    )
    assert "What they are held against" in [one.title for one in sections(found)]
    assert len(record(found)["standards"]) == 2


# what is changed in B, and whether that is a difference of the results
CHANGES: list[tuple[str, dict[str, Any], bool]] = [
    ("a number", {"cells": [cell("20", 90.6), cell("38", 92.0)]}, True),
    ("a number that is no longer defined", {"cells": [cell("20", None), cell("38", 92.0)]}, True),
    ("a status", {"cells": [cell("20", 90.5, "FAIL"), cell("38", 92.0)]}, True),
    ("a word", {"cells": [cell("20", 90.5, text="3x3"), cell("38", 92.0)]}, True),
    ("one cell less", {"cells": [cell("20", 90.5)]}, True),
    ("one cell more", {"cells": [cell("20", 90.5), cell("38", 92.0), cell("56", 1.0)]}, True),
    ("the order of cells", {"cells": [cell("38", 92.0), cell("20", 90.5)]}, False),
    ("a claim's status", {"claims": [claim("FAIL", "0.2")]}, True),
    ("what a claim measured", {"claims": [claim("PASS", "-0.8")]}, False),
    ("one claim less", {"claims": []}, True),
    ("a golden value", {"cells": [cell("20", 90.5, golden="90.5"), cell("38", 92.0)]}, True),
    ("a tolerance", {"cells": [cell("20", 90.5, tolerance=50.0), cell("38", 92.0)]}, True),
    ("no tolerance", {"cells": [cell("20", 90.5, tolerance=None), cell("38", 92.0)]}, True),
    ("a basis", {"cells": [cell("20", 90.5, basis="wide"), cell("38", 92.0)]}, True),
    ("a predicate", {"claims": [claim("PASS", "-0.9", predicate="q is below 9")]}, True),
    ("a predicate's basis", {"claims": [claim("PASS", "-0.9", basis="wide")]}, True),
    ("whether a claim counts", {"claims": [claim("PASS", "-0.9", counted=False)]}, True),
    ("the set of golden values", {"golden": "mine"}, True),
    ("the verdict", {"word": "incomplete"}, True),
    ("a setting", {"spec": {"recipe": {"epochs": 3}}}, False),
    ("the machine", {"environment": ENVIRONMENT | {"harness": "0.2.0"}}, False),
]


@pytest.mark.parametrize(
    ("changed", "differs"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES]
)
def test_results_differ_where_they_say_something_else(
    changed: dict[str, Any], differs: bool, tmp_path: Path
) -> None:
    if changed.keys() == {"spec"}:  # of the node: the word is that of the file, too
        changed = {"nodes": [_node(changed["spec"])]}
    assert difference(tmp_path, **changed).differs == differs


def _node(spec: dict[str, Any]) -> dict[str, Any]:
    return {"key": "b" * 64, "stored": True, "environment": ENVIRONMENT, "spec": spec}


def test_within_a_margin_numbers_are_the_same(tmp_path: Path) -> None:
    changed = {"cells": [cell("20", 90.75), cell("38", 93.0)]}
    assert len(difference(tmp_path, 0.0, **changed).numbers) == 2
    (left,) = difference(tmp_path, 0.25, **changed).numbers
    assert left.levels == "depth 38"
    assert left.difference == 1.0


def test_an_exhibit_in_one_alone_is_a_difference(tmp_path: Path) -> None:
    before = read_results(exhibit(exhibit(tmp_path / "a"), "table2"))
    after = read_results(exhibit(exhibit(tmp_path / "b"), "table3"))
    found = compare(before, after)
    assert (found.only_before, found.only_after, found.common) == (
        ("table2",),
        ("table3",),
        ("table1",),
    )
    assert found.differs


def test_settings_are_those_of_the_runs_themselves(tmp_path: Path) -> None:
    other = {"recipe": {"epochs": 3}, "x": {"recipe": {"epochs": 9}}}
    found = difference(tmp_path, nodes=[_node(other)])
    assert found.settings == (Change("recipe.epochs", "2", "3", ("table1",)),)


def test_what_differs_alike_in_several_exhibits_is_told_once(tmp_path: Path) -> None:
    newer = ENVIRONMENT | {"packages": {"torch": "2.16.0"}}
    a = read_results(exhibit(exhibit(tmp_path / "a"), "table2"))
    folder = exhibit(tmp_path / "b", environment=newer)
    b = read_results(exhibit(folder, "table2", environment=newer))
    assert compare(a, b).environment == (
        Change("packages.torch", "2.15.0", "2.16.0", ("table1", "table2")),
    )


def test_other_numbers_under_the_same_keys_are_unexplained(tmp_path: Path) -> None:
    cells = [cell("20", 90.6), cell("38", 92.0)]
    assert difference(tmp_path, cells=cells).unexplained == ("table1",)
    new = [_node({"recipe": {"epochs": 3}})]
    assert difference(tmp_path, cells=cells, nodes=new).unexplained == ()


IN_BAND = cell("20", 90.5, "PASS", tolerance=0.007)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (IN_BAND, cell("20", 90.5, "IDLE", tolerance=4.4)),  # the spread of its golden line grew
        (IN_BAND, cell("20", 90.5, "FAIL", golden="80")),
        (IN_BAND, cell("20", 90.5, "UNEXPECTED", golden=None)),  # the line is gone
        (IN_BAND, cell("20", 90.5, "APART")),
        (cell("20", None, "MISSING"), None),  # a line that no run gave
    ],
)
def test_a_number_held_against_something_else_is_the_same_number(
    before: dict[str, Any], after: dict[str, Any] | None, tmp_path: Path
) -> None:
    a = read_results(exhibit(tmp_path / "a", cells=[before]))
    found = compare(a, read_results(exhibit(tmp_path / "b", cells=[after] if after else [])))
    assert (found.numbers, found.unexplained, found.same, found.differs) == ((), (), 1, True)
    (status,) = found.statuses
    assert status.before and status.before.status == before["status"]
    assert "0 numbers, 0 claims, 0 verdicts differ; 1 number the same, 1 of them" in summary(found)
    told = {one.title: one for one in sections(found)}
    assert f"({before['status']})" in told["Statuses of the same numbers"].rows[0][3]
    assert all("same keys" not in one.note for one in told.values())
    assert len(record(found)["statuses"]) == 1


def test_runs_that_are_not_stored_are_no_runs_that_do_not_repeat(tmp_path: Path) -> None:
    cells = [cell("20", None, "MISSING"), cell("38", 92.0)]
    found = difference(tmp_path, cells=cells, stored=False)
    assert (len(found.numbers), found.unexplained) == (1, ())


def test_the_files_of_specs_are_compared_line_by_line(tmp_path: Path) -> None:
    spec = {"file": "specs/paper/table1.toml", "text": 'id = "table1"\ntitle = "B"\n'}
    before = read_results(exhibit(tmp_path / "a"))
    exhibit(tmp_path / "b")
    _spec(tmp_path / "b/table1/provenance.json", spec)
    lines = compare(before, read_results(tmp_path / "b")).specs["table1"]
    assert lines[-2:] == ('-title = "A"', '+title = "B"')


def _spec(path: Path, spec: dict[str, str]) -> None:
    import json

    path.write_text(json.dumps(json.loads(path.read_text()) | {"spec": spec}))
