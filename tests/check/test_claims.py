"""Claims hold, do not hold, or are undefined with a reason; they never pass by default."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from harness.check.claims import agrees, evaluate
from harness.check.status import Status
from harness.frames.frame import frame_of
from harness.plan.expand import Plan
from harness.spec.claim import Claim
from harness.spec.claim.bound import Bound
from harness.spec.claim.compare import Compare
from harness.spec.claim.course import Monotone, RankCorrelation
from harness.spec.claim.extreme import Extreme
from harness.spec.claim.predicate import Outcome, Places, Predicate
from harness.spec.claim.spread import Spread
from harness.spec.exhibit import same_level as same
from tests.check.cells import cells
from tests.check.cells import tried as put_to_the_test
from tests.synthetic import SyntheticStore, plan

FALLS = RankCorrelation(
    kind="rank_correlation", quantity="gap", along="width", where={"depth": 20}, below=0.0
)
NOT_MONOTONE = Monotone(
    kind="monotone",
    quantity="gap",
    along="depth",
    where={"width": 1},
    direction="falling",
    holds=False,
)


def tried(test: RankCorrelation | Monotone, store: SyntheticStore) -> tuple[Status, str, str]:
    claim = Claim(id="c", text="It is so.", place="p. 6", test=test)
    found = evaluate(claim, frame_of(store.plan.exhibits[0], store, {}), counted=True)
    return found.status, found.sentence, found.measured


def lif(made: Plan, depth: int, width: int = 1) -> str:
    wanted = {"neuron": "lif", "depth": depth, "width": width}
    return next(p.key for p in made.exhibits[0].points if dict(p.axes) == wanted)


def test_published_numbers_bear_out_both_claims_of_table_1() -> None:
    store = SyntheticStore(plan("table1"))
    status, _, measured = tried(FALLS, store)
    assert status is Status.PASS
    assert measured == "ρ = −1.00 over 5 points (1: 1.39, 2: 1.36, 4: 0.56, 8: 0.30, 16: 0.05)"
    status, _, measured = tried(NOT_MONOTONE, store)
    assert status is Status.PASS
    assert measured.startswith("falls at 3 of 4 steps")
    assert measured.endswith("not from 110 to 164: 0.54 → 0.95")


def test_the_opposite_numbers_refute_them() -> None:
    store = SyntheticStore(plan("table1"))
    for width, gap in ((1, 0.1), (2, 0.2), (4, 0.3), (8, 0.4), (16, 0.5)):
        ann = {1: 91.06, 2: 93.36, 4: 94.52, 8: 94.78, 16: 94.78}[width]
        store.contents[lif(store.plan, 20, width)]["best_accuracy"] = ann - gap
    assert tried(FALLS, store)[0] is Status.FAIL
    for depth, ann, gap in (
        (20, 91.06, 5),
        (38, 92.34, 4),
        (56, 92.98, 3),
        (110, 92.37, 2),
        (164, 93, 1),
    ):
        store.contents[lif(store.plan, depth)]["best_accuracy"] = ann - gap
    assert tried(NOT_MONOTONE, store)[0] is Status.FAIL
    assert tried(NOT_MONOTONE.model_copy(update={"holds": True}), store)[0] is Status.PASS


def test_a_step_without_change_does_not_fall() -> None:
    store = SyntheticStore(plan("table1"))
    for depth, ann in ((20, 91.06), (38, 92.34), (56, 92.98), (110, 92.37), (164, 93.0)):
        store.contents[lif(store.plan, depth)]["best_accuracy"] = ann  # every gap is 0
    assert tried(NOT_MONOTONE, store)[0] is Status.PASS
    status, sentence, _ = tried(
        FALLS.model_copy(update={"along": "depth", "where": {"width": 1}}), store
    )
    assert status is Status.UNDEFINED
    assert "is the same at every depth" in sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.contents.pop(lif(s.plan, 20, 8)), "no gap at width 8"),
        (
            lambda s: s.contents[lif(s.plan, 20, 8)].update(best_accuracy=float("nan")),
            "width 8: seed 0: lif: best_accuracy is nan",
        ),
    ],
)
def test_a_missing_or_undefined_cell_leaves_the_claim_undefined(change, said: str) -> None:
    store = SyntheticStore(plan("table1"))
    change(store)
    status, sentence, _ = tried(FALLS, store)
    assert status is Status.UNDEFINED
    assert said in sentence


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"where": {}}, "several cells of gap at width 1: hold more axes"),
        ({"along": "neuron"}, "gap does not vary with neuron"),
        ({"where": {"depth": 164}}, "too few points along width (1, at least 3 are needed)"),
    ],
)
def test_a_series_that_is_none_is_undefined(update: dict[str, object], said: str) -> None:
    store = SyntheticStore(plan("table1"))
    status, sentence, _ = tried(FALLS.model_copy(update=update), store)
    assert status is Status.UNDEFINED
    assert said in sentence


@pytest.mark.parametrize(
    ("written", "wanted", "answer"),
    [
        ("0", 0.0, True),
        ("0.001", 0.001, True),
        ("0.0010", 0.001, True),
        (20, "20", True),
        (20, 2, False),
        ("stage-1", "stage-1", True),
        ("stage-1", 1, False),
        ("nan", "nan", True),
    ],
)
def test_same(written: Any, wanted: Any, answer: bool) -> None:
    assert same(written, wanted) is answer


@pytest.mark.parametrize(
    ("levels", "answer"),
    [
        ({"neuron": "lif", "depth": 20}, True),
        ({"neuron": "lif", "depth": 56}, True),
        ({"neuron": "lif", "depth": 38}, False),
        ({"neuron": "relu", "depth": 20}, False),
        ({"neuron": pd.NA, "depth": 20}, True),  # a gap of neurons has none
        ({"depth": 20}, True),
    ],
)
def test_agrees(levels: dict[str, Any], answer: bool) -> None:
    assert agrees(levels, {"neuron": "lif", "depth": (20, 56)}) is answer


class Vacuous:
    """What somebody may write as a predicate: it holds of no number at all."""

    basis = ""

    def sentence(self) -> str:
        return "none of them is positive"

    def evaluate(self, places: Places) -> Outcome:
        return Outcome(not any(place.value > 0 for place in places("no_such", (), {})))


def test_what_holds_without_having_met_a_number_is_undefined() -> None:
    claim = Claim.model_construct(id="c", text="So it is.", place="p. 6", test=Vacuous())
    store = SyntheticStore(plan("table1"))
    found = evaluate(claim, frame_of(store.plan.exhibits[0], store, {}), counted=True)
    said = "the predicate cannot be evaluated: there are no such cells"
    assert (found.status, found.sentence) == (Status.UNDEFINED, said)


OF_TWO = {(1, "a"): 0.6, (1, "b"): 0.7, (2, "a"): 0.8}
MISSING_LEVELS = [
    Bound(kind="bound", quantity="q", along=("width", "layer"), above=0, share=0.5, basis="b"),
    Compare(
        kind="compare", quantity="q", along=("width", "layer"), share=0.5, basis="b",
        high={"map": "m"}, low={"map": "n"},
    ),
    Extreme(
        kind="extreme", quantity="q", each=("layer",), high={"width": 2}, where={"map": "m"},
        share=0.5, basis="b",
    ),
    Spread(
        kind="spread", quantity="q", each=("layer",), along="width", where={"map": "m"}, below=1,
        share=0.5, basis="b",
    ),
]  # fmt: skip


@pytest.mark.parametrize("test", MISSING_LEVELS, ids=lambda test: test.kind)
@pytest.mark.parametrize("missing", [(), (4, 8)])
def test_a_level_of_which_nothing_is_there_lacks_as_many_places_as_another_has(
    test: Predicate, missing: tuple[int, ...]
) -> None:
    if test.kind == "bound":
        axes, numbers = ["width", "layer"], {(w, layer): 0.1 * w for w in (1, 2) for layer in "abc"}
    else:
        axes = ["width", "layer", "map"]
        numbers = {
            (w, layer, name): 0.1 * w + (name == "m")
            for w in (1, 2) for layer in "abc" for name in "mn"
        }  # fmt: skip
    lacking = [(width, "a", "m")[: len(axes)] for width in (*missing, *missing[:1])]
    found = put_to_the_test(test, cells(axes, numbers, grid=["width"], missing=lacking))
    if not missing or test.kind in ("bound", "compare"):  # of four widths half are there: enough
        assert found.holds is True
    else:
        assert (found.holds, found.why) == (None, "no q at width 4")
    strict = test.model_copy(update={"share": 0.6})
    found = put_to_the_test(strict, cells(axes, numbers, grid=["width"], missing=lacking))
    assert found.holds is (None if missing else True)
    assert found.why.endswith("no q at width 4" if missing else "")


@pytest.mark.parametrize(("above", "holds"), [(0.65, False), (0.0, None)])
def test_what_is_lacking_decides_only_where_it_matters(above: float, holds: bool | None) -> None:
    test = Bound(
        kind="bound", quantity="q", along=("width", "layer"), above=above, share=0.9, basis="b"
    )
    measured = cells(["width", "layer"], OF_TWO, grid=["width"], missing=[(4, "a")])
    assert put_to_the_test(test, measured).holds is holds
