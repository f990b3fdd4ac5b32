"""What units respond to: kernels, activations, preferred images (lab sections 4.2 to 4.4)."""

from harness.engine.visualise.activations import (
    Sparsity,
    Target,
    TopImages,
    channel_tiles,
    image_activations,
    sparsity,
    tiled,
    top_images,
)
from harness.engine.visualise.kernels import (
    GaborStatistics,
    gabor_statistics,
    kernel_images,
    normalised_kernels,
    shuffled_kernels,
)
from harness.engine.visualise.maximise import Maximised, maximise, total_variation
from harness.engine.visualise.receptive import Box, Contrast, contrast, receptive_field, within

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
    "shuffled_kernels",
    "sparsity",
    "tiled",
    "top_images",
    "total_variation",
    "within",
]
