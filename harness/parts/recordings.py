"""Recordings of event cameras, published or a study's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from harness.fingerprints import fingerprint
from harness.parts.base import LATER, PRESENTATION, Checksum, Name, PinnedFile
from harness.parts.datasets import Dataset, Divided, Side, are_in, not_as_planned, unpacked_in
from harness.parts.own import Folder, Found

if TYPE_CHECKING:
    from harness.engine.data.labelled import LabelledSet, Origin
    from harness.engine.data.listing import Listing


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


class Files(Framed, Divided):
    """Recordings in files, as published or a study's own."""

    format: Literal["aedat2", "atis"]
    sensor: tuple[int, int] = Field(description="columns and rows that the frames cover")
    faults: Literal["refuse", "skip"] = Field(
        default="refuse",
        description="what becomes of damaged records; skipped ones are counted, 1 % at most",
    )

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of its files end."""
        from harness.engine.data.events.formats import FORMATS

        return (FORMATS[self.format].suffix,)

    def framed(
        self, root: Path, listing: Listing, frames: int, cache: Path, origin: Origin, seen: str = ""
    ) -> LabelledSet:
        """The recordings of a folder in so many frames; `seen` is the fingerprint of what lies
        there, where it is known.
        """
        from harness.engine.data.events.load import Framing, frame_set, recordings
        from harness.engine.data.events.recording import Sensor

        framing = Framing(frames, self.frames_by, self.size, Sensor(*self.sensor))
        _, events = recordings(
            root,
            self.format,
            sensor=framing.sensor,
            faults=self.faults,
            place=cache,
            listing=listing,
            fingerprint=seen,
        )
        testing = self.testing(listing.labels, listing.testing)
        return frame_set(self.name, listing, events, framing, testing=testing, origin=origin)


class Recordings(Files):
    """CIFAR10-DVS (Li et al. 2017), N-Caltech101 or N-MNIST (Orchard et al. 2015), as published.

    The first two have no official split, and the choice changes the accuracy: `split` says it.
    """

    kind: Literal["recordings"]
    name: Literal["cifar10-dvs", "n-caltech101", "n-mnist"]
    classes: int = Field(ge=2, le=1000)
    faults: Literal["refuse", "skip"] = Field(
        description="what becomes of damaged records; skipped ones are counted, 1 % at most"
    )
    split: Literal["given", "last", "random"] = Field(
        description="which of each class are for testing; given: the folders train/ and test/"
    )
    folder: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="with a folder per class")
    archives: tuple[RecordingsArchive, ...] = Field(min_length=1)
    unpacked: Annotated[Checksum | Literal[""], LATER] = Field(
        default="", description="found: the fingerprint of files that are not from the archives"
    )
    page: Annotated[str, PRESENTATION] = Field(description="where a person finds them")
    archive_bytes: Annotated[int, PRESENTATION] = Field(default=0, ge=0, description="of all")

    @property
    def download_bytes(self) -> int:
        """Of all archives."""
        return self.archive_bytes

    @property
    def is_repacked(self) -> bool:
        """Whether some lie in an unpacked folder, of which nothing says that it is as published."""
        return bool(self.unpacked)

    @property
    def provenance(self) -> str:
        """Every archive with its checksum, or what stands in for them; and the split."""
        sums = ", ".join(f"{file.name} {file.checksum}" for file in self.archives)
        files = f"published files: {sums}"
        if self.unpacked:
            files = f"an unpacked folder, not held against the published archives: {self.unpacked}"
        return f"{self.name}, {files}; {self.divided}"

    def is_in(self, data: Path) -> bool:
        """The folders of its classes, or the archives."""
        places = [(archive.target, archive.name) for archive in self.archives]
        files = [Path(archive.target).name for archive in self.archives]
        return are_in(data, self.name, self.folder, files, places)

    def pinned(self, study: Path, data: Path) -> Self:
        """With the fingerprint of what lies unpacked in `data`, where the archive of it does not:
        what it is, only its content says.
        """
        by_hand = [
            data / one.target
            for one in self.archives
            if (data / one.target).is_dir() and not (data / one.name).is_file()
        ]
        files = [path for one in by_hand for path in (*one.glob("*"), *one.glob("*/*"))]
        names = [
            path.relative_to(data).as_posix()
            for path in files
            if path.name.lower().endswith(self.suffixes) and path.is_file()
        ]
        return self.model_copy(update={"unpacked": fingerprint(data, names) if names else ""})

    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """From `data` or fetched into it, in so many frames."""
        from harness.engine.data.events.published import Archive, fetch_events
        from harness.engine.data.listing import list_files, list_splits

        if self.pinned(data, data) != self:
            raise not_as_planned(self.name)
        archives = [
            Archive(one.name, one.checksum, one.mirrors, self.page, one.folder, one.target)
            for one in self.archives
        ]
        pins = {one.name: one.checksum for one in archives}
        pins |= {"": self.unpacked} if self.unpacked else {}
        room = unpacked_in(cache, data, pins)
        root = fetch_events(archives, data, self.suffixes[0], unpacked=room) / self.folder
        listing = (list_splits if self.split == "given" else list_files)(root, self.suffixes)
        origin: Origin = "repacked" if self.unpacked else "published"
        return self.framed(root, listing, time_steps, cache, origin, self.unpacked)


class EventFolder(Files, Folder):
    """Recordings of a study's own: a folder for each class, or such folders in train/ and test/.

    AEDAT 2.0 (*.aedat) is that of a DVS128, turned as CIFAR10-DVS is; ATIS (*.bin) the 40 bits of
    N-MNIST and N-Caltech101.
    """

    kind: Literal["event-folder"]
    name: Name
    classes: Found
    channels: Literal[2] = Field(default=2, description="OFF and ON")
    size: Side = Field(description="of a frame, pixels; each event lands in exactly one")
    frames_by: Literal["time", "count"] = Field(
        default="time", description="frames last equally long, or hold equally many events"
    )

    @model_validator(mode="after")
    def _sensor_fits_the_format(self) -> Self:
        if self.format == "aedat2" and self.sensor != (128, 128):
            raise ValueError("AEDAT 2.0 is read for a sensor of 128x128 pixels")
        return self

    def found(self) -> Mapping[str, Any]:
        """From the names of the files; what is in them is read when they are framed."""
        listing = self.listing()
        counts = self.counts(listing.labels, listing.testing, listing.class_names)
        return {"classes": len(listing.class_names), **counts}

    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """In so many frames."""
        self.require_as_planned()
        seen = self.files[0].checksum
        return self.framed(self.root, self.listing(), time_steps, cache, "own", seen)
