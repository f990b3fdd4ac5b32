"""What people read of a node means that node alone."""

from __future__ import annotations

import pytest

from tests.synthetic import library, plan


@pytest.mark.parametrize("profile", ["smoke", "quick", "paper"])
def test_no_two_nodes_of_all_exhibits_have_one_label(profile: str) -> None:
    nodes = plan(*library().exhibits, profile=profile).nodes.values()
    assert len({node.label for node in nodes}) == len(nodes)


def test_variants_say_in_which_fields_they_depart_from_the_first() -> None:
    labels = [node.label for node in plan("ablation", profile="quick").nodes.values()]
    first = "resnet-20 lif T=4 cifar10 seed 0"
    assert first in labels
    assert f"{first}, recipe.momentum 0.8" in labels
    trained, tested = (label for label in labels if "rectangle" in label)
    assert trained.startswith(f"{first}, neuron.fires_at_threshold false, ")
    assert tested.startswith(f"2 evaluations of {first}, x.neuron.fires_at_threshold false, ")
    assert "resnet-20 relu cifar10 seed 0, network.shortcut identity" in labels
