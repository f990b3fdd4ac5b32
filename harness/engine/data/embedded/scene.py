"""A picture in three layers: a darkened crop of a photograph, a piece of a digit, the digit.

Every draw has a purpose of its own (`draws`), so a setting changes what it names and nothing else:
the same image under another brightness has the same crop, colours and pose.
"""

# Legend: M = images, S = pixels per side

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from harness.engine.data.embedded.draws import Ints, draws, draws_between
from harness.engine.data.embedded.look import BRIGHT, Look
from harness.engine.data.embedded.pose import OPAQUE, PIXEL, Pixels, Pose, opacity
from harness.engine.data.embedded.sources import Bytes, grounds, scans

DARKEST_INK = 160  # of 255: an ink's channels lie between this and 255, one of them at 255
CHANNELS = ("red", "green", "blue")
CROP_SIDE = 32  # what a small image shows of a photograph, averaged; 8 pixels would be a flat patch


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
