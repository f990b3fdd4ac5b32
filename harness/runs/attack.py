"""`attack`: accuracy of one trained network under attack, and CKA of clean with attacked images."""

from __future__ import annotations

import copy

import torch

from harness.engine.attacks import accuracy_under_attack, attacked_batches
from harness.engine.cka import CkaCurve, clean_against_attacked
from harness.engine.data.labelled import ImageSet
from harness.engine.networks import Network
from harness.measures.attack import RobustnessRun
from harness.runs.cka import defined_mean, undefined, write_errors
from harness.runs.layers import described
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json, write_tensors
from harness.runs.trained import first, normalisation, pictures_of, trained


def run(spec: RobustnessRun, place: Place, report: Report) -> Numbers:
    """Attack; `attack.json` holds the accuracy for each ε with 0, `cka.safetensors` the CKA for
    each ε above 0 and layer, `errors.safetensors` its standard errors over images.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        images = pictures_of(spec.x, place)
        accuracies, curves = [_accuracy(network, images, spec, 0.0)], []
        for epsilon in told(spec.epsilon, "ε", report):
            accuracies.append(_accuracy(network, images, spec, epsilon))
            curves.append(_similarity(network, images, spec, epsilon))
    values = torch.stack([curve.values for curve in curves])
    write_tensors(place.files / "cka.safetensors", {"values": values})
    known = [curve.se for curve in curves if curve.se is not None]
    write_errors(place, {"se": torch.stack(known) if known else None})
    reasons = {(row, at): why for row, one in enumerate(curves) for at, why in one.reasons.items()}
    record = {
        "accuracy": [
            {"epsilon": epsilon, "accuracy": accuracy}
            for epsilon, accuracy in zip((0.0, *spec.epsilon), accuracies, strict=True)
        ],
        "epsilon": list(spec.epsilon),
        "layers": described(network, curves[0].names),
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
        spec.attack,
        epsilons=(epsilon,),
        seed=spec.x.seed,
        batch=spec.attack.batch,
    )
    return found[0]


def _similarity(
    network: Network, images: ImageSet, spec: RobustnessRun, epsilon: float
) -> CkaCurve:
    """The network is attacked in the mode of the spec, and seen in evaluation mode. What drifts is
    a copy for each ε: it is attacked minibatch after minibatch, and sees each of them after its
    attack; the clean images are seen by the network as it is stored.
    """
    drifts = spec.attack.similarity_mode == "drifting"
    attacked = copy.deepcopy(network) if drifts else network
    batches = attacked_batches(
        attacked,
        *first(images, "test", spec.cka.images),
        normalisation(spec.x, images),
        spec.attack,
        epsilon=epsilon,
        mode=spec.attack.similarity_mode,
        seed=spec.x.seed,
        batch=spec.cka.batch,
    )
    pairs = ((one.clean, one.attacked) for one in batches)
    drifted = attacked if drifts else None
    return clean_against_attacked(network, pairs, drifted=drifted, estimator=spec.cka.estimator)
