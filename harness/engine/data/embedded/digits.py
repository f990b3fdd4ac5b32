"""The embedded sets that stand in for CIFAR-10 and CIFAR-100: digits on photographs, in ten classes
or, with the colour of their ink, in thirty."""

from __future__ import annotations

import torch

from harness.engine.data.embedded.look import look
from harness.engine.data.embedded.scene import CHANNELS, render, strongest
from harness.engine.data.embedded.sources import CLASSES, split_scans
from harness.engine.data.images import ImageSet, image_set
from harness.errors import HarnessError


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
    for name, value in (
        ("train_images", train_images),
        ("test_images", test_images),
        ("images_per_digit", images_per_digit),
    ):
        if value < 1:
            raise HarnessError("digits on photos", f"{name} must be 1 or more, got {value}")
    how = look(
        size=size,
        brightness=brightness,
        jitter=jitter,
        rotation=rotation,
        scale=scale,
        distractor=distractor,
    )
    sources = split_scans(-(-train_images // images_per_digit), -(-test_images // images_per_digit))
    train_pixels, train_labels = render("train", sources["train"], train_images, how)
    test_pixels, test_labels = render("test", sources["test"], test_images, how)
    names = tuple(str(digit) for digit in range(CLASSES))
    if inks:
        train_labels = train_labels * len(CHANNELS) + strongest("train", train_images)
        test_labels = test_labels * len(CHANNELS) + strongest("test", test_images)
        names = tuple(f"{channel} {digit}" for digit in names for channel in CHANNELS)
    return image_set(
        f"{'coloured-' if inks else ''}digits-on-photos-{size}",
        train=(torch.from_numpy(train_pixels), torch.from_numpy(train_labels)),
        test=(torch.from_numpy(test_pixels), torch.from_numpy(test_labels)),
        class_names=names,
        origin="embedded",
    )
