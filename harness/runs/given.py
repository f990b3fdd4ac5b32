"""`given`: a network that was trained elsewhere, tested, and left as a training leaves its own."""

from __future__ import annotations

from pathlib import Path

from harness.engine.data.checksums import checksum_of
from harness.engine.networks.weight_file import load_weights, read_weights
from harness.engine.training import accuracy
from harness.errors import ExitCode, HarnessError
from harness.measures.given import GivenRun
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Progress, Report, write_json
from harness.runs.train import keep_weights
from harness.runs.trained import images_of, normalisation, skipped_in


def run(spec: GivenRun, place: Place, report: Report) -> Numbers:
    """Test; `metrics.json`, `timing.json` and `network.safetensors` are left, without epochs.

    Raises:
        HarnessError: the file is not that of the plan, or is of another network.
    """
    path = Path(spec.network.path)
    _refuse_changed(path, spec.network.sha256)
    network = spec.build()
    load_weights(network, read_weights(path), f"weights {path}")
    images = images_of(spec, place)
    with prepared(spec.numerics, place) as device:
        network.eval().to(device)
        scale, split = normalisation(spec, images), images.split("test")
        found = accuracy(network, *split, scale)
    report(Progress(1, 1, "network", note=f"test {found:.2f} %"))
    keep_weights(network, place)
    parameters = sum(weights.numel() for weights in network.parameters())
    numbers = {"best_accuracy": found, "last_accuracy": found}
    metrics = {**numbers, "best_epoch": 0, "parameters": parameters, "history": []}
    write_json(place.files / "metrics.json", metrics)
    write_json(place.files / "timing.json", {"seconds": [], "images_per_second": []})
    return {**numbers, **skipped_in(images)}


def _refuse_changed(path: Path, sha256: str) -> None:
    if path.is_file() and checksum_of(path, "sha256") == sha256:
        return
    problem = f"is not the file of the plan, {sha256[:19]}…" if path.exists() else "is not there"
    hint = "give the command again, which plans with the file as it is now"
    raise HarnessError(f"weights {path}", problem, hint=hint, code=ExitCode.RUN_FAILED)
