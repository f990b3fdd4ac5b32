"""What seeds say is shown where they say something, beside the plain comparison."""

from __future__ import annotations

from harness.report import table, wording
from harness.report.exhibit import ExhibitView
from tests.report.test_exhibit import viewed
from tests.synthetic import SyntheticStore, plan


def seen(*seeds: int, noise: float = 0.1) -> ExhibitView:
    """Table 1 under the paper profile over these seeds."""
    made = plan("table1", overrides=(f"seed={','.join(map(str, seeds))}",))
    return viewed(SyntheticStore(made, {seed: noise * (-1) ** seed for seed in seeds}))[1]


def test_five_close_seeds_reproduce_what_is_printed() -> None:
    view = seen(0, 1, 2, 3, 4)
    assert view.intervals == "90 % interval"
    first = view.verdict.cells[0]
    assert wording.of_word(first.uncertainty.word) == ("reproduced", "✓", "good")
    low, high = (float(end) for end in table.interval(first).split(" to "))
    assert low < 91.06 < high
    assert "interval" in table.note(first)
    assert view.by_seeds == ("reproduced", "✓", "good")
    assert sum(view.verdict.evidence_counts.values()) == 27


def test_seeds_that_scatter_decide_nothing() -> None:
    view = seen(0, 1, noise=3.0)
    assert view.verdict.cells[0].uncertainty.word == "inconclusive"
    assert view.by_seeds is not None
    assert view.by_seeds.word == "inconclusive"


def test_where_nothing_was_tested_nothing_is_said() -> None:
    _, view = viewed(SyntheticStore(plan("table1", profile="quick")), "quick")
    assert view.by_seeds is None
    assert view.intervals == ""
