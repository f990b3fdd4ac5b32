"""The embedded set: pinned bytes, no leak, and settings that change what they name alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.data.embedded import digits_on_photos
from harness.errors import HarnessError


def few(**settings: Any) -> Tensor:
    """Forty test images."""
    return digits_on_photos(**{"train_images": 10, "test_images": 40, **settings}).test_images


@pytest.mark.parametrize(
    ("settings", "sha256"),
    [
        ({}, "355df453c18a19dcd46c87688ccdd49f33e48e441988c7deda3125c9a3bf5f2d"),
        (
            {"size": 16, "jitter": 1.5, "rotation": 20.0, "scale": (0.5, 1.1), "distractor": 1.0},
            "c13a53f2ebaa040ad323b74ec74ca685a2420245f38ea5765c4165c38f77896f",
        ),
        (
            {"size": 12, "train_images": 30, "test_images": 20, "images_per_digit": 1},
            "7200d14f98be57fb594ac0f44f20fe873ef0550b9ff08b15a1ae1bfd57f879ee",
        ),
        (
            {"size": 32, "train_images": 30, "test_images": 20},
            "09aaf68d7051d4652ec8bb9cca7cfc7afcb0229cac9eda2c1c3f74a36f36e996",
        ),
    ],
)
def test_the_bytes_are_the_same_on_every_machine(settings: dict[str, Any], sha256: str) -> None:
    assert digits_on_photos(**settings).sha256 == sha256


def test_with_inks_a_class_is_a_digit_and_its_strongest_colour_on_the_same_pixels() -> None:
    plain, coloured = digits_on_photos(), digits_on_photos(inks=True)
    assert coloured.sha256 == "005aab3e5d43147aa15b4b7101fcdcef29261c3f185c049e0ec61ff7adfa16ab"
    for split in ("train", "test"):
        (pixels, digits), (same, classes) = plain.split(split), coloured.split(split)
        assert torch.equal(pixels, same)
        assert torch.equal(classes // 3, digits)
        assert set(classes.tolist()) == set(range(30))
        # over many images the strongest channel is the brightest: the label is not by chance
        means_MC = pixels.double().mean((2, 3))
        means_MC -= means_MC.mean(0)
        assert (means_MC.argmax(1) == classes % 3).double().mean() > 0.6
    assert coloured.class_names[3:6] == ("red 1", "green 1", "blue 1")
    assert coloured.name == "coloured-digits-on-photos-8"


def test_the_default_set() -> None:
    images = digits_on_photos()
    assert images.train_images.shape == (2560, 3, 8, 8)
    assert images.test_images.shape == (1024, 3, 8, 8)
    assert images.class_names == tuple("0123456789")
    assert images.name == "digits-on-photos-8"
    assert images.origin == "embedded"
    for labels in (images.train_labels, images.test_labels):
        assert labels.bincount().max() < 1.06 * labels.bincount().min()


def test_no_image_occurs_twice() -> None:
    images = digits_on_photos()
    everything = torch.cat([images.train_images, images.test_images]).flatten(1)
    assert len(everything.unique(dim=0)) == 3584


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    assert torch.equal(
        few(test_images=80, images_per_digit=4)[:20], few(test_images=40, images_per_digit=2)[:20]
    )


def test_without_brightness_and_distractor_the_digit_stands_on_black() -> None:
    upright = few(brightness=0.0, distractor=0.0, jitter=0.0, rotation=0.0, scale=(1.0, 1.0))
    assert (upright.amax((1, 2, 3)) > 150).all()
    left_margin = upright[:, :, :, 0]  # the scans leave it empty but for a few
    assert left_margin.float().mean() < 6
    # one ink per image: its channels are in the same proportion wherever there is ink
    bright = upright.float() / upright.float().amax((2, 3), keepdim=True)
    assert (bright.amax(1) - bright.amin(1)).max() < 0.02


def test_the_ground_scales_with_brightness() -> None:
    hidden = {"distractor": 0.0, "scale": (0.25, 0.25), "size": 16}
    full, half = few(brightness=1.0, **hidden), few(brightness=0.5, **hidden)
    edge_full, edge_half = full[:, :, 0].float(), half[:, :, 0].float()
    assert edge_full.mean() > 50
    assert (edge_full / 2 - edge_half).abs().max() <= 1


@pytest.mark.parametrize(
    ("easy", "hard"),
    [
        ({"distractor": 0.0}, {"distractor": 1.0}),
        ({"jitter": 0.0}, {"jitter": 2.0}),
        ({"rotation": 0.0}, {"rotation": 45.0}),
        ({"scale": (1.0, 1.0)}, {"scale": (0.5, 0.5)}),
    ],
)
def test_each_setting_changes_the_picture(easy: dict[str, Any], hard: dict[str, Any]) -> None:
    changed = (few(**easy) != few(**hard)).flatten(1).any(1)
    assert changed.float().mean() > 0.9


def test_the_distractor_stays_at_the_edge() -> None:
    black = {"brightness": 0.0, "size": 16, "scale": (0.9, 0.9), "jitter": 0.0, "rotation": 0.0}
    added = few(distractor=1.0, **black).int() - few(distractor=0.0, **black).int()
    energy = added.abs().sum((0, 1)).float()
    assert energy[6:10, 6:10].mean() < 0.2 * energy.mean()


def test_a_plain_classifier_of_pixels_falls_short_but_is_above_chance() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    images = digits_on_photos()
    train, test = (images.split(name)[0].flatten(1).double() for name in ("train", "test"))
    mean, std = train.mean(0), train.std(0)
    model = linear_model.LogisticRegression(C=0.01, max_iter=200)
    model.fit(((train - mean) / std).numpy(), images.train_labels.numpy())
    score = model.score(((test - mean) / std).numpy(), images.test_labels.numpy())
    assert 0.75 < score <= 0.85


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 10}, "size must be one of 8, 12, 16, 20, 24, 28, 32, got 10"),
        ({"size": 64}, "size must be one of"),
        ({"brightness": 1.5}, r"brightness must lie in 0 … 1, got 1.5"),
        ({"brightness": float("nan")}, "brightness must lie in"),
        ({"jitter": 5.0}, r"jitter must lie in 0 … 4, got 5"),
        ({"rotation": -1.0}, "rotation must lie in 0 … 180"),
        ({"scale": (1.0, 0.9)}, "scale must lie in"),
        ({"scale": (0.1, 0.9)}, "scale must lie in 0.25 … 0.9, got 0.1"),
        ({"distractor": -0.1}, "distractor must lie in"),
        ({"train_images": 0}, "train_images must be 1 or more"),
        ({"images_per_digit": 0}, "images_per_digit must be 1 or more"),
        ({"images_per_digit": 1}, "there are 1797 scans"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        digits_on_photos(**settings)
