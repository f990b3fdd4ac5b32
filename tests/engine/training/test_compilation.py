"""torch.compile: asked for, used, and said when it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from harness.engine.training.state import Compiled


def test_the_compiled_pass_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda network: lambda images: network(images) + 1)
    forward = Compiled(nn.Identity())
    assert forward(torch.zeros(2)).tolist() == [1.0, 1.0]
    assert forward.problem == ""


def test_where_it_fails_the_plain_pass_runs_and_the_reason_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def compiled(network: nn.Module) -> Callable[[Any], Any]:
        def fails(images: Any) -> Any:
            tried.append(1)
            raise RuntimeError("no C++ compiler\nand a long trace")

        return fails

    monkeypatch.setattr(torch, "compile", compiled)
    forward = Compiled(nn.Identity())
    for _ in range(2):
        assert forward(torch.zeros(2)).tolist() == [0.0, 0.0]
    assert len(tried) == 1
    assert forward.problem.endswith("trained without it: no C++ compiler")


def test_an_error_of_the_network_itself_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(nn.Module):
        def forward(self, images: Any) -> Any:
            raise ValueError("of the network")

    monkeypatch.setattr(torch, "compile", lambda network: network)
    with pytest.raises(ValueError, match="of the network"):
        Compiled(Broken())(torch.zeros(2))
