"""`attack`: accuracy of one trained network under attack, and CKA of clean with attacked images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.engine.attacks import Pgd, accuracy_under_attack, attacked_batches
from harness.engine.cka import CkaCurve, clean_against_attacked
from harness.engine.data.labelled import ImageSet
from harness.engine.networks import Network
from harness.runs.cka import defined_mean, undefined
from harness.runs.layers import described
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Progress, Report, write_json
from harness.runs.trained import first, normalisation, pictures_of, trained
from harness.spec.attack import Attack, Fgsm, Mode
from harness.spec.run import RobustnessRun


def run(spec: RobustnessRun, place: Place, report: Report) -> Numbers:
    """Attack; `attack.json` holds the accuracy for each ε with 0, `cka.safetensors` the CKA for
    each ε above 0 and layer.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        images = pictures_of(spec.x, place)
        accuracies, curves = [_accuracy(network, images, spec, 0.0)], []
        for done, epsilon in enumerate(spec.epsilon):
            report(Progress(done, len(spec.epsilon), "ε"))
            accuracies.append(_accuracy(network, images, spec, epsilon))
            curves.append(_similarity(network, images, spec, epsilon))
        report(Progress(len(spec.epsilon), len(spec.epsilon), "ε"))
    values = torch.stack([curve.values for curve in curves])
    save_file({"values": values.contiguous()}, place.files / "cka.safetensors")
    reasons = {(row, at): why for row, one in enumerate(curves) for at, why in one.reasons.items()}
    record = {
        "accuracy": [
            {"epsilon": epsilon, "accuracy": accuracy}
            for epsilon, accuracy in zip((0.0, *spec.epsilon), accuracies, strict=True)
        ],
        "epsilon": list(spec.epsilon),
        "layers": described(network),
        "undefined": undefined(reasons),
        "images": {"accuracy": spec.attack.images, "cka": spec.cka.images},
        "estimator": spec.cka.estimator,
    }
    write_json(place.files / "attack.json", record)
    return {
        "clean_accuracy": accuracies[0],
        "least_accuracy": min(accuracies),
        "cka_at_largest": defined_mean((values[-1],)),
    }


def _accuracy(network: Network, images: ImageSet, spec: RobustnessRun, epsilon: float) -> float:
    found = accuracy_under_attack(
        network,
        *first(images, "test", spec.attack.images),
        normalisation(spec.x, images),
        _engine(spec.attack, spec.attack.accuracy_mode),
        epsilons=(epsilon,),
        seed=spec.x.seed,
        batch=spec.attack.batch,
    )
    return found[0]


def _similarity(
    network: Network, images: ImageSet, spec: RobustnessRun, epsilon: float
) -> CkaCurve:
    """The network is attacked in the mode of the spec, and seen in evaluation mode."""

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        batches = attacked_batches(
            network,
            *first(images, "test", spec.cka.images),
            normalisation(spec.x, images),
            _engine(spec.attack, spec.attack.similarity_mode),
            epsilon=epsilon,
            seed=spec.x.seed,
            batch=spec.cka.batch,
        )
        yield from ((one.clean, one.attacked) for one in batches)

    return clean_against_attacked(network, pairs(), estimator=spec.cka.estimator)


def _engine(attack: Attack, mode: Mode) -> Pgd:
    """FGSM is one iteration of PGD of length ε from the image."""
    ball: Any = {"units": attack.units, "clip": attack.clip, "mode": mode}
    if isinstance(attack, Fgsm):
        return Pgd(iterations=1, relative_step=1.0, random_start=False, **ball)
    return Pgd(
        iterations=attack.iterations,
        relative_step=attack.step,
        random_start=attack.random_start,
        **ball,
    )
