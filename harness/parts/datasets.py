"""Data sets: where the pixels come from, and the checksums that pin them into every key."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from harness.errors import ExitCode, HarnessError
from harness.parts.base import PRESENTATION, Deviations, Part, PinnedFile

if TYPE_CHECKING:
    from harness.engine.data.labelled import ImageSet, LabelledSet

Rgb = tuple[float, float, float]
Side = Annotated[int, Field(ge=8, le=256, multiple_of=4, description="pixels; halves twice")]


class Dataset(Part, family="dataset"):
    """A set of labelled images, or of recordings as frames; those embedded here need no file."""

    kind: str
    name: str
    classes: int
    size: int  # pixels, height and width
    channels: int
    deviations: Deviations = ()
    is_framed: ClassVar[bool] = False  # recordings: as many frames as the network has time steps

    @abstractmethod
    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """The set as a network with so many time steps sees it, downloaded if it is not under
        `data`, where nothing else is written; what is unpacked and decoded lies in `cache`.

        Raises:
            HarnessError: it cannot be had, or is not the pinned one.
        """

    @property
    @abstractmethod
    def provenance(self) -> str:
        """Which files it is, in the words of a report."""

    @property
    def statistics(self) -> tuple[Sequence[float], Sequence[float]] | None:
        """Mean and standard deviation per channel of pixels in 0..1; None to measure them on the
        training images.
        """
        return None

    @property
    def is_repacked(self) -> bool:
        """Whether its files are others than the published ones, accepted on request."""
        return False

    @property
    def download_bytes(self) -> int:
        """Of what is downloaded once; 0 where nothing is."""
        return 0

    def is_in(self, data: Path) -> bool:
        """Whether its files, or their archives, lie in the data folder, right or not.

        Raises:
            HarnessError: the folder is that of the set itself, or is a file.
        """
        return True

    def as_found(self, data: Path) -> Dataset | None:
        """The set with the files under `data` where these are others than the published ones."""
        return None


def _is_in(
    data: Path, name: str, own: str, files: Sequence[str], places: Sequence[tuple[str, str]]
) -> bool:
    """Of published files: `places` are a folder and its archive, `own` is the folder of the set."""
    if all((data / folder).is_dir() or (data / archive).is_file() for folder, archive in places):
        return True
    where = f"--data-dir {data}"
    if data.is_file():
        hint = f"name the folder that has it: --data-dir {data.parent}"
        raise HarnessError(where, "is a file", hint=hint)
    if data.name == own or all((data / file).exists() for file in files):
        hint = f"name the folder above: --data-dir {data.parent}"
        if data.name != own:
            hint = f"rename it to {own} and {hint}"
        raise HarnessError(where, f"is the folder of {name} itself", hint=hint)
    return False


def unpacked_in(cache: Path, data: Path, pins: Mapping[str, str]) -> Path:
    """Where archives of `data` are unpacked: another place for other folders and other `pins`, the
    checksums of the archives by their names.
    """
    said = json.dumps([str(data.absolute()), pins], sort_keys=True)
    return cache / f"unpacked-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


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
        return _is_in(data, self.name, layout.folder, layout.files, places)

    def as_found(self, data: Path) -> Cifar | None:
        """With the checksums of files that are not the published ones, which then enter the key."""
        from harness.engine.data.checksums import LAYOUTS, checksum_of, file_checksums

        folder = data / LAYOUTS[self.name].folder
        others = folder.is_dir() and any(
            checksum_of(folder / file.name, file.checksum.partition(":")[0]) != file.checksum
            for file in self.files
            if (folder / file.name).is_file()
        )
        if not others:
            return None
        files = tuple(
            PinnedFile(name=name, checksum=checksum)
            for name, checksum in file_checksums(self.name, data).items()
        )
        return self.model_copy(update={"files": files, "origin": "repacked"})

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


class Pictures(Dataset):
    """Digit scans on photograph crops, built from files in this package: real, small, no download.

    Every number that decides a pixel is a field; `sha256` pins what they give.
    """

    brightness: float = Field(ge=0, le=1, description="of the ground, 1 = the photo as shot")
    jitter: float = Field(ge=0, le=16, description="pixels, uniform, each axis")
    rotation: float = Field(ge=0, le=180, description="degrees, uniform, both ways")
    scale: tuple[float, float] = Field(description="of the digit, least and most, of the side")
    distractor: float = Field(ge=0, le=1, description="opacity of the digit beside it")
    train_images: int = Field(ge=1, le=100_000)
    test_images: int = Field(ge=1, le=100_000)
    images_per_digit: int = Field(ge=1, le=1000, description="pictures of one scan")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    has_inks: ClassVar[bool] = False  # the class is the digit and the strongest channel of its ink

    @property
    def provenance(self) -> str:
        """The hash of its pixels."""
        return f"{self.name}, embedded in this project, sha256:{self.sha256}"

    def pictures(self, size: int) -> ImageSet:
        """The pictures themselves.

        Raises:
            HarnessError: they are not the pinned ones.
        """
        from harness.engine.data.embedded import digits_on_photos

        images = digits_on_photos(
            size=size,
            brightness=self.brightness,
            jitter=self.jitter,
            rotation=self.rotation,
            scale=self.scale,
            distractor=self.distractor,
            train_images=self.train_images,
            test_images=self.test_images,
            images_per_digit=self.images_per_digit,
            inks=self.has_inks,
        )
        if images.sha256 != self.sha256:
            raise HarnessError(
                f"data set {images.name}",
                f"the pixels built here hash to {images.sha256}, the spec pins {self.sha256}",
                hint=f"if a field was changed on purpose, pin sha256 = {images.sha256!r}",
                code=ExitCode.RUN_FAILED,
            )
        return images


class Embedded(Pictures):
    """The pictures as a set of images."""

    channels: Literal[3] = 3
    size: Side = Field(default=8, le=32, description="of the square image, pixels")
    mean: Rgb
    std: Rgb

    @property
    def statistics(self) -> tuple[Rgb, Rgb]:
        """As the spec says."""
        return self.mean, self.std

    def load(self, time_steps: int, data: Path, cache: Path) -> ImageSet:
        """Built here."""
        return self.pictures(self.size)


class EmbeddedDigits(Embedded):
    """The class is the digit: ten of them, as CIFAR-10 has."""

    kind: Literal["digits_on_photos"]
    name: Literal["digits"] = "digits"
    classes: Literal[10] = 10


class ColouredDigits(Embedded):
    """The same pictures; the class is the digit and the strongest channel of its ink: more classes
    with fewer images each, as CIFAR-100 has beside CIFAR-10."""

    kind: Literal["coloured_digits_on_photos"]
    name: Literal["coloured-digits"] = "coloured-digits"
    classes: Literal[30] = 30
    has_inks: ClassVar[bool] = True


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
        return _is_in(data, self.name, self.folder, files, places)

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


class Saccades(Framed, Pictures):
    """The pictures as a simulated event camera sees them in three saccades (after Orchard et al.
    2015): genuine 40-bit files, read by the reader of N-Caltech101. `sha256` pins the pictures.
    """

    kind: Literal["saccades_over_digits"]
    name: Literal["digit-events", "digit-events-fine"]
    classes: Literal[10] = 10
    picture: Side = Field(le=32, description="of the square picture and of the sensor, pixels")
    amplitude: float = Field(ge=0.25, le=16, description="of the saccades, pixels of the sensor")
    threshold: float = Field(ge=0.02, le=4, description="change of log intensity per event")
    steps: int = Field(ge=1, le=500, description="positions along a saccade")

    @property
    def provenance(self) -> str:
        """The hash of the pictures."""
        return f"{super().provenance}, as a simulated event camera sees it"

    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """The camera's files and their decoded events lie in `cache`."""
        from harness.engine.data.events.load import Framing, frame_set, recordings
        from harness.engine.data.events.recording import Sensor
        from harness.engine.data.events.saccades import Saccades as Movement
        from harness.engine.data.events.saccades import for_testing, simulated

        movement = Movement(self.amplitude, self.threshold, self.steps)
        folder = simulated(self.pictures(self.picture), cache, movement)
        sensor = Sensor(self.picture, self.picture)
        framing = Framing(time_steps, self.frames_by, self.size, sensor)
        listing, events = recordings(folder, "atis", sensor=sensor, faults="refuse", place=cache)
        testing = for_testing(listing.files)
        return frame_set(self.name, listing, events, framing, testing=testing, origin="embedded")
