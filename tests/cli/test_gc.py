"""`harness gc` on a terminal: it says what would go, and only a yes lets it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.app import make_plan, open_project, use_store
from harness.layout import layout
from harness.plan.node import Node
from harness.store.manifest import Provenance
from harness.store.publish import Partial
from harness.store.store import Store
from tests.cli.typed import typed
from tests.small import small_project

NODE = Node.of("train", 1, {"epochs": 3}, {})
STUDY = "harness reproduce fig2 --set depth=32"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def publish(store: Store, node: Node) -> None:
    with store.lease(node.key):
        found = store.claim(node)
        assert isinstance(found, Partial)
        when = datetime(2026, 1, 1, tzinfo=UTC)
        store.publish(node, found, Provenance(when, 1.0, requested={"command": STUDY}))


@pytest.mark.parametrize(
    ("answer", "code", "stored"), [("y\n", 0, 0), ("n\n", 2, 1), ("\n", 2, 1), ("", 2, 1)]
)
def test_what_another_study_made_goes_only_after_a_yes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    stored: int,
) -> None:
    store = Store(tmp_path / "store")
    publish(store, NODE)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", Terminal())
    said = typed(f"gc --store {store.root}", monkeypatch, capsys)
    assert f"{store.folder(NODE.key)}: a stored node that nothing" in said.out
    assert f"made by {STUDY}" in said.out
    assert ("1 thing, " in said.out and " freed" in said.out) == (code == 0)
    assert said.code == code
    assert len(store.manifests()) == stored


def test_runs_of_recordings_in_another_data_folder_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "store")
    publish(store, NODE)
    of = {"dataset": {"unpacked": f"sha256:{'0' * 64}"}}
    there = Node.of("train", 1, of, {})
    publish(store, there)
    said = typed(f"gc --yes --store {store.root}", monkeypatch, capsys)
    assert "1 stored run of recordings" in said.out + said.err
    assert [one.key for one in store.manifests()] == [there.key]


def tiny_study(folder: Path, depth: int) -> Path:
    """A study with one exhibit that counts the weights of one network."""
    small_project(folder)
    for room in ("paper", "lab", "beyond"):
        for path in (folder / "specs" / room).glob("*.toml"):
            path.unlink()
    (folder / "specs/paper/sizes.toml").write_text(SIZES.format(depth=depth))
    return folder


SIZES = """\
id      = "sizes"
title   = "How large"
source  = {{ document = "paper", place = "nowhere" }}
measure = {{ kind = "architecture" }}
[grid]
depth = [{depth}]
[fixed]
network = "resnet"
dataset = "cifar10"
"""


@pytest.fixture
def two_studies(tmp_path: Path) -> tuple[Path, Path, Store]:
    """Two that have what they ask for in one store."""
    store = Store(tmp_path / "store")
    for name, depth in (("mine", 8), ("other", 14)):
        here = layout(tiny_study(tmp_path / name, depth), store=store.root)
        project = open_project(here, profile="smoke")
        use_store(here)
        for node in make_plan(project, ["sizes"]).nodes.values():
            publish(store, node)
    assert len(store.manifests()) == 2
    return tmp_path / "mine", tmp_path / "other", store


def test_what_another_study_of_the_store_asks_for_stays(
    two_studies: tuple[Path, Path, Store],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine, other, store = two_studies
    gc = f"gc --yes --project {mine} --store {store.root}"
    assert typed(gc, monkeypatch, capsys).code == 0
    assert len(store.manifests()) == 2
    (other / "specs/paper/sizes.toml").unlink()
    assert typed(gc, monkeypatch, capsys).code == 0
    assert len(store.manifests()) == 1


@pytest.mark.parametrize("harm", ["gone", "broken", "another user's"])
def test_of_a_study_that_cannot_be_asked_everything_stays_until_it_is_given_up(
    harm: str,
    two_studies: tuple[Path, Path, Store],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine, other, store = two_studies
    if harm == "gone":
        other.rename(other.with_name("moved"))
    elif harm == "broken":
        (other / "specs/paper/sizes.toml").write_text("id = 3")
    else:
        monkeypatch.setattr("os.geteuid", lambda: 4711)
        monkeypatch.setattr(Path, "stat", owned_by(other, Path.stat))
    gc = f"gc --yes --project {mine} --store {store.root}"
    said = typed(gc, monkeypatch, capsys)
    assert said.code == 0
    assert f"{other}: a study that used this store " in said.out
    assert {"gone": "is not there", "broken": "sizes.toml"}.get(harm, "another user") in said.out
    assert len(store.manifests()) == 2
    assert typed(f"{gc} --forget {other}", monkeypatch, capsys).code == 0
    assert len(store.manifests()) == 1
    assert str(other) not in typed(gc, monkeypatch, capsys).out
    assert typed(f"{gc} --forget {other}", monkeypatch, capsys).code == 2


def owned_by(folder: Path, stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    """`Path.stat`, by which a folder is somebody else's."""

    def told(self: Path, **how: Any) -> os.stat_result:
        found = stat(self, **how)
        return os.stat_result([*found[:4], 815, *found[5:]]) if self == folder else found

    return told


def test_a_broken_record_of_a_study_keeps_everything(
    two_studies: tuple[Path, Path, Store],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine, other, store = two_studies
    (place,) = (one for one in store.tree.entries("studies") if str(other) in one.read_text())
    place.write_text('{"folder": "/elsewhere"}')
    gc = f"gc --yes --project {mine} --store {store.root}"
    assert f"{place}: a study that used" in typed(gc, monkeypatch, capsys).out
    assert len(store.manifests()) == 2
    assert typed(f"{gc} --forget {place}", monkeypatch, capsys).code == 0
    assert len(store.manifests()) == 1


OWN = """\
from harness.parts.neurons import Spiking

class Own(Spiking):
    "{doc}"
    {field}: float = 0.5

    def step(self, current, state, spike):
        return spike(current), current
"""
GRID = """\
id      = "sizes"
title   = "How large"
source  = { document = "paper", place = "nowhere" }
measure = { kind = "accuracy" }
[grid]
neuron = ["own"]
[fixed]
network = "resnet"
dataset = "cifar10"
recipe  = "paper"
"""


def test_studies_whose_python_is_called_alike_are_both_asked(
    two_studies: tuple[Path, Path, Store],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine, other, store = two_studies
    for study, field in ((mine, "decay"), (other, "rise")):
        (study / "neuron_of_gc.py").write_text(OWN.format(doc=study.name, field=field))
        (study / "specs/paper/sizes.toml").write_text(GRID)
        with (study / "specs/blocks/neurons.toml").open("a") as file:
            file.write(f'\n[own]\nkind = "neuron_of_gc:Own"\ntime_steps = 2\n{field} = 0.25\n')
            file.write('surrogate = { kind = "dspike", temperature = 3.0, support = 3.0 }\n')
            file.write("fires_at_threshold = true\nthreshold = 1.0\n")
    said = typed(f"gc --yes --project {mine} --store {store.root}", monkeypatch, capsys)
    assert "cannot say" not in said.out
    assert (said.code, store.manifests()) == (0, []), said.err
