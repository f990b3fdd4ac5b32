"""Measures say which trainings they need, and refuse what would mean something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.measures.base import Measure, Side
from harness.measures.cka import SeenSide
from harness.parts.attacks import Attack
from harness.parts.measurement import Cka
from harness.spec.exhibit import Exhibit

MEASURE: TypeAdapter[Any] = TypeAdapter(Measure)


def measure(**said: Any) -> Any:
    return MEASURE.validate_python(said)


@pytest.mark.parametrize(
    ("said", "sides"),
    [
        ({"kind": "accuracy"}, (Side(),)),
        ({"kind": "cka", "map": "snn-snn"}, (SeenSide(),)),
        ({"kind": "cka", "map": "a", "x": SeenSide(seed=1)}, (SeenSide(seed=1),)),
        (
            {"kind": "cka", "map": "a", "x": SeenSide(neuron="lif"), "y": SeenSide(neuron="relu")},
            (SeenSide(neuron="lif"), SeenSide(neuron="relu")),
        ),
        ({"kind": "time_cka", "layers": ("blocks",)}, (Side(),)),
    ],
    ids=str,
)
def test_the_sides_of_a_measure_are_its_networks(said: Any, sides: tuple[Side, ...]) -> None:
    assert measure(**said).sides == sides


def test_every_measure_names_the_blocks_of_its_own_fields() -> None:
    attack = measure(kind="attack", attack="pgd", epsilon=(0.01,))
    assert attack.blocks == {"cka": ("paper",), "attack": ("pgd",)}
    assert measure(kind="probe", probe="ridge").blocks == {"probe": ("ridge",)}
    assert measure(kind="accuracy").blocks == {}


PAIR = ({"kind": "cka", "map": "m", "x": {"neuron": "lif"}, "y": {"neuron": "relu"}},)


def exhibit(**said: Any) -> Exhibit:
    values = {
        "id": "fig2",
        "title": "t",
        "source": {"document": "paper", "place": "p"},
        "measure": (*PAIR, {"kind": "probe", "probe": "ridge"}),
        "grid": ({"depth": (20,)},),
        "fixed": {"network": "resnet"},
    }
    return Exhibit.model_validate(values | said)


def test_an_exhibit_has_the_index_of_all_its_measures_once() -> None:
    assert exhibit().added() == ("map", "layer", "position", "stage_y", "stage_x")
    assert exhibit().named_neurons() == ("lif", "relu")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"measure": PAIR, "grid": ({"neuron": ("lif",)},)}, "the measures name their neurons"),
        ({"measure": PAIR, "fixed": {"neuron": "lif"}}, "the measures name their neurons"),
        ({"measure": ()}, "at least one measure"),
    ],
    ids=["varied", "fixed", "nothing measured"],
)
def test_an_exhibit_that_says_two_things_is_refused(said: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        exhibit(**said)


@pytest.mark.parametrize("open_to_the_grid", [{}, {"measure": ({**PAIR[0], "y": {}},)}])
def test_neurons_that_a_measure_leaves_open_are_those_of_the_grid(open_to_the_grid: Any) -> None:
    found = exhibit(grid=({"neuron": ("if", "relu")},), **open_to_the_grid)
    assert found.varied() == ("neuron",) and not found.names_all_neurons


def test_a_rest_of_images_would_be_dropped_in_silence_so_it_is_refused() -> None:
    assert Cka(images=2048, batch=1024).estimator == "unbiased"
    with pytest.raises(HarnessError, match="no whole number of batches 1024"):
        Cka(images=2000, batch=1024)


@pytest.mark.parametrize("epsilon", [(0.01, 0.001), (0.01, 0.01), ()])
def test_radii_rise_and_clean_images_are_always_taken(epsilon: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        measure(kind="attack", attack="pgd", epsilon=epsilon)


def test_fgsm_has_no_iterations_to_be_set() -> None:
    said = {"kind": "fgsm", "units": "pixel", "clip": True, "images": 1, "batch": 1}
    adapter: TypeAdapter[Any] = TypeAdapter(Attack)
    assert adapter.validate_python(said).similarity_mode == "eval"
    with pytest.raises(ValidationError):
        adapter.validate_python(said | {"iterations": 3})
