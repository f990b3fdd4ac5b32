"""A pipe in the place of a file is refused, or taken away where it is ours: nobody waits for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.check.contents import provenance_of
from harness.check.golden import read_table
from harness.diff.compare import read_results
from harness.errors import HarnessError
from harness.execute.events import tail
from harness.execute.node_file import read_node
from harness.files import NotPlainError, open_plain, read_plain
from harness.plan.device import read_measured
from harness.plan.node import Node
from harness.report.figures import files_of
from harness.store.publish import recorded_inputs
from harness.store.store import Store
from tests.diff.made import exhibit

pytestmark = pytest.mark.timeout(20)
NODE = Node.of("train", 1, {"recipe": {"epochs": 3}}, {})


def piped(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def beside(path: Path) -> Path:
    """A golden file whose provenance is a pipe."""
    path.unlink()
    path.touch()
    piped(path.with_suffix(".provenance.json"))
    return path


REFUSED: dict[str, Callable[[Path], object]] = {
    "node file": lambda path: read_node(path),
    "golden values": lambda path: read_table(path, "golden"),
    "provenance": lambda path: provenance_of(beside(path)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_pipe_in_the_place_of_an_input_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HarnessError, match=r"cannot be read: .*not a plain file"):
        REFUSED[name](piped(tmp_path / "input"))


@pytest.mark.parametrize("file", ["verdict.json", "provenance.json"])
def test_a_pipe_among_results_is_refused(tmp_path: Path, file: str) -> None:
    folder = exhibit(tmp_path / "results")
    (place,) = folder.rglob(file)
    piped(place)
    with pytest.raises(HarnessError, match=f"{file}: cannot be read: not a plain file"):
        read_results(folder)


def test_a_pipe_in_the_place_of_what_can_be_made_again_counts_as_not_there(tmp_path: Path) -> None:
    piped(tmp_path / "devices.json")
    assert read_measured(tmp_path / "devices.json") == {}
    piped(tmp_path / "figure" / ".drawn.json")
    assert files_of(None, tmp_path / "figure") == {}
    piped(tmp_path / "partial" / "identity.json")
    assert recorded_inputs(tmp_path / "partial") == set()
    assert tail(piped(tmp_path / "log")) == ()


def test_a_run_writes_its_log_although_a_pipe_stood_in_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    piped(store.tree.log(NODE.key))
    path = store.log_path(NODE.key)
    path.write_text("as a file")
    assert path.is_file()


def test_links_are_followed_only_where_a_user_may_have_put_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    assert read_plain(link) == b"abc"
    with pytest.raises(NotPlainError):
        open_plain(link)
    with pytest.raises(OSError, match="more than 2 bytes"):
        read_plain(link, 2)
