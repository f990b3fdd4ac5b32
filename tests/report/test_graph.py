"""The plan of an exhibit: every run once, after those that it needs."""

from __future__ import annotations

from harness.report.graph import plan_graph
from tests.synthetic import plan


def test_trainings_then_maps_then_the_exhibit() -> None:
    made = plan("fig3")
    (planned,) = made.exhibits
    stored = planned.nodes[:1]
    graph = plan_graph(planned, made, stored, planned.nodes[1:2])
    assert [node.state for node in graph.nodes] == ["stored", "failed", "absent", "exhibit"]
    columns = [float(node.x) for node in graph.nodes]
    assert columns[0] == columns[1] < columns[2] < columns[3]
    assert graph.nodes[-1].label == "fig3"
    assert graph.edges.count("M") == 3
    assert graph.said == "2 runs, then 1 run, for fig3"


def test_a_table_rests_on_its_trainings_alone() -> None:
    made = plan("table1")
    (planned,) = made.exhibits
    graph = plan_graph(planned, made, (), ())
    assert graph.said == "18 runs, for table1"
    assert graph.edges.count("M") == 18
    heights = [node.y for node in graph.nodes[:-1]]
    assert len(set(heights)) == 18
