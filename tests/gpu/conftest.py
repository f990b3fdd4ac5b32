"""What only a GPU can show. Every test in this folder has the mark `cuda`; where there is no GPU it
is skipped, and the summary says so.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

NONE = "NOT TESTED: needs a CUDA GPU, and there is none"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("cuda")
            if not torch.cuda.is_available() and os.environ.get("CARD") != "cpu":
                item.add_marker(pytest.mark.skip(reason=NONE))


@pytest.fixture
def card() -> torch.device:
    """The GPU; with CARD=cpu the CPU in its place, which shows that a test can run, and no more."""
    return torch.device(os.environ.get("CARD", "cuda"))
