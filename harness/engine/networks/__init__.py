"""The networks of the paper, each with a stable name for every layer."""

from __future__ import annotations

from harness.engine.networks.layers import initialise
from harness.engine.networks.resnet import ResNet, resnet
from harness.engine.networks.summary import StageSummary, Summary, summarise

__all__ = ["ResNet", "StageSummary", "Summary", "initialise", "resnet", "summarise"]
