"""CIFAR-10 and CIFAR-100 from the published python batches."""

# Legend: M = images of a split

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.engine.data.archive import LARGEST_FILE, unpack
from harness.engine.data.batch_pickle import PickledArray, read_batch
from harness.engine.data.checksums import Layout, algorithm_of, checksum_of, layout
from harness.engine.data.labelled import ImageSet
from harness.errors import HarnessError

SIDE = 32
_LABELS = {"cifar10": "labels", "cifar100": "fine_labels"}
_CLASS_NAMES = {"cifar10": "label_names", "cifar100": "fine_label_names"}


def load(
    name: str,
    data_dir: Path,
    *,
    checksums: Mapping[str, str],
    accept_repacked: bool = False,
) -> ImageSet:
    """CIFAR-10 (`"cifar10"`) or CIFAR-100 (`"cifar100"`, its 100 fine classes), images uint8 [M, 3,
    32, 32] RGB.

    Looks in `data_dir` for the folder `cifar-10-batches-py` or `cifar-100-python`, else for the
    published .tar.gz, which is unpacked first. `checksums` gives for each batch and for the file
    with the class names its "md5:…" or "sha256:…" (for the archive too, if it is to be checked
    before it is unpacked; other names are not looked at). Each file is held against its checksum
    before any of it is interpreted. Files that differ are an error, or, with `accept_repacked`, are
    read all the same and give a set with origin `"repacked"`. Raises HarnessError for missing,
    differing, damaged and hostile files. Source: Krizhevsky 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html (files, order of bytes: 1,024 red, 1,024 green,
    1,024 blue, by rows).
    """
    files = layout(name)
    folder = _folder(files, data_dir, checksums, accept_repacked)
    as_published = True
    batches: dict[str, dict[str, object]] = {}
    for file in files.files:
        batches[file], genuine = _checked_batch(folder / file, checksums, accept_repacked)
        as_published = as_published and genuine
    names = batches[files.names].get(_CLASS_NAMES[name])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        said = f"holds no list of names {_CLASS_NAMES[name]!r}"
        raise HarnessError(str(folder / files.names), said)
    train, test = (
        _split(folder, part, batches, _LABELS[name]) for part in (files.train, files.test)
    )
    return ImageSet(name, *train, *test, tuple(names), "published" if as_published else "repacked")


def _folder(
    files: Layout, data_dir: Path, checksums: Mapping[str, str], accept_repacked: bool
) -> Path:
    """The folder with the batches, unpacked from the archive if only that is there."""
    folder, archive = data_dir / files.folder, data_dir / files.archive
    if folder.is_dir():
        return folder
    if not archive.is_file():
        raise HarnessError(
            str(data_dir),
            f"holds neither {files.folder}/ nor {files.archive}",
            hint="name the folder that holds one of them, or let the harness download it",
        )
    if files.archive in checksums:
        algorithm = algorithm_of(checksums[files.archive], str(archive))
        _is_published(archive, checksum_of(archive, algorithm), checksums, accept_repacked)
    return unpack(archive, files)


def _checked_batch(
    path: Path, checksums: Mapping[str, str], accept_repacked: bool
) -> tuple[dict[str, object], bool]:
    """A file's content and whether its checksum is the one given."""
    if path.name not in checksums:
        raise HarnessError(str(path), "no checksum given", hint=f"add one for {path.name!r}")
    if not path.is_file():
        raise HarnessError(str(path), "no such file", hint="unpack the whole archive again")
    if path.stat().st_size > LARGEST_FILE:
        raise HarnessError(str(path), f"{path.stat().st_size:,} bytes are too many for a batch")
    content = path.read_bytes()  # once, so that what is checked is what is interpreted
    digest = hashlib.new(algorithm_of(checksums[path.name], str(path)), usedforsecurity=False)
    digest.update(content)
    found = f"{digest.name}:{digest.hexdigest()}"
    genuine = _is_published(path, found, checksums, accept_repacked)
    try:
        return read_batch(content), genuine
    except ValueError as error:
        raise HarnessError(str(path), f"not a CIFAR batch: {error}") from error


def _is_published(
    path: Path, found: str, checksums: Mapping[str, str], accept_repacked: bool
) -> bool:
    """Whether the checksum found is the one given; a difference that was not accepted is an
    error.
    """
    expected = checksums[path.name]
    if found != expected and not accept_repacked:
        raise HarnessError(
            str(path),
            f"checksum is {found}, published is {expected}",
            hint="fetch the published file, or accept a repacked set (--repacked-data, in Python "
            "accept_repacked=True)",
        )
    return found == expected


def _split(
    folder: Path,
    names: tuple[str, ...],
    batches: Mapping[str, Mapping[str, object]],
    labels_key: str,
) -> tuple[Tensor, Tensor]:
    """Images uint8 [M, 3, 32, 32] and labels int64 [M] of some batches, one after the other."""
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    for name in names:
        where, data = str(folder / name), batches[name].get("data")
        if not isinstance(data, PickledArray):
            raise HarnessError(where, "holds no array 'data'")
        try:
            pixels = data.pixels()
        except ValueError as error:
            raise HarnessError(where, f"not a CIFAR batch: {error}") from error
        if pixels.ndim != 2 or pixels.shape[1] != 3 * SIDE * SIDE:
            said = f"'data' is {list(pixels.shape)}, not [M, {3 * SIDE**2}]"
            raise HarnessError(where, said)
        its_labels = batches[name].get(labels_key)
        if not isinstance(its_labels, list) or len(its_labels) != len(pixels):
            raise HarnessError(where, f"no list {labels_key!r} with a label for each image")
        if not all(type(label) is int and 0 <= label < 256 for label in its_labels):
            raise HarnessError(where, f"{labels_key!r} holds more than class numbers")
        images.append(pixels.reshape(-1, 3, SIDE, SIDE))
        labels += its_labels
    return torch.from_numpy(np.concatenate(images)), torch.tensor(labels, dtype=torch.int64)
