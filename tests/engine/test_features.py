"""Features of an image: over time, over a grid."""

from __future__ import annotations

import pytest
import torch

from harness.engine.features import image_features
from harness.errors import HarnessError

FEATURE = torch.arange(2 * 3 * 2 * 4 * 4, dtype=torch.float32).view(2, 3, 2, 4, 4)


def test_one_part_is_the_global_average_pool_of_the_mean_over_time() -> None:
    torch.testing.assert_close(image_features(FEATURE), FEATURE.mean((0, 3, 4)))


def test_a_grid_keeps_parts_apart_channel_by_channel() -> None:
    wanted = FEATURE.mean(0).unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5)).reshape(3, 8)
    torch.testing.assert_close(image_features(FEATURE, pool=2), wanted)


@pytest.mark.parametrize("pool", [None, 4, 9])
def test_without_pool_or_with_a_finer_grid_every_pixel_is_kept(pool: int | None) -> None:
    torch.testing.assert_close(image_features(FEATURE, pool=pool), FEATURE.mean(0).flatten(1))


def test_layers_without_pixels_are_taken_as_they_are() -> None:
    torch.testing.assert_close(image_features(FEATURE[..., 0, 0]), FEATURE[..., 0, 0].mean(0))


def test_no_part_is_refused() -> None:
    with pytest.raises(HarnessError, match="features pool"):
        image_features(FEATURE, pool=0)


def test_steps_may_stand_side_by_side() -> None:
    wanted = torch.cat([FEATURE[0].mean((2, 3)), FEATURE[1].mean((2, 3))], 1)
    torch.testing.assert_close(image_features(FEATURE, time="concatenate"), wanted)
    every = image_features(FEATURE, pool=None, time="concatenate")
    assert torch.equal(every[1], torch.stack([FEATURE[0, 1], FEATURE[1, 1]]).flatten())
    with pytest.raises(HarnessError, match="features time"):
        image_features(FEATURE, time="sum")  # type: ignore[arg-type]
