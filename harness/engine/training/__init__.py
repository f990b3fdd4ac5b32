"""Training a network on an image set: recipe, loop, checkpoints, learning curve."""

from __future__ import annotations

from harness.engine.training.divergence import Diverged
from harness.engine.training.evaluate import accuracy
from harness.engine.training.history import Epoch, History
from harness.engine.training.loop import train
from harness.engine.training.normalisation import Normalisation
from harness.parts.recipe import Recipe

__all__ = ["Diverged", "Epoch", "History", "Normalisation", "Recipe", "accuracy", "train"]
