"""The canary: short runs of every kind, held against what they gave when all was well.

A: everything in float64, where processors agree to thirteen digits. B: the same states in the
arithmetic of real runs, for the fused kernels and GPUs, held against A.
"""
