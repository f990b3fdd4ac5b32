"""CIFAR-10 and CIFAR-100, with the checksums that pin them into every key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator

from harness.parts.base import PRESENTATION, PinnedFile
from harness.parts.datasets import Dataset, Rgb, Side, are_in, unpacked_in

if TYPE_CHECKING:
    from harness.engine.data.labelled import ImageSet


class Cifar(Dataset):
    """CIFAR-10 or CIFAR-100 from the published python batches (Krizhevsky 2009)."""

    kind: Literal["cifar"]
    name: Literal["cifar10", "cifar100"]
    classes: int = Field(ge=2, le=1000)
    size: Side = 32
    channels: int = Field(default=3, ge=1, le=16)
    mean: Rgb = Field(description="per channel, of pixels scaled to 0..1")
    std: Rgb
    files: tuple[PinnedFile, ...] = Field(min_length=1)
    archive: PinnedFile
    origin: Literal["published", "repacked"] = Field(
        default="published", description="repacked only by --repacked-data, never in a file"
    )
    mirrors: Annotated[tuple[str, ...], PRESENTATION] = ()
    archive_bytes: Annotated[int, PRESENTATION] = Field(default=0, ge=0)

    @field_validator("mirrors")
    @classmethod
    def _addresses(cls, mirrors: tuple[str, ...]) -> tuple[str, ...]:
        for mirror in mirrors:
            if not mirror.startswith(("https://", "http://")):
                raise ValueError(f"must be http(s) addresses, not {mirror!r}")
        return mirrors

    @property
    def statistics(self) -> tuple[Rgb, Rgb]:
        """As published."""
        return self.mean, self.std

    @property
    def is_repacked(self) -> bool:
        """Whether --repacked-data accepted them."""
        return self.origin == "repacked"

    @property
    def download_bytes(self) -> int:
        """Of the archive."""
        return self.archive_bytes

    @property
    def provenance(self) -> str:
        """Every file with its checksum."""
        sums = ", ".join(f"{file.name} {file.checksum}" for file in self.files)
        return f"{self.name}, {self.origin} files: {sums}"

    def is_in(self, data: Path) -> bool:
        """The folder of its batches, or the archive."""
        from harness.engine.data.checksums import LAYOUTS

        layout = LAYOUTS[self.name]
        places = [(layout.folder, layout.archive)]
        return are_in(data, self.name, layout.folder, layout.files, places)

    def pinned(self, study: Path, data: Path) -> Self:
        """Where --repacked-data accepts them, with the checksums of the files as they are."""
        from harness.engine.data.checksums import LAYOUTS, file_checksums

        if not self.is_repacked:
            return self
        folder = data / LAYOUTS[self.name].folder
        present = [file for file in self.files if (folder / file.name).is_file()]
        if all(_has(folder / file.name, file.checksum) for file in present):
            return self.model_copy(update={"origin": "published"})
        files = tuple(
            PinnedFile(name=name, checksum=checksum)
            for name, checksum in file_checksums(self.name, data).items()
        )
        return self.model_copy(update={"files": files})

    def load(self, time_steps: int, data: Path, cache: Path) -> ImageSet:
        """Its batches, every checksum compared."""
        from harness.engine.data.cifar import load
        from harness.engine.data.download import fetch_cifar

        if not self.is_repacked:
            pin = self.archive.checksum
            room = unpacked_in(cache, data, {self.archive.name: pin})
            data = fetch_cifar(self.name, data, self.mirrors, pin, unpacked=room).parent
        checksums = {file.name: file.checksum for file in self.files}
        return load(self.name, data, checksums=checksums, accept_repacked=self.is_repacked)


def is_accepted(dataset: Dataset) -> bool:
    """Whether --repacked-data, and nothing else, lets its files be used."""
    return isinstance(dataset, Cifar) and dataset.is_repacked


def _has(path: Path, checksum: str) -> bool:
    from harness.engine.data.checksums import checksum_of

    return checksum_of(path, checksum.partition(":")[0]) == checksum
