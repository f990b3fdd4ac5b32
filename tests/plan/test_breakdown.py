"""What exhibits cost together is what they add one after another; what is measured comes first."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from harness.plan.breakdown import by_basis, exhibit_costs, throughputs
from harness.plan.cost import Basis, Estimate, Past, disk_bytes, estimate

from harness.plan.expand import Plan
from tests.synthetic import plan

SHARING = ("fig3", "fig2", "table1")  # fig3 is part of fig2, which shares trainings with table1


def smoke(*names: str) -> Plan:
    return plan(*names, profile="smoke")


def stated(made: Plan) -> Mapping[str, Estimate]:
    return estimate(made.nodes.values(), [])


def sizes(made: Plan) -> Mapping[str, int]:
    return {key: disk_bytes(node) for key, node in made.nodes.items()}


def test_the_dearest_is_first_and_what_they_add_sums_to_the_plan() -> None:
    made = smoke(*SHARING)
    found = exhibit_costs(made, stated(made), sizes(made))
    assert {one.exhibit for one in found} == set(SHARING)
    assert all(before.alone_s >= after.alone_s for before, after in pairwise(found))
    assert found[0].exhibit != SHARING[0]
    total = sum(one.seconds for one in stated(made).values())
    assert sum(one.added_s for one in found) == pytest.approx(total)
    assert sum(one.alone_s for one in found) > 1.1 * total
    assert found[0].added_s == found[0].alone_s


def test_what_is_shared_is_counted_at_the_cheaper_exhibit() -> None:
    made = smoke(*SHARING)
    found = {one.exhibit: one for one in exhibit_costs(made, stated(made), sizes(made))}
    fig3 = found["fig3"]
    assert (fig3.nodes, fig3.trainings) == (3, 2)
    assert (fig3.shared_nodes, fig3.shared_trainings, fig3.added_s) == (3, 2, 0)
    shared = sum(one.shared_nodes for one in found.values())
    assert shared == sum(one.nodes for one in found.values()) - len(made.nodes)


def test_an_exhibit_costs_alone_what_it_costs_without_the_others() -> None:
    made, own = smoke(*SHARING), smoke("fig2")
    (alone,) = exhibit_costs(own, stated(own), sizes(own))
    found = {one.exhibit: one for one in exhibit_costs(made, stated(made), sizes(made))}
    assert found["fig2"].alone_s == pytest.approx(alone.alone_s)
    assert found["fig2"].disk_bytes == alone.disk_bytes == sum(sizes(own).values())


def test_slowest_and_fastest_are_those_of_its_trainings() -> None:
    made = smoke("table1", "tableD1")
    found = {one.exhibit: one for one in exhibit_costs(made, stated(made), sizes(made))}
    slowest, fastest = found["table1"].slowest, found["table1"].fastest
    by_label = {node.label: stated(made)[key] for key, node in made.nodes.items()}
    assert slowest == by_label["resnet-20 x16 lif T=4 digits seed 0"]
    assert fastest == by_label["resnet-20 relu digits seed 0"]
    assert found["tableD1"].slowest is None  # it trains nothing


def test_each_basis_has_its_seconds() -> None:
    made = smoke("table1", "tableD1")
    first = next(node for node in made.nodes.values() if node.kind == "train")
    found = estimate(made.nodes.values(), [Past("train", first.spec, 50.0)])
    seconds = by_basis(found.values())
    assert seconds[Basis.MEASURED] == 50.0
    assert seconds[Basis.SCALED] > 0
    assert seconds[Basis.STATED] == pytest.approx(
        sum(found[key].seconds for key, node in made.nodes.items() if node.kind != "train")
    )
    rows = {one.exhibit: one.by_basis for one in exhibit_costs(made, found, sizes(made))}
    assert rows["tableD1"][Basis.STATED] == seconds[Basis.STATED]
    assert rows["table1"][Basis.STATED] == 0


def test_each_training_is_of_one_kind_and_shortcuts_make_none() -> None:
    made = smoke("table1", "table2")
    found = throughputs(made, stated(made))
    trainings = [node for node in made.nodes.values() if node.kind == "train"]
    assert sum(one.trainings for one in found) == len(trainings) > len(found)
    assert len({one.kind for one in found}) == len(found)
    assert [one.seconds for one in found] == sorted((one.seconds for one in found), reverse=True)
    assert all(one.basis is Basis.STATED for one in found)
    assert any(one.trainings == 2 and one.kind.depth == 38 for one in found)


def test_stages_of_one_step_and_devices_are_kinds_of_their_own() -> None:
    (paper, *_) = throughputs(plan("table1"), stated(plan("table1")))
    assert (paper.kind.device, paper.kind.dataset) == ("cuda", "cifar10")
    steps = smoke("table3")
    assert {one.kind.single_step for one in throughputs(steps, stated(steps))} == {
        (),
        ("1",),
        ("3",),
    }


def test_a_kind_says_what_was_measured_of_it_and_nothing_else() -> None:
    made = smoke("table1", "table2")
    alike = [
        node
        for node in made.nodes.values()
        if node.spec["network"]["depth"] == 38 and node.spec["neuron"]["kind"] == "lif"
    ]
    assert len(alike) == 2  # with shortcuts and without
    past = [Past("train", alike[0].spec, 20.0, images_per_second=700.0)]
    found = throughputs(made, estimate(made.nodes.values(), past))
    measured = [one for one in found if one.basis is Basis.MEASURED]
    (one,) = measured
    assert (one.trainings, one.rests_on) == (2, 1)
    assert (one.images_per_second, one.seconds) == (700.0, 20.0)
    assert all(other.basis is Basis.SCALED for other in found if other is not one)
