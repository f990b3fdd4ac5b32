"""What seeds say is shown where they say something, beside the plain comparison."""

from __future__ import annotations

from harness.report.view import ExhibitView
from tests.report.test_exhibit_view import viewed
from tests.synthetic import SyntheticStore, plan


def seen(*seeds: int, noise: float = 0.1) -> ExhibitView:
    """Table 1 under the paper profile over these seeds."""
    made = plan("table1", overrides=(f"seed={','.join(map(str, seeds))}",))
    return viewed(SyntheticStore(made, {seed: noise * (-1) ** seed for seed in seeds}))[1]


def test_five_close_seeds_reproduce_what_is_printed() -> None:
    view = seen(0, 1, 2, 3, 4)
    assert view.intervals == "90 % interval"
    first = view.details[0]
    assert (first.seeds.word, first.seeds.tone) == ("reproduced", "good")
    low, high = (float(end) for end in first.interval.split(" to "))
    assert low < 91.06 < high
    assert "interval" in first.seeds_note
    assert view.evidence is not None
    assert sum(count.n for count in view.evidence.counts) == 27


def test_seeds_that_scatter_decide_nothing() -> None:
    view = seen(0, 1, noise=3.0)
    assert view.details[0].seeds.word == "inconclusive"
    assert view.evidence is not None
    assert view.evidence.mark.word == "inconclusive"


def test_where_nothing_was_tested_nothing_is_said() -> None:
    _, view = viewed(SyntheticStore(plan("table1", profile="quick")), "quick")
    assert view.evidence is None
    assert view.intervals == ""
