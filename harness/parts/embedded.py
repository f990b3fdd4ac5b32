"""Data sets that are built from files in this package, as images and as recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from harness.errors import ExitCode, HarnessError
from harness.parts.datasets import Dataset, Rgb, Side
from harness.parts.recordings import Framed

if TYPE_CHECKING:
    from harness.engine.data.labelled import ImageSet, LabelledSet


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
