"""What of the data sets and weights lies in the data folder. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.engine.data.checksums import checksum_of
from harness.layout import reachable
from harness.measures.base import Pretrained, Training
from harness.parts.networks import GivenWeights


def given_weights(weights: Path) -> GivenWeights:
    """The file that the user named, known by its checksum, if it is a file of AlexNet's weights."""
    from harness.engine.data.weight_header import refuse_no_weights  # a rare option

    weights = reachable(weights, "--weights")
    refuse_no_weights(weights)
    return GivenWeights(checksum=checksum_of(weights, "sha256"), path=str(weights.absolute()))


def downloads(specs: Iterable[Any], data: Path) -> dict[str, int]:
    """Name → bytes of every data set and file of weights that runs of these specs have to fetch."""
    trainings = [getattr(spec, "x", spec) for spec in specs]  # of a measurement, what it looks at
    wanted = {
        one.dataset.name: one.dataset
        for one in trainings
        if isinstance(one, Training) and one.dataset.download_bytes
    }
    missing = {name: one for name, one in wanted.items() if not one.is_in(data)}
    found: dict[str, int] = {name: one.download_bytes for name, one in missing.items()}
    for one in trainings:
        if isinstance(one, Pretrained) and one.network.weights == "imagenet":
            file = one.network.published
            if not (data / file.name).is_file():
                found[file.name] = file.bytes
    return found
