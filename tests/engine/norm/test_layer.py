"""Time-dependent batch normalisation."""

from __future__ import annotations

import torch
from torch import nn

from harness.engine.norm import TdBatchNorm

T, B, C = 3, 4, 5


def test_statistics_are_those_of_time_batch_and_space_together() -> None:
    currents_TBCHW = torch.randn(T, B, C, 2, 2, dtype=torch.float64) * 3 + 1
    currents_TBCHW[0] += 10.0  # a step that differs: per-step statistics would hide it
    out_TBCHW = TdBatchNorm(C).double()(currents_TBCHW.flatten(0, 1)).view_as(currents_TBCHW)
    mean = currents_TBCHW.mean((0, 1, 3, 4), keepdim=True)
    var = ((currents_TBCHW - mean) ** 2).mean((0, 1, 3, 4), keepdim=True)
    torch.testing.assert_close(out_TBCHW, (currents_TBCHW - mean) / (var + 1e-5).sqrt())


def test_it_is_the_ordinary_batch_norm_in_training_and_evaluation() -> None:
    ours, theirs = TdBatchNorm(C), nn.BatchNorm2d(C)
    for mode in (True, True, False):
        ours.train(mode)
        theirs.train(mode)
        batch = torch.randn(T * B, C, 2, 2)
        assert torch.equal(ours(batch), theirs(batch))
    assert torch.equal(ours.running_var, theirs.running_var)


def test_no_threshold_is_multiplied_in() -> None:
    batch = torch.randn(512, C, 2, 2)
    torch.testing.assert_close(
        TdBatchNorm(C)(batch).std((0, 2, 3)), torch.ones(C), rtol=0, atol=1e-3
    )
