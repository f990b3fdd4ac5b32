"""provenance.json: spec, keys and machine of every node, whether it is stored or not."""

from __future__ import annotations

import json

from harness.canonical import identity_key
from harness.report.provenance import provenance, provenance_json
from tests.synthetic import ENVIRONMENT, SyntheticStore, library, plan


def said() -> dict:  # type: ignore[type-arg]
    store = SyntheticStore(plan("table1", overrides=("recipe.epochs=2",)))
    planned = store.plan.exhibits[0]
    del store.contents[planned.nodes[0]]
    manifests = {key: store.get(key) for key in planned.nodes}
    books = library()
    content = provenance_json(
        planned, store.plan, books.documents["table1"], books.profile("paper"), manifests
    )
    found: dict = json.loads(content)  # type: ignore[type-arg]
    return found


def test_it_says_what_every_key_is_made_of() -> None:
    found = said()
    assert len(found["nodes"]) == 18
    for node in found["nodes"]:
        made_of = {name: node[name] for name in ("kind", "revision", "spec", "inputs")}
        assert identity_key(**made_of) == node["key"]
        assert node["spec"]["recipe"]["epochs"] == 2


def test_a_node_that_is_not_stored_has_no_machine() -> None:
    first, second, *_ = said()["nodes"]
    assert (first["stored"], first["environment"], first["wall_s"]) == (False, None, None)
    assert (second["stored"], second["environment"]) == (True, ENVIRONMENT)


def test_the_spec_and_the_command_that_reproduces_it_are_there() -> None:
    found = said()
    assert found["spec"]["file"] == "specs/paper/table1.toml"
    assert found["spec"]["text"].startswith("#:schema ../schema/exhibit.json\n")
    assert found["set"] == ["recipe.epochs=2"]
    assert found["command"].endswith("reproduce table1 --profile paper --set recipe.epochs=2")


def test_what_was_skipped_of_damaged_recordings_is_said() -> None:
    store = SyntheticStore(plan("table1"))
    (planned,), books = store.plan.exhibits, library()
    manifests = {key: store.get(key) for key in planned.nodes}
    first = next(one for one in manifests.values() if one)
    numbers = {**first.numbers, "skipped_events": "3 outside the sensor"}
    manifests[first.key] = first.model_copy(update={"numbers": numbers})
    which = (books.documents["table1"], books.profile("paper"), manifests)
    found = json.loads(provenance_json(planned, store.plan, *which))
    assert [one["skipped_events"] for one in found["nodes"]].count("3 outside the sensor") == 1
    facts = dict(provenance(planned, store.plan, *which, {}).facts)
    assert facts["skipped events"] == "cifar10: 3 outside the sensor"
