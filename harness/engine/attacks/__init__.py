"""Adversarial attacks on images, and accuracy under them (paper section 4.5, Fig. 8, Fig. A.9)."""

from harness.engine.attacks.apgd import apgd
from harness.engine.attacks.ball import Units
from harness.engine.attacks.evaluate import AttackedBatch, accuracy_under_attack, attacked_batches
from harness.engine.attacks.pgd import fgsm, pgd
from harness.engine.attacks.trace import Trace, attack_trace, zero_gradients

__all__ = [
    "AttackedBatch",
    "Trace",
    "Units",
    "accuracy_under_attack",
    "apgd",
    "attack_trace",
    "attacked_batches",
    "fgsm",
    "pgd",
    "zero_gradients",
]
