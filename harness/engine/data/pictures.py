"""Pictures from PNG and JPEG files: what a header says, and the pixels. Nothing here needs torch.

Legend: C = channels, 1 for gray and 3 for RGB; S = pixels per side.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from harness.errors import HarnessError
from harness.files import read_plain

SUFFIXES: Final = (".png", ".jpg", ".jpeg")
LARGEST_FILE: Final = 200_000_000  # bytes
LARGEST_PICTURE: Final = 50_000_000  # pixels; decoded they take three times as many bytes
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_DEPTH_AT: Final = 24  # the byte of a PNG that says how many bits a channel has
_CHANNELS: Final = {"1": 1, "L": 1, "RGB": 3, "P": 3}  # by PIL's mode


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file says of itself, before its pixels are decoded and turned as its EXIF data say."""

    width: int
    height: int
    channels: int


def look(path: Path) -> Picture:
    """What a picture is.

    Raises HarnessError for what is no PNG or JPEG, whatever its name says; for more than 8 bits per
    channel, transparency, CMYK and other colours than gray, RGB and a palette, of which none says
    which 8-bit colour it shows; for several pictures in a file; and for too many pixels.
    """
    with _opened(path) as image:
        return Picture(image.width, image.height, _CHANNELS[image.mode])


def pixels(path: Path, channels: int, size: int) -> NDArray[np.uint8]:
    """The picture, uint8 [C, S, S], turned upright as its EXIF data say.

    RGB becomes gray by Rec. 601 (0.299 R + 0.587 G + 0.114 B), gray becomes RGB of three equal
    channels. Of a picture of another size the middle square is scaled, bilinear over the area that
    a pixel covers. Raises HarnessError as `look`, and for a file that is cut or damaged.
    """
    with _opened(path) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
        made = upright.convert("RGB") if image.mode == "P" else upright
        made = made.convert("L" if channels == 1 else "RGB")
        if made.size != (size, size):
            made = ImageOps.fit(made, (size, size), method=Image.Resampling.BILINEAR)
        return np.asarray(made).reshape(size, size, channels).transpose(2, 0, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture that can be taken as it is, its pixels not yet decoded."""
    try:
        content = read_plain(path, LARGEST_FILE)
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if fault := _fault(image, content):
                raise HarnessError(str(path), fault[0], hint=fault[1])
            yield image
    except HarnessError:
        raise
    except UnidentifiedImageError:
        problem = "is no PNG or JPEG, whatever its name says" if content else "is empty"
        raise HarnessError(str(path), problem, hint="convert it, or move it away") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise HarnessError(str(path), "has too many pixels", hint="scale it down") from None
    except Exception as error:  # a decoder raises what it likes
        problem = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise HarnessError(str(path), problem, hint="it is cut or damaged: copy it anew") from error


def _fault(image: Image.Image, content: bytes) -> tuple[str, str] | None:
    """Why a picture cannot be taken as it is, and what helps."""
    is_deep = content.startswith(_PNG) and content[_DEPTH_AT] > 8
    if image.width * image.height > LARGEST_PICTURE:
        return f"has too many pixels, {image.width}x{image.height}", "scale it down"
    if is_deep or image.mode.startswith(("I", "F")):
        return "has more than 8 bits per channel", "say how it becomes 8 bits: convert it yourself"
    if "transparency" in image.info or "A" in image.mode or "a" in image.mode:
        return "is transparent, and what lies behind is not known", "put it on a ground"
    if image.mode not in _CHANNELS:
        return f"has colours as {image.mode}", "convert it to RGB or gray"
    if (pictures := getattr(image, "n_frames", 1)) > 1:
        return f"holds {pictures} pictures", "save the one that is meant"
    return None
