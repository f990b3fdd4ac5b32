"""`harness list KINDS`: what the models say, each class once, and what packages have named."""

from __future__ import annotations

import sys
from importlib import metadata
from types import ModuleType
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.measures.base import Measure
from harness.parts import components
from harness.parts.neurons import Lif, Neuron
from harness.spec.kinds import FAMILIES, NOUNS, records


def fields(noun: str, kind: str) -> dict[str, dict[str, Any]]:
    (found,) = (one for one in records(noun)[0] if one["kind"] == kind)
    return {one["name"]: one for one in found["fields"]}


def test_each_kind_is_there_with_what_its_model_says() -> None:
    for noun, family in FAMILIES.items():
        assert [one["kind"] for one in records(noun)[0]] == [*family.kinds]
    lif = fields("neurons", "lif")
    assert [*lif] == [name for name in Lif.model_fields if name not in ("kind", "deviations")]
    assert lif["decay"] == {
        "name": "decay",
        "values": "number, 0 to 1",
        "default": 0.5,
        "required": False,
        "description": "τ, kept fraction per step",
    }
    assert lif["threshold"]["values"] == "number, above 0"
    assert lif["reset"]["values"] == "hard or soft"
    assert lif["surrogate"] == {
        "name": "surrogate", "values": "a surrogate", "required": True, "description": ""
    }  # fmt: skip
    assert fields("networks", "resnet")["one_step_stages"]["values"] == "list of integer, 1 to 3"
    assert fields("datasets", "cifar")["size"]["values"] == "integer, 8 to 256, a multiple of 4"


def test_quantities_are_those_of_the_measures() -> None:
    found, faults = records("quantities")
    assert faults == []
    assert {(one["measure"], one["quantity"]) for one in found} == {
        (kind, name) for kind, one in Measure.kinds.items() for name in one.quantities
    }


def test_what_is_nothing_is_refused_with_the_nearest() -> None:
    assert {"neurons", "axes", "quantities"} < set(NOUNS)
    with pytest.raises(HarnessError, match="did you mean 'neurons'"):
        records("nuerons")


def test_what_packages_have_named_is_shown_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neuron, "kinds", dict(Neuron.kinds))
    package = ModuleType("snn_of_nobody")
    package.Mine = type("Mine", (Lif,), {"__module__": "snn_of_nobody"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "snn_of_nobody", package)
    points = {"mine": "snn_of_nobody:Mine", "gone": "snn_of_nobody.gone:Gone"}
    made = [metadata.EntryPoint(name, place, components.GROUP) for name, place in points.items()]
    monkeypatch.setattr(metadata, "entry_points", lambda group: made)
    components.named.cache_clear()
    try:
        found, (fault,) = records("neurons")
        assert [one["kind"] for one in found][-1] == "mine"
        assert "mine" not in [one["kind"] for one in records("surrogates")[0]]
        assert "snn_of_nobody.gone" in str(fault)
    finally:
        components.named.cache_clear()
