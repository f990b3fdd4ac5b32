"""What an image file means, and which are refused with words."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.engine.data.pictures import LARGEST_PICTURE, look, pixels
from harness.errors import HarnessError

LEVELS = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
COLOURS = np.stack([LEVELS, LEVELS.T, 255 - LEVELS], axis=-1)


def saved(path: Path, image: Image.Image, form: str = "PNG", **how: object) -> Path:
    image.save(path, form, **how)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG written by hand, as its definition says."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_gray_and_rgb_are_taken_as_they_are(tmp_path: Path) -> None:
    gray = saved(tmp_path / "g.png", Image.fromarray(LEVELS))
    colour = saved(tmp_path / "c.png", Image.fromarray(COLOURS))
    assert look(gray).channels == 1 and look(colour).channels == 3
    assert np.array_equal(pixels(gray, 1, 8), LEVELS[None])
    assert np.array_equal(pixels(colour, 3, 8), COLOURS.transpose(2, 0, 1))


def test_gray_becomes_three_equal_channels_and_rgb_its_brightness(tmp_path: Path) -> None:
    gray = saved(tmp_path / "g.png", Image.fromarray(LEVELS))
    colour = saved(tmp_path / "c.png", Image.fromarray(COLOURS))
    assert np.array_equal(pixels(gray, 3, 8), np.stack([LEVELS] * 3))
    brightness = COLOURS @ np.array([0.299, 0.587, 0.114])
    assert np.abs(pixels(colour, 1, 8)[0] - brightness).max() <= 1


def test_few_bits_are_spread_over_all_levels(tmp_path: Path) -> None:
    two_bits = tmp_path / "two.png"
    two_bits.write_bytes(png(4, 1, 2, 0, b"\x00\x1b"))  # 0, 1, 2, 3
    assert look(two_bits).channels == 1
    assert np.asarray(Image.open(two_bits)).tolist() == [[0, 85, 170, 255]]
    one_bit = saved(tmp_path / "one.png", Image.fromarray(LEVELS > 99))
    assert np.array_equal(pixels(one_bit, 1, 8)[0], (LEVELS > 99) * 255)


def test_a_palette_shows_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray((LEVELS > 99).astype(np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    path = saved(tmp_path / "p.png", image)
    assert look(path).channels == 3
    assert pixels(path, 3, 8)[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels(path, 3, 8)[:, 7, 7].tolist() == [0, 0, 255]


def test_a_picture_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    path = saved(tmp_path / "t.png", Image.fromarray(LEVELS), exif=exif)
    assert np.array_equal(pixels(path, 1, 8)[0], np.rot90(LEVELS, -1))


def test_what_a_file_is_its_bytes_say(tmp_path: Path) -> None:
    path = saved(tmp_path / "is-a-png.jpg", Image.fromarray(LEVELS))
    assert np.array_equal(pixels(path, 1, 8), LEVELS[None])


def test_the_middle_square_is_scaled(tmp_path: Path) -> None:
    wide = np.hstack([np.zeros((8, 4), np.uint8), LEVELS, np.full((8, 4), 255, np.uint8)])
    path = saved(tmp_path / "w.png", Image.fromarray(wide))
    assert np.array_equal(pixels(path, 1, 8)[0], LEVELS)
    assert abs(int(pixels(path, 1, 4)[0, 0, 0]) - int(LEVELS[:2, :2].mean())) < 6


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "LA", "I;16"])
def test_other_modes_are_refused(tmp_path: Path, mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    path = saved(tmp_path / "x", Image.new(mode, (8, 8)), form)
    said = {"CMYK": "colours as CMYK", "I;16": "more than 8 bits"}.get(mode, "transparent")
    with pytest.raises(HarnessError, match=said):
        look(path)


def test_sixteen_bits_of_colour_are_seen_though_pillow_reads_eight(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png(1, 1, 16, 2, b"\x00" + b"\x12\x34" * 3))
    assert Image.open(path).mode == "RGB"
    with pytest.raises(HarnessError, match="more than 8 bits"):
        look(path)


def test_several_pictures_in_a_file_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(LEVELS), Image.fromarray(LEVELS.T)]
    path = saved(tmp_path / "a.png", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(HarnessError, match="holds 2 pictures"):
        look(path)


def test_a_palette_with_a_transparent_colour_is_refused(tmp_path: Path) -> None:
    image = Image.fromarray(LEVELS, "P")
    image.putpalette(bytes(range(256)) * 3)
    path = saved(tmp_path / "p.png", image, transparency=0)
    with pytest.raises(HarnessError, match="transparent"):
        look(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a text", "no PNG or JPEG"),
        (b"GIF89a" + bytes(20), "no PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "cannot be read|no PNG"),
        (png(60_000, 60_000, 8, 0, b""), "too many pixels"),
        (png(7072, 7072, 8, 0, b""), "too many pixels"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert LARGEST_PICTURE < 7072**2
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(HarnessError, match=said):
        look(path)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_file_that_is_cut_is_refused(tmp_path: Path, form: str) -> None:
    made = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(made, form)
    path = tmp_path / "x.png"
    path.write_bytes(made.getvalue()[: len(made.getvalue()) // 2])
    assert look(path).width == 64
    with pytest.raises(HarnessError, match=r"cannot be read: .*cut or damaged"):
        pixels(path, 3, 64)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(HarnessError, match="cannot be read"):
        look(tmp_path / "x.png")
