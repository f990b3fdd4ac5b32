"""What a user reads of a fault: never more than text."""

from __future__ import annotations

import pickle

import pytest

from harness.errors import ExitCode, Faults, HarnessError, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – ümläut, 数, 🙂\ttab\nline", "plain – ümläut, 数, 🙂\ttab\nline"),
        ("\x1b[2J\x07", "\\u001b[2J\\u0007"),
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\udc80 of a file name", "\\udc80 of a file name"),
    ],
)
def test_what_would_act_on_a_terminal_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert str(HarnessError("file", text, hint=text)) == f"file: {shown} – {shown}"


def test_an_error_goes_through_a_pipe_as_it_is() -> None:
    one = HarnessError("here", "is\x1bwrong", hint="mend it", code=ExitCode.RUN_FAILED)
    back = pickle.loads(pickle.dumps(Faults([one, one])))
    assert str(back) == "here: is\\u001bwrong – mend it\nhere: is\\u001bwrong – mend it"
    assert back.code is ExitCode.RUN_FAILED
