"""What is said while nodes run: counts, progress and an ETA that follows what happened."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.execute.events import Advanced, Failed, Finished, Started, Strayed
from harness.execute.executor import Queue
from harness.parts.measurement import Numerics
from harness.plan.node import Node
from harness.runs.place import Progress
from harness.terminal import board as screen
from harness.terminal.output import Voice


class Terminal(io.StringIO):
    """A file that somebody looks at."""

    def isatty(self) -> bool:
        return True


def board(seconds: dict[str, float], slots: int = 1) -> screen.Board:
    nodes = {name: Node(name, "train", 1, {}, {}, f"node {name}", Numerics()) for name in seconds}
    return screen.Board(nodes, Queue(nodes.values(), set(), seconds), slots)


def test_a_node_that_took_twice_its_estimate_doubles_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(screen.time, "monotonic", lambda: clock[0])
    here = board({"a": 100.0, "b": 90.0})
    assert here.queue.next().key == "a"  # type: ignore[union-attr]
    here.tell(Started("a", 0))
    clock[0] = 200.0
    here.queue.finish("a")
    here.tell(Finished("a", 200.0, here=True))
    assert here.eta() == "about 2 min 53 s left"  # but for the warming up


def test_a_line_counts_nodes_and_names_epoch_rate_and_failure() -> None:
    here = board({"a": 1.0, "b": 1.0})
    here.tell(Finished("b", 1.0, here=True))
    advanced = here.line(Advanced("a", Progress(2, 5, "epoch", 830.4, "test 51.00 %")))
    assert advanced.startswith("[1/2] node a: epoch 2/5, test 51.00 %, 830 images/s, about ")
    uncounted = here.line(Advanced("a", Progress(3, 5, "ε")))
    assert uncounted.startswith("[1/2] node a: ε 3/5, about ")
    failed = here.line(Failed("a", "diverged", "/store/logs/a.log", ("last line",)))
    assert "FAILED: diverged" in failed
    assert "log: /store/logs/a.log" in failed
    assert "last line" in failed


def test_a_problem_that_many_nodes_have_is_spelt_out_once() -> None:
    here = board({"a": 1.0, "b": 1.0, "c": 1.0})
    told = [here.line(Failed(key, "no such data", "log", ("tail",))) for key in ("a", "b")]
    other = here.line(Failed("c", "diverged", "log", ("tail",)))
    assert "no such data" in told[0]
    assert told[1].endswith("node b: FAILED as node a did")
    assert "FAILED: diverged" in other


def test_a_long_epoch_is_told_at_once_and_short_ones_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, out = [0.0], io.StringIO()
    monkeypatch.setattr(screen.time, "monotonic", lambda: clock[0])
    lines = screen.Lines(board({"a": 1.0}), Console(file=out, width=200))
    lines(Started("a", 0))
    for epoch, ended in enumerate((30.0, 35.0, 55.0), start=1):
        clock[0] = ended
        lines(Advanced("a", Progress(epoch, 9, "epoch")))
    said = out.getvalue()
    assert [f"epoch {epoch}/9" in said for epoch in (1, 2, 3)] == [True, False, True]


def test_plain_lines_are_never_read_as_markup() -> None:
    out = io.StringIO()
    here = board({"a": 1.0})
    screen.Lines(here, Console(file=out, width=200))(Failed("a", "[red]not markup[/red]"))
    assert "[red]not markup[/red]" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_pipe_gets_plain_lines_and_a_terminal_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    here = board({"a": 1.0})
    with screen.screen_for(here, Console(file=io.StringIO())) as plain:
        assert isinstance(plain, screen.Lines)
    with screen.screen_for(here, Console(file=Terminal(), _environ={"TERM": "xterm"})) as live:
        assert isinstance(live, screen.LiveTable)


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_a_file_that_is_to_be_coloured_is_no_screen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    file = Console(file=io.StringIO(), _environ={name: "1", "TERM": "xterm"})
    dumb = Console(file=Terminal(), _environ={"TERM": "dumb"})
    for console in (file, dumb):
        with screen.screen_for(board({"a": 1.0}), console) as tell:
            assert isinstance(tell, screen.Lines)


def drawn(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The screen on which two of three nodes run, one of them in its second minute."""
    clock, out = [0.0], io.StringIO()
    monkeypatch.setattr(screen.time, "monotonic", lambda: clock[0])
    names = ["resnet-20 x16 lif T=4 digits seed 0", "CKA of resnet-20 lif and relu", "vgg-13"]
    here = board(dict.fromkeys(names, 100.0), slots=2)
    with Live(console=Console(file=out, width=width, force_terminal=True, no_color=True)) as live:
        tell = screen.LiveTable(here, live)
        for name in names[:2]:
            here.queue.take(name)
            tell(Started(name, 0))
        clock[0] = 61.0
        tell(Advanced(names[0], Progress(3, 10, "epoch", 1234.5, "test 51.00 %")))
        out.truncate(0)
        out.seek(0)
        tell(None)
    return [Text.from_ansi(line).plain for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_running_node_has_one_line_that_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, total, *_ = drawn(width, monkeypatch)
    assert max(map(len, (first, second, total))) <= width
    assert first.startswith("node resnet-20 x1")
    assert "seed 0  epoch 3/10" in first
    assert " left" in first
    assert second.startswith("node CKA of resne")
    assert "starting" in second
    assert total.startswith("0/3 nodes, about ")
    assert ("1,234 images/s" in first) == (width == 120)
    assert ("test 51.00 %" in first) == (width >= 80)


def test_a_very_narrow_screen_keeps_name_and_step(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = drawn(40, monkeypatch)
    assert first.startswith("node resnet-20 ")
    assert first.endswith("…seed 0  epoch 3/10")


@pytest.mark.parametrize("voice", [Voice.QUIET, Voice.PLAIN])
def test_a_training_off_its_known_course_is_a_warning(voice: Voice) -> None:
    out = io.StringIO()
    with screen.screen_for(board({"a": 1.0}), Console(file=out, width=200), voice) as tell:
        tell(Started("a", 0))
        tell(Advanced("a", Progress(1, 300, "epoch")))
        tell(Strayed("a", "accuracy 10.2 % after epoch 10, outside of …"))
    assert "[0/1] node a: WARNING: accuracy 10.2 % after epoch 10" in out.getvalue()
    assert ("started" in out.getvalue()) == (voice is Voice.PLAIN)
