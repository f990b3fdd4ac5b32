"""Pins: what a machine must carry for which nodes."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.execute.executor import Crew, Pin, parse_pins


def test_pins_are_for_a_kind_or_for_all() -> None:
    assert parse_pins(["pool=big", "train:ray.io/accelerator-type=H100"]) == (
        Pin(None, "pool", "big"),
        Pin("train", "ray.io/accelerator-type", "H100"),
    )


def test_a_pin_of_the_kind_beats_a_general_one_and_a_later_an_earlier() -> None:
    crew = Crew(pins=parse_pins(["train:pool=a", "pool=b", "zone=x", "train:pool=c"]))
    assert crew.labels("train") == {"pool": "c", "zone": "x"}
    assert crew.labels("cka") == {"pool": "b", "zone": "x"}
    assert Crew().labels("train") == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("pool", "LABEL=VALUE"),
        ("pool=", "LABEL=VALUE"),
        ("=big", "LABEL=VALUE"),
        ("a b=c", "LABEL=VALUE"),
        ("pool=big;rm", "LABEL=VALUE"),
        ("trian:pool=big", "did you mean 'train'"),
    ],
)
def test_what_is_no_pin_is_refused(typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        parse_pins([typed])
