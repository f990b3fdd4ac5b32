"""Data sets: where the pixels come from, and the checksums that pin them into every key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation

Checksum = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]
Rgb = tuple[float, float, float]
Side = Annotated[int, Field(ge=8, le=256, multiple_of=4, description="pixels; halves twice")]


class PinnedFile(Spec):
    """One file of a published data set and its checksum."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=128)
    checksum: Checksum


class Cifar(Spec):
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
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @field_validator("mirrors")
    @classmethod
    def _addresses(cls, mirrors: tuple[str, ...]) -> tuple[str, ...]:
        for mirror in mirrors:
            if not mirror.startswith(("https://", "http://")):
                raise ValueError(f"must be http(s) addresses, not {mirror!r}")
        return mirrors


class Pictures(Spec):
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
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Embedded(Pictures):
    """The pictures themselves, as a set of images."""

    channels: Literal[3] = 3
    size: Side = Field(default=8, le=32, description="of the square image, pixels")
    mean: Rgb
    std: Rgb


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


class Framed(Spec):
    """Recordings of an event camera, counted into as many frames as the network has time steps: one
    for an ANN (Sec. 4.4, p. 9). Counts are divided by their root mean square over the training
    recordings, ON and OFF apart.
    """

    channels: Literal[2] = Field(default=2, description="OFF and ON")
    size: Side = Field(description="of a frame, pixels; each event lands in exactly one")
    frames_by: Literal["time", "count"] = Field(
        description="frames last equally long, or hold equally many events"
    )


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
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Saccades(Pictures, Framed):
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


Dataset = Annotated[
    Cifar | EmbeddedDigits | ColouredDigits | Recordings | Saccades, Field(discriminator="kind")
]
