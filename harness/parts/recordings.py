"""Recordings of event cameras, with the checksums that pin them into every key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from harness.parts.base import PRESENTATION, PinnedFile
from harness.parts.datasets import Dataset, Side, are_in, unpacked_in

if TYPE_CHECKING:
    from harness.engine.data.labelled import LabelledSet


class Framed(Dataset):
    """Recordings of an event camera, counted into as many frames as the network has time steps: one
    for an ANN (Sec. 4.4, p. 9). Counts are divided by their root mean square over the training
    recordings, ON and OFF apart.
    """

    channels: Literal[2] = Field(default=2, description="OFF and ON")
    size: Side = Field(description="of a frame, pixels; each event lands in exactly one")
    frames_by: Literal["time", "count"] = Field(
        description="frames last equally long, or hold equally many events"
    )
    is_framed: ClassVar[bool] = True


class RecordingsArchive(PinnedFile):
    """A .zip of a published set of recordings."""

    folder: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="in it, with the recordings")
    target: str = Field(
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?$", description="under the data directory"
    )
    mirrors: Annotated[tuple[str, ...], PRESENTATION] = ()


class Recordings(Framed):
    """CIFAR10-DVS (Li et al. 2017) or N-Caltech101 (Orchard et al. 2015), files as published.

    Neither has an official split, and the choice changes the accuracy: `split` says it.
    """

    kind: Literal["recordings"]
    name: Literal["cifar10-dvs", "n-caltech101"]
    classes: int = Field(ge=2, le=1000)
    format: Literal["aedat2", "atis"]
    sensor: tuple[int, int] = Field(description="columns and rows that the frames cover")
    faults: Literal["refuse", "skip"] = Field(
        description="what becomes of damaged records; skipped ones are counted, 1 % at most"
    )
    split: Literal["last", "random"] = Field(description="which of each class are for testing")
    test_share: float = Field(gt=0, lt=1, description="of each class")
    split_seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of a random split")
    folder: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="with a folder per class")
    archives: tuple[RecordingsArchive, ...] = Field(min_length=1)
    page: Annotated[str, PRESENTATION] = Field(description="where a person finds them")
    archive_bytes: Annotated[int, PRESENTATION] = Field(default=0, ge=0, description="of all")

    @property
    def download_bytes(self) -> int:
        """Of all archives."""
        return self.archive_bytes

    @property
    def provenance(self) -> str:
        """Every archive with its checksum, and the split."""
        sums = ", ".join(f"{file.name} {file.checksum}" for file in self.archives)
        split = f"the {self.split} {self.test_share:.0%} of each class for testing"
        return f"{self.name}, published files: {sums}; {split}"

    def is_in(self, data: Path) -> bool:
        """The folders of its classes, or the archives."""
        places = [(archive.target, archive.name) for archive in self.archives]
        files = [Path(archive.target).name for archive in self.archives]
        return are_in(data, self.name, self.folder, files, places)

    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """From `data` or fetched into it, in so many frames."""
        from harness.engine.data.events.formats import FORMATS
        from harness.engine.data.events.load import Framing, frame_set, held_out, recordings
        from harness.engine.data.events.published import Archive, fetch_events
        from harness.engine.data.events.recording import Sensor

        archives = [
            Archive(one.name, one.checksum, one.mirrors, self.page, one.folder, one.target)
            for one in self.archives
        ]
        room = unpacked_in(cache, data, {one.name: one.checksum for one in archives})
        root = fetch_events(archives, data, FORMATS[self.format].suffix, unpacked=room)
        framing = Framing(time_steps, self.frames_by, self.size, Sensor(*self.sensor))
        listing, events = recordings(
            root / self.folder,
            self.format,
            sensor=framing.sensor,
            faults=self.faults,
            place=cache,
        )
        share, seed = self.test_share, self.split_seed
        testing = held_out(listing.labels, share=share, how=self.split, seed=seed)
        return frame_set(self.name, listing, events, framing, testing=testing, origin="published")
