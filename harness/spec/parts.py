"""What runs consist of, and the models that may stand in each part."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from harness.spec.ascent import Ascent
from harness.spec.attack import Fgsm, Pgd
from harness.spec.cka import Cka
from harness.spec.dataset import Cifar, ColouredDigits, EmbeddedDigits, Recordings, Saccades
from harness.spec.network import Alexnet, Resnet, Small, Vgg
from harness.spec.neuron import If, Lif, Plif, Relu
from harness.spec.numerics import Numerics
from harness.spec.probe import Ridge, Sgd
from harness.spec.recipe import Recipe
from harness.spec.regression import DescentFit, RidgeFit

PARTS: Mapping[str, tuple[type[BaseModel], ...]] = {
    "network": (Resnet, Vgg, Small, Alexnet),
    "neuron": (Relu, Lif, If, Plif),
    "dataset": (Cifar, EmbeddedDigits, ColouredDigits, Recordings, Saccades),
    "recipe": (Recipe,),
    "numerics": (Numerics,),
    "cka": (Cka,),
    "attack": (Pgd, Fgsm),
    "probe": (Ridge, Sgd),
    "regression": (RidgeFit, DescentFit),
    "ascent": (Ascent,),
}
MEASURED: tuple[str, ...] = ("cka", "attack", "probe", "regression", "ascent")
"""The parts of a measurement, taken from named blocks; the others are those of a training."""

_CLOSED = (
    "kind",
    "name",
    "files",
    "archive",
    "archives",
    "origin",
    "published",
    "given",
    "deviations",
)
"""Fields that choose the model or pin its data: a profile or an override leaves them alone."""


def fields_of(part: str) -> tuple[str, ...]:
    """The fields of a part that may be changed, of all models that may stand there."""
    names = (name for model in PARTS.get(part, ()) for name in model.model_fields)
    return tuple(dict.fromkeys(name for name in names if name not in _CLOSED))


def known_fields() -> tuple[str, ...]:
    """Every field that may be changed, as `recipe.epochs`."""
    return tuple(f"{part}.{name}" for part in PARTS for name in fields_of(part))
