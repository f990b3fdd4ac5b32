"""What of the data sets and weights lies in the data folder. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.engine.data.checksums import LAYOUTS, checksum_of, file_checksums
from harness.errors import HarnessError
from harness.layout import reachable
from harness.spec.base import Spec
from harness.spec.dataset import Cifar, Dataset, PinnedFile, Recordings
from harness.spec.network import GivenWeights
from harness.spec.run import Pretrained, Training


def given_weights(weights: Path) -> GivenWeights:
    """The file that the user named, known by its checksum, if it is a file of AlexNet's weights."""
    from harness.engine.data.weight_header import refuse_no_weights  # a rare option

    weights = reachable(weights, "--weights")
    refuse_no_weights(weights)
    return GivenWeights(checksum=checksum_of(weights, "sha256"), path=str(weights.absolute()))


def repacked_files(blocks: Iterable[Dataset], data: Path) -> dict[str, tuple[PinnedFile, ...]]:
    """The checksums of the CIFAR files under `data` as they are, which then enter the keys."""
    found: dict[str, tuple[PinnedFile, ...]] = {}
    for block in blocks:
        if isinstance(block, Cifar) and _is_repacked(block, data):
            found[block.name] = tuple(
                PinnedFile(name=name, checksum=checksum)
                for name, checksum in file_checksums(block.name, data).items()
            )
    if not found:
        raise HarnessError(
            "--repacked-data",
            f"{data} holds no repacked CIFAR set",
            hint="name the folder above that of the set with --data-dir, or leave the flag out",
        )
    return found


def _is_repacked(block: Cifar, data: Path) -> bool:
    folder = data / LAYOUTS[block.name].folder
    return folder.is_dir() and any(
        checksum_of(folder / file.name, file.checksum.partition(":")[0]) != file.checksum
        for file in block.files
        if (folder / file.name).is_file()
    )


def has_data(block: Cifar | Recordings, data: Path) -> bool:
    """Whether a published set, or its archives, lies in the data folder, right or not.

    Raises:
        HarnessError: the folder is that of the set itself, or is a file.
    """
    if isinstance(block, Recordings):
        pairs = [(archive.target, archive.name) for archive in block.archives]
        own, files = block.folder, [Path(archive.target).name for archive in block.archives]
    else:
        layout = LAYOUTS[block.name]
        pairs = [(layout.folder, layout.archive)]
        own, files = layout.folder, list(layout.files)
    if all((data / folder).is_dir() or (data / name).is_file() for folder, name in pairs):
        return True
    where = f"--data-dir {data}"
    if data.is_file():
        hint = f"name the folder that has it: --data-dir {data.parent}"
        raise HarnessError(where, "is a file", hint=hint)
    if data.name == own or all((data / file).exists() for file in files):
        hint = f"name the folder above: --data-dir {data.parent}"
        if data.name != own:
            hint = f"rename it to {own} and {hint}"
        raise HarnessError(where, f"is the folder of {block.name} itself", hint=hint)
    return False


def downloads(specs: Iterable[Spec], data: Path) -> dict[str, int]:
    """Name → bytes of every data set and file of weights that runs of these specs have to fetch."""
    trainings = [getattr(spec, "x", spec) for spec in specs]  # of a measurement, what it looks at
    wanted = {
        one.dataset.name: one.dataset
        for one in trainings
        if isinstance(one, Training) and isinstance(one.dataset, Cifar | Recordings)
    }
    found: dict[str, int] = {
        name: one.archive_bytes for name, one in wanted.items() if not has_data(one, data)
    }
    for one in trainings:
        if isinstance(one, Pretrained) and one.network.weights == "imagenet":
            file = one.network.published
            if not (data / file.name).is_file():
                found[file.name] = file.bytes
    return found
