"""Characters that an encoding lacks become the nearest in ASCII."""

from __future__ import annotations

import pytest

import harness.terminal.streams  # noqa: F401 - registers the handler


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a – b — c − d", "a - b - c - d"),
        ("16×16 • all … 10 → 12", "16x16 * all ... 10 -> 12"),
        ("“ε ≤ ½”, ± α·τ²", '"epsilon <= 1/2", +- alpha*tau2'),
        ("┌─┐│", "+-+|"),
        ("Schöpf, 数 🙂", "Schopf, \\u6570 \\U0001f642"),
        ("\udce9", "\\udce9"),
    ],
)
def test_what_ascii_lacks_is_written_as_near_as_can_be(text: str, shown: str) -> None:
    assert text.encode("ascii", "harness-plain").decode("ascii") == shown


def test_what_an_encoding_has_stays() -> None:
    assert "é × ·".encode("latin-1", "harness-plain") == b"\xe9 \xd7 \xb7"
