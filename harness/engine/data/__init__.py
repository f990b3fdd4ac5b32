"""Images to train on: embedded ones, published CIFAR batches, downloads and augmentation.

This file imports nothing, so that `harness.engine.data.checksums` can be asked without loading
torch.
"""
