"""`harness init` writes a study that is whole, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.layout import layout
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from harness.spec.library import load
from tests.cli.typed import typed

Capture = pytest.CaptureFixture[str]


def test_what_it_writes_is_planned_under_every_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    said = typed("init 'new/3 my study'", monkeypatch, capsys)
    assert (said.code, said.err) == (0, "")
    assert "cd 'new/3 my study' && harness reproduce own" in said.out
    study = tmp_path / "new/3 my study"
    assert 'name  = "my-study"\n' in (study / "study.toml").read_text(encoding="utf-8")
    library = load(layout(study))
    assert {"own", "table1", "lab-fig1"} <= set(library.exhibits)
    assert library.study.documents["ours"].name == library.study.title == "A study of our own"
    assert library.published == {"paper", "lab"}
    for profile in library.profiles.values():
        assert expand(library, ["own"], Setting(library.blocks, profile)).nodes


@pytest.mark.parametrize("kind", ["file", "full"])
def test_a_folder_that_holds_something_is_left_as_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    place = tmp_path / "taken"
    if kind == "full":
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    else:
        place.write_text("mine")
    said = typed(f"init {place}", monkeypatch, capsys)
    assert said.code == 2
    problem = "is not empty" if kind == "full" else "is a file"
    assert said.err == f"{place}: {problem} – name a new folder\n"
    left = ["taken", "notes.txt"] if kind == "full" else ["taken"]
    assert [path.name for path in tmp_path.rglob("*")] == left
