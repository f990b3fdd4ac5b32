"""What the compiled kernels for CPUs share: number formats, and the split over threads.

The kernels themselves stand beside what they compute (`lif/fused_cpu_kernels.py`,
`norm/channels_last_kernels.py`).
"""
