"""Batch normalisation of spiking networks, alone and fused with the neurons that it feeds."""

from harness.engine.norm.layer import TdBatchNorm

__all__ = ["TdBatchNorm"]
