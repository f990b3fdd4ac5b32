"""Names that are not known are answered with those that are."""

from __future__ import annotations

import pytest

from harness.engine.arguments import choose
from harness.errors import HarnessError


def test_a_typo_gets_the_nearest_name_and_the_whole_list() -> None:
    with pytest.raises(HarnessError) as caught:
        choose({"rectangle": 1, "dspike": 2}, "rectangel", where="surrogate")
    assert str(caught.value) == (
        "surrogate: unknown name 'rectangel' – did you mean 'rectangle'? Known: dspike, rectangle"
    )


def test_a_name_like_none_of_them_gets_the_list_alone() -> None:
    with pytest.raises(HarnessError, match="known: dspike, rectangle"):
        choose({"rectangle": 1, "dspike": 2}, "zzz", where="surrogate")
