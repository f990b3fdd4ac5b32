"""What units respond to: kernels, activations, preferred images (lab sections 4.2 to 4.4)."""

from __future__ import annotations

from harness.engine.visualise.flatness import Contrast, contrast
from harness.engine.visualise.gabor import GaborStatistics, gabor_statistics
from harness.engine.visualise.grids import Sparsity, channel_tiles, sparsity, tiled
from harness.engine.visualise.kernels import kernel_images, normalised_kernels, shuffled_kernels
from harness.engine.visualise.maximise import Maximised, maximise, total_variation
from harness.engine.visualise.receptive import Box, receptive_field, seen_by_gradient
from harness.engine.visualise.target import Target
from harness.engine.visualise.top_images import TopImages, image_activations, top_images

__all__ = [
    "Box",
    "Contrast",
    "GaborStatistics",
    "Maximised",
    "Sparsity",
    "Target",
    "TopImages",
    "channel_tiles",
    "contrast",
    "gabor_statistics",
    "image_activations",
    "kernel_images",
    "maximise",
    "normalised_kernels",
    "receptive_field",
    "seen_by_gradient",
    "shuffled_kernels",
    "sparsity",
    "tiled",
    "top_images",
    "total_variation",
]
