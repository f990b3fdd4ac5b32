"""A claim speaks of levels that its exhibit has: a misspelt one would be UNDEFINED for ever."""

from __future__ import annotations

import pytest

from harness.spec.claim.predicate import listed
from harness.spec.exhibit import same_level as same
from tests.synthetic import library, plan


@pytest.mark.parametrize("name", sorted(n for n, e in library().exhibits.items() if e.claim))
def test_each_level_that_a_claim_holds_is_planned(name: str) -> None:
    planned = plan(name).exhibits[0]
    axes = planned.exhibit.varied()
    levels = {axis: {point.axes[axis] for point in planned.points} for axis in axes}
    for claim in planned.exhibit.claim:
        for field, axis, wanted in claim.test.held():
            for level in listed(wanted) if axis in levels else ():
                there = any(same(one, level) for one in levels[axis])
                assert there, (
                    f"{claim.id}: {field}.{axis} {level} of {sorted(map(str, levels[axis]))}"
                )


def test_a_claim_of_each_kind_is_made() -> None:
    kinds = {claim.test.kind for one in library().exhibits.values() for claim in one.claim}
    assert {"rank_correlation", "monotone", "bound", "compare", "spread"} <= kinds
