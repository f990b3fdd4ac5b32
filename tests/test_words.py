"""Durations and counts read alike wherever they are told."""

from __future__ import annotations

import pytest

from harness.words import counted, duration


@pytest.mark.parametrize(
    ("seconds", "padded", "plain"),
    [
        (0.04, "0.0 s", "0.0 s"),
        (4.21, "4.2 s", "4.2 s"),
        (9.96, "10 s", "10 s"),
        (42, "42 s", "42 s"),
        (59.6, "1 min 00 s", "1 min 0 s"),
        (200, "3 min 20 s", "3 min 20 s"),
        (7500, "2 h 05 min", "2 h 5 min"),
        (18_720, "5 h 12 min", "5 h 12 min"),
    ],
)
def test_a_terminal_lines_durations_up_and_a_page_does_not(
    seconds: float, padded: str, plain: str
) -> None:
    assert duration(seconds) == padded
    assert duration(seconds, digits=1) == plain


def test_one_is_told_in_the_singular() -> None:
    assert [counted(n, "cell") for n in (0, 1, 27)] == ["0 cells", "1 cell", "27 cells"]
