"""report.zip for other programs: the MUSTs of RO-Crate 1.1 and of Process Run Crate 0.5, and a
statement that a CI can sign.

The validator of RO-Crates asks the web for the context, and needs an older rich than the harness
runs with; so it has an environment of its own in `nox -s standards`, and the tests check what the
two specifications say of a crate.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from harness.check.status import Status, Word
from harness.report.crate import SUBJECTS, statement
from harness.report.results import FirstSaid, write_results
from tests.report.conftest import Opened
from tests.synthetic import SyntheticStore, folders, library, plan

DAY, TIME = r"\d{4}-\d\d-\d\d", r"T\d\d:\d\d:\d\d\+00:00"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("crate")
    opened = Opened(folders(folder), library(), library().profile("paper"), "harness report")
    store = SyntheticStore(plan("table1", "tableD1"))
    write_results(opened, store.plan, store, {}, as_zip=True)
    with zipfile.ZipFile(folder / "out/paper/report.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def graph(packed: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """The entities by id."""
    said = json.loads(packed["ro-crate-metadata.json"])
    assert said["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    assert len({one["@id"] for one in said["@graph"]}) == len(said["@graph"])  # flattened
    return {one["@id"]: one for one in said["@graph"]}


def ids(said: Any) -> set[str]:
    return {one["@id"] for one in (said if isinstance(said, list) else [said])}


def test_the_root_is_what_ro_crate_asks_for(graph: dict[str, dict[str, Any]]) -> None:
    about = graph["ro-crate-metadata.json"]
    assert about["@type"] == "CreativeWork"
    assert about["about"] == {"@id": "./"}
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = graph["./"]
    assert root["@type"] == "Dataset"
    assert all(root[name] for name in ("name", "description", "license"))
    assert re.fullmatch(DAY, root["datePublished"])
    profile = graph["https://w3id.org/ro/wfrun/process/0.5"]
    assert profile["@type"] == "CreativeWork"
    assert root["conformsTo"] == {"@id": profile["@id"]}


def test_every_file_is_part_of_it_with_its_checksum(
    graph: dict[str, dict[str, Any]], packed: dict[str, bytes]
) -> None:
    files = {name: one for name, one in graph.items() if one["@type"] == "File"}
    assert files.keys() == packed.keys() - {"ro-crate-metadata.json"} == ids(graph["./"]["hasPart"])
    for name, one in files.items():
        assert one["sha256"] == hashlib.sha256(packed[name]).hexdigest()
        assert one["contentSize"] == str(len(packed[name]))
        assert one["encodingFormat"] != "application/octet-stream"


def test_an_action_made_the_results_of_specs_and_data(graph: dict[str, dict[str, Any]]) -> None:
    (action,) = [one for one in graph.values() if one["@type"] == "CreateAction"]
    assert graph["./"]["mentions"] == {"@id": action["@id"]}
    tool = graph[action["instrument"]["@id"]]
    assert (tool["@type"], bool(tool["softwareVersion"])) == ("SoftwareApplication", True)
    assert {"paper/table1/spec.toml", "paper/tableD1/spec.toml", "#data-cifar10"} <= ids(
        action["object"]
    )
    parts = ids(graph["./"]["hasPart"])
    assert ids(action["result"]) == {one for one in parts if not one.endswith("spec.toml")}
    assert re.fullmatch(DAY + TIME, action["startTime"])
    assert action["endTime"] > action["startTime"]


@pytest.mark.parametrize(
    ("profile", "names", "unstored", "read"),
    [
        ("smoke", ("fig1", "tableD1"), "", {"digits"}),
        ("smoke", ("tableD1",), "", set()),
        ("paper", ("table1", "tableD1"), "train", set()),
    ],
)
def test_only_data_that_a_run_read_is_an_input(
    profile: str, names: tuple[str, ...], unstored: str, read: set[str], tmp_path: Path
) -> None:
    """Networks counted as built read none, and a run that is not there has read none."""
    opened = Opened(folders(tmp_path), library(), library().profile(profile), "harness report")
    store = SyntheticStore(plan(*names, profile=profile))
    kinds = {key: node.kind for key, node in store.plan.nodes.items()}
    store.contents = {k: v for k, v in store.contents.items() if kinds[k] != unstored}
    write_results(opened, store.plan, store, {}, as_zip=True)
    with zipfile.ZipFile(tmp_path / f"out/{profile}/report.zip") as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    (action,) = [one for one in graph if one["@type"] == "CreateAction"]
    assert {one for one in ids(action["object"]) if one[0] == "#"} == {
        f"#data-{name}" for name in read
    }
    assert {one["name"] for one in graph if one["@id"].startswith("#data-")} == read
    whole = (tmp_path / f"out/{profile}/report.html").read_text(encoding="utf-8")
    assert ("Data that stand in" in whole) == ("digits" in read)


def test_nothing_is_named_that_is_not_described(graph: dict[str, dict[str, Any]]) -> None:
    def named(said: Any) -> set[str]:
        if isinstance(said, list):
            return {name for one in said for name in named(one)}
        return {said["@id"]} if isinstance(said, dict) else set()

    every = {name for one in graph.values() for value in one.values() for name in named(value)}
    assert every <= {*graph, "https://w3id.org/ro/crate/1.1"}


def test_the_subjects_of_the_statement_are_verdicts_and_report(packed: dict[str, bytes]) -> None:
    said = json.loads(packed["paper/verdicts.intoto.json"])
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    found = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    assert set(found) == {
        *SUBJECTS[1:],
        "table1/verdict.json",
        "tableD1/verdict.json",
    }
    for name, digest in found.items():
        assert digest == hashlib.sha256(packed[f"paper/{name}"]).hexdigest()
    configured = said["predicate"]["configuration"]
    assert [one["name"] for one in configured] == [
        "specs/paper/table1.toml",
        "specs/paper/tableD1.toml",
    ]
    spec = hashlib.sha256(packed["paper/table1/spec.toml"]).hexdigest()
    assert configured[0]["digest"] == {"sha256": spec}
    assert said["predicate"]["result"] == "PASSED"
    assert "table1" in said["predicate"]["passedTests"]
    assert said["predicate"]["failedTests"] == []


def test_the_statement_is_what_the_published_schema_says(packed: dict[str, bytes]) -> None:
    text = packed["paper/verdicts.intoto.json"].decode()
    parsed = json_format.Parse(text, statement_pb2.Statement())  # refuses a field it has not
    Statement.copy_from_pb(parsed).validate()
    said = json.dumps(json.loads(text)["predicate"])
    predicate = json_format.Parse(said, test_result_pb2.TestResult())
    assert predicate.result == "PASSED"
    for one in predicate.configuration:
        ResourceDescriptor.copy_from_pb(one).validate()


def test_the_statement_says_what_failed_and_what_could_not_have(tmp_path: Path) -> None:
    opened = Opened(folders(tmp_path), library(), library().profile("paper"), "harness report")
    store = SyntheticStore(plan("table1"))
    (good,) = write_results(opened, store.plan, store, {}).verdicts
    (claim, *others) = good.claims
    bad = replace(good, exhibit="bad", claims=(replace(claim, status=Status.FAIL), *others))
    idle = replace(good, exhibit="idle", word=Word.NOTHING_HELD, claims=())

    def tests(*verdicts: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(statement({}, verdicts, []))["predicate"]
        return found

    assert tests(good)["result"] == "PASSED"
    assert (tests(good, idle)["result"], tests(idle)["warnedTests"]) == ("WARNED", ["idle"])
    said = tests(bad, idle)
    assert said["result"] == "FAILED"
    assert f"bad: claim {claim.id}" in said["failedTests"]


def test_what_rests_on_a_run_that_sources_have_otherwise_is_a_warning(tmp_path: Path) -> None:
    opened = Opened(folders(tmp_path), library(), library().profile("paper"), "harness merge")
    store = SyntheticStore(plan("table1", "tableD1"))
    table, _ = store.plan.exhibits
    first = FirstSaid(contested=frozenset({table.nodes[0], "of no exhibit"}))
    verdict, other = write_results(opened, store.plan, store, {}, first=first).verdicts
    assert (verdict.word, other.word) == (Word.DISPUTED, Word.REPRODUCED)
    said = f"sources disagree on 1 of {len(table.nodes)} runs"
    assert verdict.explanation.startswith(f"{said}; the numbers that were taken hold: ")
    assert said in verdict.sentence
    out = tmp_path / "out/paper"
    predicate = json.loads((out / "verdicts.intoto.json").read_text())["predicate"]
    assert (predicate["result"], predicate["failedTests"]) == ("WARNED", [])
    assert {one.partition(":")[0] for one in predicate["warnedTests"]} == {"table1"}
    assert len(predicate["warnedTests"]) == 1 + sum(one.counted for one in verdict.claims) > 1
    assert {one.partition(":")[0] for one in predicate["passedTests"]} == {"tableD1"}
    assert json.loads((out / "table1/verdict.json").read_text())["disputed"] == said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "table1 rests on runs that sources have otherwise" in page.partition("</h1>")[0]
    cases = (out / "verdicts.xml").read_text(encoding="utf-8")
    assert cases.partition('name="table1 as a whole"')[2].split("<")[1].startswith("skipped")


def test_a_report_without_any_run_is_no_crate(tmp_path: Path) -> None:
    opened = Opened(folders(tmp_path), library(), library().profile("paper"), "harness report")
    store = SyntheticStore(plan("tableD1"))
    store.contents = {}
    write_results(opened, store.plan, store, {}, as_zip=True)
    with zipfile.ZipFile(tmp_path / "out/paper/report.zip") as archive:
        assert "ro-crate-metadata.json" not in archive.namelist()
