"""A plan as a user reads it: what is shared is named while it is little, and counted beyond."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from harness.app import open_project, surveyed
from harness.cli.list import list_rows
from harness.cli.plan import plan_record, print_plan
from harness.errors import HarnessError
from tests.synthetic import folders, library, plan


def said(tmp: Path, *names: str) -> str:
    project = open_project(folders(tmp), profile="smoke")
    console = Console(record=True, width=200)
    with console.capture() as captured:
        print_plan(surveyed(project, names), console, nodes=0)
    return captured.get()


def test_an_exhibit_says_with_which_others_it_shares_nodes(tmp_path: Path) -> None:
    lines = said(tmp_path, "fig3", "fig2", "table1").splitlines()
    fig3 = next(line for line in lines if line.startswith("fig3"))
    assert fig3.split()[:4] == ["fig3", "3", "0", "3"]  # nodes, stored, to do
    assert "shares 3 with fig2; shares 2 with table1" in fig3


def test_many_others_are_counted(tmp_path: Path) -> None:
    lines = said(tmp_path, "fig2", "fig3", "fig5", "fig8", "figC2").splitlines()
    assert "shares 6 with 4 others" in next(line for line in lines if line.startswith("fig2"))


def test_the_last_line_counts_every_node_once_by_kind(tmp_path: Path) -> None:
    text = said(tmp_path, "fig2", "fig3", "fig6")
    counted = text.split("to do: ")[-1].partition(" (")[0].split(", ")
    assert sorted(counted) == ["20 train", "3 time_cka", "9 cka"]


def test_how_many_nodes_are_left_after_sharing_is_said(tmp_path: Path) -> None:
    text = said(tmp_path, "fig2", "fig3", "fig6")
    assert "32 nodes: 36 asked for by 3 exhibits, each run once" in text
    assert "asked for by" not in said(tmp_path, "fig3")
    everything = said(tmp_path)
    count = len(plan(*library().exhibits, profile="smoke").nodes)
    assert f"{count} nodes: " in everything


def test_a_pattern_names_all_that_are_called_so(tmp_path: Path) -> None:
    library = open_project(folders(tmp_path), profile="smoke").library
    assert set(library.named(["table[12]", "tableD?", "table1"])) == {
        *("table1", "table2", "tableD1", "tableD2")
    }
    assert library.named(["nosuch"]) == ("nosuch",)  # which is told when it is looked for
    assert set(library.named(["*"])) == set(library.named([])) == set(library.exhibits)
    with pytest.raises(HarnessError, match="no exhibit is called so"):
        library.named(["table1", "x*"])


def test_measures_are_listed_once_each(tmp_path: Path) -> None:
    project = open_project(folders(tmp_path), profile="smoke")
    measures = {row["id"]: row["measure"] for row in list_rows(project.library)}
    assert measures["figA6"] == "cka, probe"
    assert measures["figC1"] == "cka"


def test_the_record_names_the_inputs_of_a_measurement(tmp_path: Path) -> None:
    project = open_project(folders(tmp_path), profile="smoke")
    nodes = plan_record(surveyed(project, ["fig3"]))["nodes"]
    assert [node["kind"] for node in nodes] == ["train", "train", "cka"]
    assert set(nodes[2]["inputs"].values()) == {nodes[0]["key"], nodes[1]["key"]}
