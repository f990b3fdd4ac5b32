"""The embedded sets that stand in for CIFAR-10 and CIFAR-100: digits on photographs, in ten classes
or, with the colour of their ink, in thirty.

A picture has three layers: a darkened crop of a photograph, a piece of a digit, the digit. Every
draw has a purpose of its own (`draws`), so a setting changes what it names and nothing else: the
same image under another brightness has the same crop, colours and pose.

Legend: M = images, S = pixels per side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from harness.engine.data.embedded.scans import (
    ANGLES_PER_DEGREE,
    CLASSES,
    OPAQUE,
    PIXEL,
    WHOLE,
    Bytes,
    Ints,
    Pixels,
    Pose,
    draws,
    draws_between,
    grounds,
    opacity,
    scans,
    split_scans,
)
from harness.engine.data.labelled import ImageSet
from harness.errors import HarnessError

SIZES = (8, 12, 16, 20, 24, 28, 32)  # halve twice, and a crop of that many pixels exists
BRIGHT = 256  # full brightness
DARKEST_INK = 160  # of 255: an ink's channels lie between this and 255, one of them at 255
CHANNELS = ("red", "green", "blue")
CROP_SIDE = 32  # what a small image shows of a photograph, averaged; 8 pixels would be a flat patch


@dataclass(frozen=True, slots=True)
class Look:
    """Pixels per side; brightness of the ground in 1/256; largest shift in 1/256 pixel; largest
    angle in quarter degrees; smallest and largest scale in 1/256 of the side; opacity of the
    distractor in 1/256.
    """

    size: int
    brightness: int
    jitter: int
    angle: int
    scale: tuple[int, int]
    distractor: int


def render(split: str, sources: Ints, count: int, how: Look) -> tuple[Bytes, Ints]:
    """`count` images of a split, uint8 [M, 3, S, S], and their labels int64 [M].

    `sources` are the scans to use, in turn, as digit and as distractor. Each layer covers the one
    beneath by ⌊(beneath · (256 − o) + ink · o + 128) / 256⌋ with its opacity o in 0 … 256.
    """
    digits, labels = scans()
    start = f"digits-on-photos/{split}"
    own = sources[np.arange(count) % len(sources)]
    other = sources[draws(f"{start}/other", count, below=len(sources))]
    picture = _ground(start, grounds(split), count, how)
    fragment = opacity(digits[other], _beside(f"{start}/other", count, how), how.size)
    picture = _cover(picture, _inks(f"{start}/other", count), fragment * how.distractor // OPAQUE)
    digit = opacity(digits[own], _middle(start, count, how), how.size)
    picture = _cover(picture, _inks(start, count), digit)
    return picture.astype(np.uint8), labels[own]


def _ground(start: str, photos: Bytes, count: int, how: Look) -> Pixels:
    """Crops at random places, averaged down to S and darkened, int32 [M, 3, S, S]."""
    block = max(1, CROP_SIDE // how.size)
    side = how.size * block
    windows = sliding_window_view(photos, (side, side), axis=(2, 3))  # [photo, 3, top, left, …]
    which = draws(f"{start}/photo", count, below=windows.shape[0])
    top = draws(f"{start}/top", count, below=windows.shape[2])
    left = draws(f"{start}/left", count, below=windows.shape[3])
    crops = windows[which, :, top, left].reshape(count, 3, how.size, block, how.size, block)
    ground: Pixels = crops.sum(axis=(3, 5), dtype=np.int32)
    return ground * how.brightness // (BRIGHT * block**2)


def _middle(start: str, count: int, how: Look) -> Pose:
    """The digit: in the middle but for the jitter."""
    return Pose(
        scale=draws_between(f"{start}/scale", count, *how.scale),
        angle=draws_between(f"{start}/angle", count, -how.angle, how.angle),
        right=draws_between(f"{start}/right", count, -how.jitter, how.jitter),
        down=draws_between(f"{start}/down", count, -how.jitter, how.jitter),
    )


def _beside(start: str, count: int, how: Look) -> Pose:
    """The distractor: 9/16 to 12/16 of the side off the middle, so that a margin of it shows at one
    of four edges.
    """
    side = how.size * PIXEL
    off = draws_between(f"{start}/off", count, side * 9 // 16, side * 12 // 16)
    along = draws_between(f"{start}/along", count, -side // 4, side // 4)
    edge = draws(f"{start}/edge", count, below=4)
    off = np.where(edge % 2 == 0, off, -off)
    return Pose(
        scale=draws_between(f"{start}/scale", count, *how.scale),
        angle=draws_between(f"{start}/angle", count, -how.angle, how.angle),
        right=np.where(edge < 2, off, along),
        down=np.where(edge < 2, along, off),
    )


def strongest(split: str, count: int) -> Ints:
    """The channel of each digit's ink that is at its full, an index of `CHANNELS`, int64 [M]."""
    return draws(f"digits-on-photos/{split}/full", count, below=len(CHANNELS))


def _inks(start: str, count: int) -> Pixels:
    """A bright colour per image, int32 [M, 3, 1, 1]."""
    inks = draws_between(f"{start}/ink", 3 * count, DARKEST_INK, 255).reshape(count, 3)
    inks[np.arange(count), draws(f"{start}/full", count, below=len(CHANNELS))] = 255
    return inks.astype(np.int32)[:, :, None, None]


def _cover(beneath: Pixels, inks: Pixels, opaque: Pixels) -> Pixels:
    """A layer of ink over the picture; the opacity is int32 [M, S, S]."""
    cover = opaque[:, None]
    return (beneath * (OPAQUE - cover) + inks * cover + OPAQUE // 2) // OPAQUE


def digits_on_photos(
    *,
    size: int = 8,
    brightness: float = 0.2,
    jitter: float = 0.65,
    rotation: float = 5.0,
    scale: tuple[float, float] = (0.9, 1.0),
    distractor: float = 0.4,
    train_images: int = 2560,
    test_images: int = 1024,
    images_per_digit: int = 2,
    inks: bool = False,
) -> ImageSet:
    """Scanned digits at random pose and colour on crops of photographs, uint8 RGB [M, 3, size,
    size].

    size: pixels per side, 8 … 32 in steps of 4. brightness: of the ground, 0 (black) … 1 (as
    photographed). jitter: the digit's centre lies within ± this many pixels of the image's, along
    rows and columns. rotation: within ± this many degrees. scale: smallest and largest side of the
    scan's box as a share of the image's side. distractor: opacity, 0 … 1, of the piece of another
    digit at an edge. images_per_digit: how many images, in different poses and colours, a scan
    appears in. inks: a class is a digit and the strongest channel of its ink, 30 of them instead of
    10, on the same pixels. Difficulty grows with jitter most, then brightness and distractor.

    Nothing leaks: the two splits share no scan, neither as digit nor as distractor, and no pixel of
    a photograph. Integers alone are computed with, so the same arguments give the same bytes on
    every machine. Raises HarnessError for a number out of range or more images than the 1,797 scans
    allow. Sources and licences: `vendored/NOTICE.md`.
    """
    where, (smallest, largest) = "digits on photos", scale
    for name, count in (
        ("train_images", train_images),
        ("test_images", test_images),
        ("images_per_digit", images_per_digit),
    ):
        if count < 1:
            raise HarnessError(where, f"{name} must be 1 or more, got {count}")
    for name, value, low, high in (
        ("brightness", brightness, 0.0, 1.0),
        ("jitter", jitter, 0.0, size / 2),
        ("rotation", rotation, 0.0, 180.0),
        ("scale", smallest, 0.25, largest),
        ("scale", largest, smallest, 2.0),
        ("distractor", distractor, 0.0, 1.0),
    ):
        if not low <= value <= high:  # also false for NaN
            raise HarnessError(where, f"{name} must lie in {low:g} … {high:g}, got {value:g}")
    if size not in SIZES:
        known = ", ".join(map(str, SIZES))
        raise HarnessError(where, f"size must be one of {known}, got {size}")
    how = Look(
        size=size,
        brightness=round(brightness * BRIGHT),
        jitter=round(jitter * PIXEL),
        angle=round(rotation * ANGLES_PER_DEGREE),
        scale=(round(smallest * WHOLE), round(largest * WHOLE)),
        distractor=round(distractor * OPAQUE),
    )
    sources = split_scans(-(-train_images // images_per_digit), -(-test_images // images_per_digit))
    train_pixels, train_labels = render("train", sources["train"], train_images, how)
    test_pixels, test_labels = render("test", sources["test"], test_images, how)
    names = tuple(str(digit) for digit in range(CLASSES))
    if inks:
        train_labels = train_labels * len(CHANNELS) + strongest("train", train_images)
        test_labels = test_labels * len(CHANNELS) + strongest("test", test_images)
        names = tuple(f"{channel} {digit}" for digit in names for channel in CHANNELS)
    train = (torch.from_numpy(train_pixels), torch.from_numpy(train_labels))
    test = (torch.from_numpy(test_pixels), torch.from_numpy(test_labels))
    name = f"{'coloured-' if inks else ''}digits-on-photos-{size}"
    return ImageSet(name, *train, *test, names, "embedded")
