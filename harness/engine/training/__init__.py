"""Training a network on an image set: recipe, loop, checkpoints, learning curve."""

from harness.engine.training.checkpoint import Epoch, History
from harness.engine.training.loop import accuracy, train
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.state import Diverged
from harness.parts.recipe import Recipe

__all__ = ["Diverged", "Epoch", "History", "Normalisation", "Recipe", "accuracy", "train"]
