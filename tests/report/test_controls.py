"""A claim is robust where all its controls agree, and none bears it out without its subject."""

from __future__ import annotations

import pytest

from harness.report.controls import Control, Robustness, controls_of, summary
from tests.synthetic import library


def control(under: str, holds: bool | None, without: str = "", *, was_run: bool = True) -> Control:
    return Control("beyond", f"c-{under}", under, without, holds, was_run)


UNBIASED, CORRECTED = control("unbiased", holds=True), control("corrected", holds=False)
BIASED, NOT_RUN = control("biased", holds=True), control("given the pixels", None, was_run=False)
OPEN = control("mistyped", holds=None)
UNTRAINED = control("untrained", True, "training")
ONLY_TRAINED = control("untrained", False, "training")

# whether the claim holds, its controls, whether it is robust, the word, the sentence
CASES: list[tuple[bool | None, tuple[Control, ...], bool | None, str, str]] = [
    (True, (), None, "", ""),
    (True, (UNBIASED, BIASED), True, "robust", "holds: unbiased · biased"),
    (
        True,
        (UNBIASED, BIASED, CORRECTED),
        False,
        "not robust",
        "holds: unbiased · biased; does not: corrected",
    ),
    (
        True,
        (UNBIASED, UNTRAINED),
        False,
        "not robust",
        "holds: unbiased; holds also untrained, so it is not about training",
    ),
    (
        True,
        (UNBIASED, ONLY_TRAINED),
        True,
        "robust",
        "holds: unbiased; and not, as it should be: untrained",
    ),
    (True, (NOT_RUN,), None, "", "not run: given the pixels"),
    (True, (UNBIASED, NOT_RUN), True, "robust", "holds: unbiased; not run: given the pixels"),
    (True, (OPEN,), None, "", "not decided: mistyped"),
    (True, (UNBIASED, OPEN), None, "", "holds: unbiased; not decided: mistyped"),
    (True, (CORRECTED, OPEN), False, "not robust", "does not: corrected; not decided: mistyped"),
    (False, (CORRECTED, OPEN), None, "", "does not: corrected; not decided: mistyped"),
    (False, (CORRECTED,), None, "fails under each control", "does not: corrected"),
    (False, (CORRECTED, BIASED), False, "not robust", "holds: biased; does not: corrected"),
    (False, (ONLY_TRAINED,), None, "", "and not, as it should be: untrained"),
    (None, (UNBIASED,), None, "", "holds: unbiased"),
]


@pytest.mark.parametrize(("holds", "controls", "robust", "word", "sentence"), CASES)
def test_a_claim_beside_its_controls(
    holds: bool | None,
    controls: tuple[Control, ...],
    robust: bool | None,
    word: str,
    sentence: str,
) -> None:
    found = Robustness(holds, controls)
    assert found.is_robust is robust
    assert (found.word, found.sentence) == (word, sentence)


def test_they_are_those_that_repeat_it_in_any_exhibit_whether_run_or_not() -> None:
    made = controls_of(library(), {("beyond-width", "brighter-with-width-corrected"): False})
    found = {(one.exhibit, one.id): one for one in made["fig2/brighter-with-width"]}
    corrected = found["beyond-width", "brighter-with-width-corrected"]
    assert (corrected.holds, corrected.was_run) == (False, True)
    assert corrected.under == "corrected for finitely many channels"
    biased = found["beyond-width", "brighter-with-width-biased"]
    assert (biased.holds, biased.was_run) == (None, False)
    untrained = found["beyond-untrained", "brighter-with-width-untrained"]
    assert untrained.without == "training"
    assert "table1/gap-falls-with-width" not in made


def test_how_many_are_robust_is_told_of_those_that_hold_and_have_controls_that_were_run() -> None:
    robust, fragile = Robustness(True, (UNBIASED,)), Robustness(True, (UNBIASED, CORRECTED))
    others = [Robustness(True, ()), Robustness(True, (NOT_RUN,)), Robustness(False, (CORRECTED,))]
    assert summary(others) == ""
    one = "Of the one claim that holds and has controls that were run, "
    assert summary([robust, *others]) == f"{one}1 is robust: it holds under each of them"
    assert summary([robust, fragile, fragile]).startswith("Of the 3 claims that hold and have")
    assert "none holds under each" in summary([fragile, fragile])
    assert "none holds under each" in summary([Robustness(True, (UNBIASED, OPEN))])
