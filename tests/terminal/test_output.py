"""Lines and tables as people read them, at every width, and no louder than they want."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from rich.text import Text

from harness.terminal.output import Voice, console, print_json, print_lines, say, size, table


@pytest.mark.parametrize(
    ("count", "said"), [(812, "812 B"), (20_000, "20.0 kB"), (170_498_071, "170.5 MB")]
)
def test_sizes_are_powers_of_ten(count: int, said: str) -> None:
    assert size(count) == said


ROWS = [
    ("table1", "resnet-110 x16 lif T=4", "18", "no train run is stored"),
    ("fig1", "-", "3", ""),
]


@pytest.mark.parametrize("width", [12, 20, 40, 60, 80, 150])
def test_words_stay_whole_at_every_width(width: int) -> None:
    out = io.StringIO()
    made = table(("exhibit", "node", "to do", "why"), ROWS, ("to do",))
    Console(file=out, width=width).print(made)
    said = out.getvalue()
    words = {word for row in ROWS for cell in row for word in cell.split()}
    assert words <= set(said.split())
    assert max(map(len, said.splitlines())) <= width


def test_quiet_leaves_out_what_is_no_finding_and_verbose_adds_to_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {}
    for voice in Voice:
        voice.say("verdict")
        voice.tell("working")
        voice.detail("step")
        said[voice] = capsys.readouterr().out.split()
    assert said == {
        Voice.QUIET: ["verdict"],
        Voice.PLAIN: ["verdict", "working"],
        Voice.VERBOSE: ["verdict", "working", "step"],
    }


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False)],
    ids=["a terminal", "a pipe", "NO_COLOR"],
)
def test_colours_are_for_terminals_that_want_them(
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    out = io.StringIO()
    environ = {"TERM": "xterm-256color", **environment}
    console = Console(file=out, force_terminal=terminal, width=80, _environ=environ)
    console.print(table(("a", "b"), [("x", "y")]), style="red")
    assert ("\x1b[31m" in out.getvalue()) == coloured


FORGED = "\x1b[32mreproduced\x1b[0m \x9b2J \u202etxet a\rFAILED"


def test_what_would_act_on_a_terminal_is_spelt_out_wherever_it_leaves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    say(FORGED, "red")
    console().print(Text(FORGED))
    console().print(table(("a", "b"), [(FORGED, Text(FORGED))]))
    console().print(FORGED)
    print_lines(FORGED)
    out = capsys.readouterr().out
    assert "\x1b[31m" in out  # our own colours
    assert "\\u001b[32mreproduced" in out
    assert not {"\x9b", "\u202e", "\r"} & set(out)
    assert "\x1b[32m" not in out
    assert "\x1b[2J" not in out


def test_json_keeps_what_would_act_and_does_not_print_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"log": FORGED})
    out = capsys.readouterr().out
    assert json.loads(out) == {"log": FORGED}
    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(out)
