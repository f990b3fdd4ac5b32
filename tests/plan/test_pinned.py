"""The files that a part rests on are part of the keys of its runs, asked for once in a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.parts.embedded import EmbeddedDigits
from harness.parts.measurement import Cka
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from tests.synthetic import library

FILES = Path("study"), Path("data")


def setting(files: tuple[Path, Path] | None = FILES) -> Setting:
    return Setting(library().blocks, library().profile("smoke"), files=files)


def keys(files: tuple[Path, Path] | None = FILES) -> set[str]:
    return set(expand(library(), ("fig2",), setting(files)).nodes)


def test_what_a_part_finds_enters_every_key_and_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, asked = keys(), []

    def pinned(self: EmbeddedDigits, study: Path, data: Path) -> EmbeddedDigits:
        asked.append((study, data))
        return self.model_copy(update={"sha256": "0" * 64})

    monkeypatch.setattr(EmbeddedDigits, "pinned", pinned)
    assert not before & keys() and asked == [FILES]
    assert keys(None) == before  # who plans without files has what the specs say


def test_parts_of_a_measurement_are_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    monkeypatch.setattr(Cka, "pinned", lambda self, *_: self.model_copy(update={"images": 256}))
    assert before != keys()


def test_what_is_missing_fails_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def pinned(self: EmbeddedDigits, study: Path, data: Path) -> EmbeddedDigits:
        raise HarnessError("images", "are not there")

    monkeypatch.setattr(EmbeddedDigits, "pinned", pinned)
    with pytest.raises(HarnessError, match="are not there"):
        keys()
