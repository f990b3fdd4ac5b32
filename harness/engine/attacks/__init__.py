"""Adversarial attacks on images, and accuracy under them (paper section 4.5, Fig. 8, Fig. A.9)."""

from harness.engine.attacks.evaluate import AttackedBatch, accuracy_under_attack, attacked_batches
from harness.engine.attacks.pgd import Units, fgsm, pgd

__all__ = [
    "AttackedBatch",
    "Units",
    "accuracy_under_attack",
    "attacked_batches",
    "fgsm",
    "pgd",
]
