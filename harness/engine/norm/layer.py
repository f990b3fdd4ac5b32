"""Batch normalisation of spiking networks: time counts as more of the batch.

Legend: T = time steps, B = batch of this process, C = channels, H, W = height and width.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.engine.lif.into_convolution import Neurons
from harness.engine.norm import channels_last, fused_gpu, into_neurons
from harness.engine.norm.channels_last import BatchStatistics


class TdBatchNorm(nn.Module):
    """Time-dependent batch normalisation on folded activations [T·B, C, H, W].

    y = γ·(x − μ)/√(σ² + ε) + β, with μ and σ² of a channel over time, batch and space together
    (paper p. 5, after Zheng et al., AAAI 2021). Since the time steps are folded into the batch this
    is ordinary batch normalisation, and with one step it is the ANN's. Zheng et al. also multiply
    by α·v_th, so that currents start at the scale of the threshold; the paper does not mention that
    factor and its published code leaves it out, and so does this. Evaluation uses running averages
    (momentum 0.1, unbiased variance, as torch).
    """

    running_mean: Tensor
    running_var: Tensor
    shared = False  # the batch is that of all processes; `shared_statistics` sets it

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, folded: Tensor) -> Tensor:
        """Normalise with the batch's statistics in training mode, with the running ones in
        evaluation mode.

        In training, channels-last activations on a CPU are normalised by kernels of this project,
        and come out in float32 whatever they were.
        """
        if self.training and channels_last.fits(folded, self.weight):
            return self.plus(folded, None)
        if self.training and self.shared:
            made, *sums = _normalised_over_ranks(folded, self.weight, self.bias, self.eps)
            self._learn(*sums)
            return made
        return functional.batch_norm(
            folded,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )

    def of_equal_steps(self, images: Tensor, time_steps: int) -> Tensor:
        """What `forward` makes of each of `time_steps` equal steps [B, C, H, W], with statistics of
        all of them: mean and variance are those of one step, and the unbiased variance, to which
        the running one moves, is that of more pixels.
        """
        if not self.training:
            return self(images)  # type: ignore[no-any-return]
        learnt = self.running_mean.clone(), self.running_var.clone()  # a backward pass keeps these
        made = functional.batch_norm(
            images, *learnt, self.weight, self.bias, True, self.momentum, self.eps
        )
        pixels = images.numel() // images.shape[1]
        factor = (1.0 - 1.0 / pixels) / (1.0 - 1.0 / (pixels * time_steps))
        with torch.no_grad():
            kept = self.running_var * (1.0 - self.momentum)
            self.running_var.copy_((learnt[1] - kept) * factor + kept)
            self.running_mean.copy_(learnt[0])
        return made

    def plus(self, folded: Tensor, residual: Tensor | None) -> Tensor:
        """The normalised activations plus `residual` in one pass over memory; in training, where
        `channels_last.fits`.
        """
        found = self._learnt(folded)
        return channels_last.normalised(folded, self.weight, self.bias, found, self.eps, residual)

    def fire(
        self, folded: Tensor, neurons: Neurons, convolution: nn.Conv2d | None = None
    ) -> Tensor:
        """The spikes of LIF neurons on the normalised activations, which are never written to
        memory; in training, where `channels_last.fits`. With a plain `convolution` without bias
        what it makes of the spikes, which are not kept.
        """
        found = self._learnt(folded)
        return into_neurons.fired(
            folded, self.weight, self.bias, found, self.eps, neurons, convolution
        )

    def in_one_pass(
        self, folded: Tensor, behind: fused_gpu.Behind, shortcut: Tensor | None = None
    ) -> Tensor:
        """What follows, of the normalised activations, or their sum with `shortcut`, on CUDA; in
        training, where there is no `fused_gpu.obstacle` and the statistics are not shared.
        """
        running = fused_gpu.Running(self.running_mean, self.running_var, self.momentum, self.eps)
        return fused_gpu.normalised(folded, self.weight, self.bias, running, behind, shortcut)

    def _learnt(self, folded: Tensor) -> BatchStatistics:
        """The batch's statistics, after the running ones have moved towards them."""
        found = channels_last.moments(folded, shared=self.shared)
        both = (torch.from_numpy(found.mean_C), torch.from_numpy(found.variance_C))
        self._learn(*both, found.pixels)
        return found

    @torch.no_grad()
    def _learn(self, mean_C: Tensor, variance_C: Tensor, pixels: Tensor | int) -> None:
        """Move the running statistics towards these, float64; the variance is the biased one."""
        unbiased_C = variance_C * (pixels / (pixels - 1))
        for running, now in ((self.running_mean, mean_C), (self.running_var, unbiased_C)):
            running.copy_(self.momentum * now + (1.0 - self.momentum) * running.double())

    def extra_repr(self) -> str:
        """Everything that decides its output beside the weights."""
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"


@contextmanager
def shared_statistics(network: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside, with `wanted`, tdBN takes its statistics in training over the batches of all
    processes of torch.distributed's default group, which must then all take part.
    """
    layers = [one for one in network.modules() if isinstance(one, TdBatchNorm)] if wanted else []
    for layer in layers:
        layer.shared = True
    try:
        yield
    finally:
        for layer in layers:
            layer.shared = False


def _normalised_over_ranks(
    folded: Tensor, weight: Tensor, bias: Tensor, eps: float
) -> tuple[Tensor, ...]:
    """γ·(x − μ)/√(σ² + ε) + β of [T·B, C, H, W] with the statistics of all processes; then μ and
    σ² (biased), [C], and the number of pixels that they are of.

    Sums are float64 and every operation is torch's own, so autograd finds the gradient; it passes
    over memory several times, where `channels_last` does once.
    """
    from torch.distributed.nn.functional import all_reduce  # only who trains in ranks needs it

    folded = folded.float() if folded.dtype in (torch.float16, torch.bfloat16) else folded
    exact = folded.double()
    count = exact.new_tensor([folded.numel() / folded.shape[1]])
    own = torch.cat([exact.sum((0, 2, 3)), exact.square().sum((0, 2, 3)), count])
    total = all_reduce(own)  # type: ignore[no-untyped-call]  # its gradient is summed too
    channels, pixels = folded.shape[1], total[-1].detach()
    mean_C, squares_C = total[:channels] / pixels, total[channels:-1] / pixels
    variance_C = (squares_C - mean_C**2).clamp(min=0.0)
    scale_C = weight * (variance_C + eps).rsqrt()
    shift_C = bias - mean_C * scale_C
    made = exact * scale_C[:, None, None] + shift_C[:, None, None]
    return made.to(folded.dtype), mean_C.detach(), variance_C.detach(), pixels
