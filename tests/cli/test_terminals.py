"""Standard streams as they may be found: in a poor encoding, closed, full or left."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HARNESS = [sys.executable, "-m", "harness"]
POSIX = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(
    line: str, *, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[bytes]:
    """A line of bash in which `harness` is the command."""
    script = f'harness() {{ {shlex.join(HARNESS)} "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | (env or {}),
        capture_output=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "env",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, POSIX],
    ids=["ascii", "latin-1", "posix"],
)
def test_text_is_printed_in_what_the_terminal_can_show(env: dict[str, str], tmp_path: Path) -> None:
    places = f"--store {tmp_path}/store --out {tmp_path}/out"
    checked = shell(f"harness check tableD1 --no-canary {places}", env=env)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert b"tableD1: reproduced - cells: 30 pass" in checked.stdout
    asked = shell("harness plan --help; harness plan repoduce", env=env)
    assert asked.returncode == 2
    assert asked.stderr == b"repoduce: no such exhibit - harness list shows them\n"
    encoding = "latin-1" if env.get("PYTHONIOENCODING") == "latin-1" else "ascii"
    assert "For example" in asked.stdout.decode(encoding)


def test_json_loses_no_character_on_an_ascii_terminal() -> None:
    poor, rich = (
        shell("harness schema attacks", env={"PYTHONIOENCODING": one}).stdout
        for one in ("ascii", "utf-8")
    )
    assert json.loads(poor.decode("ascii")) == json.loads(rich.decode("utf-8"))
    assert not rich.isascii()


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("harness list > /dev/full", 3, b"No space left on device"),
        ("harness list --json > /dev/full", 3, b"No space left on device"),
        ("harness list >&-", 0, b""),
        ("harness list --json >&- 2>&- <&-", 0, b""),
        ("harness plan nosuch 2>&-", 2, b""),
        ("harness --help | true; exit ${PIPESTATUS[0]}", 141, b""),
        ("harness list --json | true; exit ${PIPESTATUS[0]}", 141, b""),
    ],
)
def test_streams_that_are_closed_full_or_left_have_their_codes(
    line: str, code: int, said: bytes
) -> None:
    ran = shell(line)
    assert ran.returncode == code
    assert said in ran.stderr
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr


def test_a_number_of_a_closed_stream_is_no_number_of_a_file() -> None:
    code = (
        "from harness.terminal.streams import show_anything as s; s();"
        "print(open('/dev/null').fileno())"
    )
    ran = shell(f"{shlex.join([sys.executable, '-c', code])} <&- 2>&-")
    assert int(ran.stdout) > 2
