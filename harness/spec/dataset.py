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


class Embedded(Spec):
    """Digit scans on photograph crops, built from files in this package: real, small, no download.

    Every number that decides a pixel is a field; `sha256` pins what they give.
    """

    channels: Literal[3] = 3
    size: Side = Field(default=8, le=32, description="of the square image, pixels")
    brightness: float = Field(ge=0, le=1, description="of the ground, 1 = the photo as shot")
    jitter: float = Field(ge=0, le=16, description="pixels, uniform, each axis")
    rotation: float = Field(ge=0, le=180, description="degrees, uniform, both ways")
    scale: tuple[float, float] = Field(description="of the digit, least and most, of the side")
    distractor: float = Field(ge=0, le=1, description="opacity of the digit beside it")
    train_images: int = Field(ge=1, le=100_000)
    test_images: int = Field(ge=1, le=100_000)
    images_per_digit: int = Field(ge=1, le=1000, description="pictures of one scan")
    mean: Rgb
    std: Rgb
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


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


Dataset = Annotated[Cifar | EmbeddedDigits | ColouredDigits, Field(discriminator="kind")]
