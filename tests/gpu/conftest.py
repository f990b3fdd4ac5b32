"""Tests of a card: each is marked `cuda`, and skipped where torch finds none. With CARD=cpu they go
their way on the CPU, which shows that they can run, and nothing of a card.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

CARD = os.environ.get("CARD", "cuda")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cuda)
            if CARD == "cuda" and not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip("NOT TESTED: needs a CUDA GPU, and there is none"))


@pytest.fixture
def card() -> torch.device:
    return torch.device(CARD)
