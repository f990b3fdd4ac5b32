"""Streamed moments are those of all images at once, whatever the batches and the offset."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.engine.regression.moments import Moments, moments_bytes
from harness.errors import HarnessError
from tests.engine.regression.cases import features


def streamed(x: torch.Tensor, y: torch.Tensor, sizes: list[int]) -> Moments:
    moments = Moments(x.shape[1], y.shape[1])
    for part_x, part_y in zip(x.split(sizes), y.split(sizes), strict=True):
        moments.update(part_x, part_y)
    return moments


@pytest.mark.parametrize("sizes", [[90], [40, 50], [1, 2, 80, 7], [1] * 90])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_they_are_numpys_covariances(sizes: list[int], offset: float) -> None:
    x, y = features()
    x = x.double() + offset
    moments = streamed(x, y, sizes)
    joint = 90 * np.cov(np.hstack([x.numpy(), y.double().numpy()]).T, bias=True)
    close = {"rtol": 1e-9, "atol": 1e-6 if offset else 1e-9}
    np.testing.assert_allclose(moments.scatter_DD, joint[:12, :12], **close)
    np.testing.assert_allclose(moments.cross_DK, joint[:12, 12:], **close)
    np.testing.assert_allclose(moments.spread_K, np.diag(joint)[12:], **close)
    np.testing.assert_allclose(moments.mean_x_D, x.mean(0), rtol=1e-12)
    assert moments.count == 90


@pytest.mark.parametrize("shape", [(5, 3), (4, 12), (0, 12)])
def test_batches_that_do_not_fit_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(HarnessError, match="regression batch"):
        Moments(12, 5).update(torch.zeros(shape), torch.zeros(5, 5))


def test_memory_is_what_is_said() -> None:
    moments = Moments(7, 3)
    held = (moments.scatter_DD, moments.cross_DK)
    assert moments_bytes(7, 3) == sum(one.nbytes for one in held)
