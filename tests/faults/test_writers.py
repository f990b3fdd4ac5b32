"""Disk full and store read-only, at every step of everything that writes: an error that names place
and remedy, nothing half, and the same call finishes once the disk takes it.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from harness.errors import HarnessError
from tests.faults.inject import HINTS, disk
from tests.faults.writers import WRITERS, Writer

ENOUGH = 400  # steps that no writer here needs


def attempt(writer: Writer, folder: Path) -> str:
    try:
        return writer.write(folder)
    except HarnessError as error:
        return str(error)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.faults)])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_refuses_from_some_step_on(
    tmp_path: Path, name: str, number: int, every: int
) -> None:
    writer, said = WRITERS[name], []
    for step in range(0, ENOUGH, every):
        folder = tmp_path / "disk"
        folder.mkdir()
        writer.ready(folder)
        with disk(folder, number, step) as here:
            problem = attempt(writer, folder)
        if not here.refused:
            assert problem == ""
            break
        if problem:
            said.append(problem)
            assert os.strerror(number) in problem, here.steps
            assert not writer.says_remedy or HINTS[number] in problem, problem
            assert str(folder) in problem, problem
        assert attempt(writer, folder) == "", (step, here.steps)
        assert writer.whole(folder), (step, here.steps)
        shutil.rmtree(folder)
    assert writer.whole(folder)
    assert said  # else nothing was refused, and nothing proved
