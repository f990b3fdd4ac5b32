"""`harness runs`, `show`, `rm`, `pack` and `unpack` over a study whose runs are stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.store.studies import recorded_studies
from harness.store.verify import verify
from tests.results.conftest import Harness, Study


@pytest.fixture
def copied(study: Study, tmp_path: Path) -> Study:
    """A copy that a test may change."""
    shutil.copytree(study.folder, tmp_path / "copied")
    return Study(tmp_path / "copied", Store(tmp_path / "copied/store"))


def keys(store: Store, kind: str) -> list[str]:
    return [one.key for one in store.manifests() if one.kind == kind]


def test_a_run_says_in_the_store_which_study_it_is_of(study: Study) -> None:
    assert recorded_studies(study.store.tree) == {study.folder: ""}


def test_runs_says_who_asks_for_what(study: Study, harness: Harness) -> None:
    found = {one["key"]: one for one in json.loads(harness("runs --json").out)}
    assert found.keys() == {one.key for one in study.store.manifests()}
    (between,) = keys(study.store, "workflow")
    assert found[between]["exhibits"] == {"smoke": ["between"]}
    for key in keys(study.store, "train"):
        own = [one for one in found[key]["exhibits"]["smoke"] if not one.startswith("beyond-")]
        assert own == ["between", "more", "pair"]
        assert found[key]["bytes"] == sum(one.bytes for one in study.store.get(key).files.values())  # type: ignore[union-attr]
    of_pair = json.loads(harness("runs pair --json").out)
    assert sorted(one["key"] for one in of_pair) == sorted(keys(study.store, "train"))
    said = harness("runs").out
    assert "4 runs, " in said
    assert all(key[:8] in said for key in found)
    assert harness("runs pare").code == 2


def test_a_run_is_shown_by_the_beginning_of_its_key(study: Study, harness: Harness) -> None:
    (between,) = keys(study.store, "workflow")
    key = keys(study.store, "train")[0]
    shown = json.loads(harness(f"show {key[:10]} --json").out)
    made = study.store.get(key)
    assert made is not None
    assert {name: shown[name] for name in ("key", "spec", "numbers", "environment")} == {
        name: made.model_dump(mode="json")[name]
        for name in ("key", "spec", "numbers", "environment")
    }
    assert shown["rests_on_it"] == [between]
    said = harness(f"show {key[:10].upper()}").out
    for word in (key, "network.depth", "best_accuracy", "metrics.json", between[:8], "more, pair"):
        assert word in said
    assert key[:8] in harness(f"show {between}").out


def test_a_beginning_of_several_keys_is_answered_with_them(study: Study, harness: Harness) -> None:
    stored = [one.key for one in study.store.manifests()]
    for key in stored:
        digits = next(n for n in range(1, 65) if sum(k.startswith(key[:n]) for k in stored) == 1)
        assert harness(f"show {key[:digits]}").code == 0
        if digits > 1:
            said = harness(f"show {key[: digits - 1]}")
            assert said.code == 2
            assert all(k[:8] in said.err for k in stored if k.startswith(key[: digits - 1]))
    assert "no stored run's key begins so" in harness("show g").err


def test_runs_that_are_named_go_and_no_others(copied: Study, harness: Harness) -> None:
    (between,) = keys(copied.store, "workflow")
    first, second = keys(copied.store, "train")
    rm = f"--project {copied.folder} --yes"
    refused = harness(f"rm {first} {rm}")
    assert refused.code == 2
    assert f"rest on it: {between[:8]} – remove them too: harness rm " in refused.err
    unasked = harness(f"rm {between} --project {copied.folder}")
    assert (unasked.code, "nothing is gone" in unasked.err) == (2, True)
    assert len(copied.store.manifests()) == 4
    said = harness(f"rm {first[:12]} {between[:12]} {rm}")
    assert (said.code, "2 runs removed" in said.out) == (0, True)
    assert keys(copied.store, "train") == [second]
    assert len(copied.store.manifests()) == 2
    assert copied.store.tree.entries("trash") == []
    assert verify(copied.store) == []


def test_what_a_run_holds_or_reads_stays(copied: Study, harness: Harness) -> None:
    (between,) = keys(copied.store, "workflow")
    first, second = keys(copied.store, "train")
    rm = f"--project {copied.folder} --yes"
    with copied.store.lease(between):
        said = harness(f"rm {first} {second} {between} {rm}")
    assert said.code == 3
    assert said.out.count("is in use by a run, and stays") == 3
    assert len(copied.store.manifests()) == 4


def test_a_study_is_sent_whole(study: Study, harness: Harness, tmp_path: Path) -> None:
    (study.folder / ".secret").write_text("mine")
    made = study.folder / "__pycache__"
    made.mkdir(exist_ok=True)
    (made / "x.pyc").write_text("made")
    archive = tmp_path / "ours.zip"
    said = harness(f"pack {archive}")
    assert said.code == 0, said.err
    assert ", 4 stored runs, 0 half-done: " in said.out
    again = archive.read_bytes()
    assert harness(f"pack {archive}").code == 0
    assert archive.read_bytes() == again
    there = tmp_path / "theirs"
    assert harness(f"unpack {archive} {there}").code == 0
    assert harness(f"unpack {archive} {there}").code == 2
    sent = {path.relative_to(there) for path in there.rglob("*") if path.is_file()}
    mine = {path.relative_to(study.folder) for path in study.folder.rglob("*.toml")}
    assert mine <= sent
    assert not {one.name for one in sent} & {".secret", "x.pyc"}
    assert not (there / "store/studies").exists()
    planned = json.loads(harness(f"plan pair between --project {there} --json").out)
    assert [one["todo"] for one in planned["exhibits"]] == [0, 0]


def test_what_an_exhibit_needs_goes_alone(study: Study, harness: Harness, tmp_path: Path) -> None:
    said = json.loads(harness(f"pack {tmp_path}/pair.zip pair --json").out)
    assert sorted(said["stored"]) == sorted(keys(study.store, "train"))
    assert "specs/paper/pair.toml" in said["study"]
    said = json.loads(harness(f"pack {tmp_path}/runs.zip pair --runs --json").out)
    assert said["study"] == []
    taken = harness(f"unpack {tmp_path}/runs.zip --runs --store {tmp_path}/store")
    assert "2 stored runs and 0 half-done taken" in taken.out
    assert len(Store(tmp_path / "store").tree.entries("studies")) == 1
    for line in ("", "--runs {0}/new", "{0}/new --store {0}/store"):
        assert harness(f"unpack {tmp_path}/pair.zip {line.format(tmp_path)}").code == 2
    assert not (tmp_path / "new").exists()


def test_a_link_in_a_study_is_not_left_out_in_silence(copied: Study, harness: Harness) -> None:
    (copied.folder / "data").symlink_to(copied.folder.parent)  # where data sets lie
    line = f"pack {copied.folder}/../x.zip --project {copied.folder}"
    assert harness(line).code == 0
    (copied.folder / "specs/paper/linked.toml").symlink_to(copied.folder / "specs/paper/pair.toml")
    said = harness(line)
    assert (said.code, "linked.toml: is a link" in said.err) == (2, True)


def test_an_archive_in_the_folder_of_its_study_does_not_grow(
    copied: Study, harness: Harness
) -> None:
    line = f"pack {copied.folder}/x.zip --project {copied.folder} --size 100kB"
    first = json.loads(harness(f"{line} --json").out)
    assert len(first["files"]) > 1
    assert json.loads(harness(f"{line} --json").out) == first
    whole = f"pack {copied.folder}/x.zip --project {copied.folder} --json"
    assert json.loads(harness(whole).out)["study"] == first["study"]
    assert [path.name for path in copied.folder.glob("x.zip*")] == ["x.zip"]
