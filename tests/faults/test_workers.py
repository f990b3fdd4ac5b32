"""A worker that fails, once or always, in every way: the others go on, the failure has a name, and
nothing that it left passes for a result.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.drivers import Contents, contents, faults, reproduce
from tests.faults.tiny import EPOCHS

ALWAYS = 1_000
SAID = {
    "an exception": "ArithmeticError: the run itself fails",
    "SIGSEGV": "the worker process ended by SIGSEGV",
    "SIGABRT": "the worker process ended by SIGABRT",
    "SIGKILL": "the worker process ended by SIGKILL",
    "exit": "the worker process ended with exit code 7",
    "out of memory": "memory",
}
SOME = ("SIGSEGV",)  # in every run of the tests


def ways(chosen: tuple[str, ...] = tuple(SAID)) -> list[object]:
    """Each way to fail; those that the ordinary suite leaves out are marked."""
    return [pytest.param(what, marks=() if what in SOME else pytest.mark.faults) for what in chosen]


def fault(folder: Path, what: str, times: int) -> dict[str, object]:
    """The first `times` runs that report an epoch."""
    marks = str(folder / "marks")
    return {"what": what, "kind": "train", "after": 1, "times": times, "marks": marks}


@pytest.mark.parametrize("what", ways())
def test_what_fails_once_is_named_and_done_by_the_same_command(
    tmp_path: Path, undisturbed: Contents, what: str
) -> None:
    struck = fault(tmp_path, what, times=1)
    said = reproduce(tmp_path, "table1", code=3, fault=struck)
    assert SAID[what] in said, said
    assert "1 failed" in said
    assert len(contents(tmp_path)) == 1  # the other one went on
    assert faults(tmp_path) == []
    again = reproduce(tmp_path, "table1", fault=struck)
    assert f"epoch 2/{EPOCHS}" in again and f"epoch 1/{EPOCHS}" not in again  # from its checkpoint
    assert contents(tmp_path) == undisturbed


@pytest.mark.faults
@pytest.mark.parametrize("what", SAID)
def test_what_fails_always_ends_the_command_with_3_and_stores_nothing(
    tmp_path: Path, undisturbed: Contents, what: str
) -> None:
    struck = fault(tmp_path, what, times=ALWAYS)
    for _ in range(EPOCHS - 1):  # each command gets an epoch further; the last has only to publish
        said = reproduce(tmp_path, "table1", code=3, fault=struck)
        assert "2 failed" in said
        assert contents(tmp_path) == {}
        assert faults(tmp_path) == []
    reproduce(tmp_path, "table1")
    assert contents(tmp_path) == undisturbed


@pytest.mark.faults
def test_a_failure_takes_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    struck = fault(tmp_path, "SIGSEGV", times=1)
    said = reproduce(tmp_path, "fig2", "cka.images=32", "cka.batch=16", code=3, fault=struck)
    assert "not run: it needs" in said
    assert len(contents(tmp_path)) == 1
    reproduce(tmp_path, "fig2", "cka.images=32", "cka.batch=16")
    assert sorted(map(len, contents(tmp_path).values())) == [2, 2, 2]
