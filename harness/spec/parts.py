"""What runs consist of: the families of parts, and the fields that a spec may change."""

from __future__ import annotations

from collections.abc import Mapping

from harness.parts.attacks import Attack
from harness.parts.base import Spec
from harness.parts.datasets import Dataset
from harness.parts.measurement import ActivationMaximisation, Cka, Numerics
from harness.parts.networks import Network
from harness.parts.neurons import Neuron
from harness.parts.probes import Probe
from harness.parts.recipe import Recipe
from harness.parts.regressions import Regression

BLOCKS: Mapping[str, tuple[str, type[Spec]]] = {
    "network": ("networks", Network),
    "neuron": ("neurons", Neuron),
    "dataset": ("datasets", Dataset),
    "recipe": ("recipes", Recipe),
    "cka": ("cka", Cka),
    "attack": ("attacks", Attack),
    "probe": ("probes", Probe),
    "regression": ("regressions", Regression),
    "activation_maximisation": ("activation_maximisations", ActivationMaximisation),
}
"""Part of a run → the file of specs/blocks/ whose tables describe it, and their model."""
PARTS: Mapping[str, type[Spec]] = {name: model for name, (_, model) in BLOCKS.items()} | {
    "numerics": Numerics
}

_CLOSED = (
    "kind",
    "name",
    "files",
    "archive",
    "archives",
    "unpacked",
    "study",
    "train",
    "test",
    "test_list",
    "names",
    "origin",
    "published",
    "given",
    "deviations",
)
"""Fields that choose the model or pin its data: a profile or an override leaves them alone."""


def models_of(part: str) -> tuple[type[Spec], ...]:
    """Every model that may stand in a part; none where it is no part."""
    model = PARTS.get(part)
    return tuple(getattr(model, "kinds", {}).values()) or ((model,) if model else ())


def fields_of(part: str) -> tuple[str, ...]:
    """The fields of a part that may be changed, of all models that may stand there."""
    names = (name for model in models_of(part) for name in model.model_fields)
    return tuple(dict.fromkeys(name for name in names if name not in _CLOSED))


def known_fields() -> tuple[str, ...]:
    """Every field that may be changed, as `recipe.epochs`."""
    return tuple(f"{part}.{name}" for part in PARTS for name in fields_of(part))
