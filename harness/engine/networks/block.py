"""The pre-activation basic block (He et al. 2016b), for ReLU and LIF alike, and its layers in one
pass over memory, where that gives the same numbers and nobody listens.

A batch norm and the neurons behind it, or the shortcut added to it, are one loop over memory, in
training, on a CPU and on CUDA. The current in between then exists nowhere, so a layer that a hook
listens to runs by itself. Where CUDA has no kernel for it, the log says why.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from harness.engine.lif.fused_cpu import fits_fused_cpu
from harness.engine.lif.fused_gpu import on_gpu, say
from harness.engine.lif.into_convolution import Neurons, convolved_spikes
from harness.engine.networks.layers import convolution, repeated_over_time
from harness.engine.networks.neurons import Lif, Relu
from harness.engine.norm import TdBatchNorm, channels_last
from harness.engine.norm.fused_gpu import LIF, RELU, Behind, obstacle
from harness.parts.neurons import Neuron

_CARRIES = "rectified"  # said beside the weights of a block
_FUSING = ("auto", "numba")  # backends of the neurons, on a CPU
_FUSING_ON_CUDA = ("auto", "triton")


def normalise_and_activate(
    norm: TdBatchNorm,
    activation: nn.Module,
    folded: Tensor,
    time_steps: int,
    convolution: nn.Conv2d | None = None,
) -> Tensor:
    """activation(norm(folded)), and what `convolution` makes of it, where there is one, without
    bias or dilation.
    """
    made: Tensor
    if _on_cuda(norm, folded) and not _listened_to(activation):
        behind = _behind(activation, folded, time_steps)
        if behind is not None and _fits_cuda(norm, folded, behind):
            made = norm.in_one_pass(folded, behind)
            return made if convolution is None else convolution(made)
    fused = None if convolution is None or _listened_to(convolution) else convolution
    neurons = _neurons(activation, folded, time_steps) if _can_fuse(norm, folded) else None
    if neurons is not None:
        made = norm.fire(folded, neurons, fused)
    else:
        made, fused = activation(norm(folded), time_steps), None
    return made if convolution is None or fused is not None else convolution(made)


def activate_and_convolve(
    activation: nn.Module, convolution: nn.Conv2d, folded: Tensor, time_steps: int
) -> tuple[Tensor, Tensor]:
    """convolution(activation(folded)), and `folded` for the shortcut to carry on: what comes back
    through both is then added in one loop. The convolution has no bias or dilation.
    """
    fits = channels_last.fits(folded, convolution.weight) and not _listened_to(convolution)
    if torch.is_grad_enabled() and fits:
        neurons = _neurons(activation, folded, time_steps)
        if neurons is not None:
            return convolved_spikes(folded, neurons, convolution)
    made: Tensor = convolution(activation(folded, time_steps))
    return made, folded


def _neurons(activation: nn.Module, folded: Tensor, time_steps: int) -> Neurons | None:
    """The neurons, where the fused kernels can take them and no hook listens; else None."""
    if not isinstance(activation, Lif) or _listened_to(activation):
        return None
    dynamics = activation.dynamics_now()
    plain = not isinstance(dynamics.decay, Tensor) and activation.backend in _FUSING
    if not plain or not fits_fused_cpu(folded, dynamics):
        return None
    return Neurons(dynamics, time_steps, activation.spike_dtype(torch.float32, folded.device))


def normalise_and_add(norm: TdBatchNorm, folded: Tensor, shortcut: Callable[[], Tensor]) -> Tensor:
    """norm(folded) + shortcut(), in this order where somebody listens."""
    if _on_cuda(norm, folded) and _fits_cuda(norm, folded, Behind()):
        carried = shortcut()
        if carried.is_contiguous(memory_format=torch.channels_last):
            return norm.in_one_pass(folded, Behind(), carried)
        summed: Tensor = norm(folded) + carried
        return summed
    if not _can_fuse(norm, folded):
        normalised: Tensor = norm(folded)
        return normalised + shortcut()
    other, layout = shortcut(), torch.channels_last
    if other.dtype == torch.float32 and other.is_contiguous(memory_format=layout):
        return norm.plus(folded, other)
    return norm.plus(folded, None) + other


def _on_cuda(norm: TdBatchNorm, folded: Tensor) -> bool:
    if torch.compiler.is_compiling() or not norm.training:
        return False
    return on_gpu(folded) and not _listened_to(norm)


def _behind(activation: nn.Module, folded: Tensor, time_steps: int) -> Behind | None:
    """What the kernels are told of an activation; None for one that they do not know."""
    if isinstance(activation, Relu):
        return Behind(RELU)
    if not isinstance(activation, Lif) or activation.backend not in _FUSING_ON_CUDA:
        say(f"norm and neurons run one after the other: {activation!r} has no kernel")
        return None
    spikes = activation.spike_dtype(folded.dtype, folded.device)
    return Behind(LIF, activation.dynamics_now(), time_steps, spikes)


def _fits_cuda(norm: TdBatchNorm, folded: Tensor, behind: Behind) -> bool:
    why = "its statistics are those of all processes" if norm.shared else ""
    why = why or obstacle(folded, norm.weight, behind)
    if why:
        say(f"a norm and what follows it run one after the other: {why}")
    return not why


def _can_fuse(norm: TdBatchNorm, folded: Tensor) -> bool:
    return channels_last.fits(folded, norm.weight) and norm.training and not _listened_to(norm)


def _listened_to(layer: nn.Module) -> bool:
    own = [layer._forward_hooks, layer._forward_pre_hooks]
    own += [layer._backward_hooks, layer._backward_pre_hooks]
    return any(own) or bool(_has_any_global_hook())  # type: ignore[no-untyped-call]


def runs_once(images: Tensor, time_steps: int, *stem: nn.Module) -> bool:
    """Whether the first convolution and norm may see a static image once (`once`) instead of at
    each step, which is the same: on CUDA, where nobody listens to them. A CPU keeps its bits.
    """
    static = images.ndim == 4 and time_steps > 1 and on_gpu(images)
    return static and not any(_listened_to(layer) or getattr(layer, "shared", 0) for layer in stem)


def once(images: Tensor, time_steps: int, first: nn.Conv2d, norm: TdBatchNorm) -> Tensor:
    """norm(first(images)) at each step, [T·B, C, H, W], of images [B, C, H, W] that are looked at
    once.
    """
    return repeated_over_time(norm.of_equal_steps(first(images), time_steps), time_steps)


class PreActivationBlock(nn.Module):
    """out = bn2(conv2(relu2(bn1(conv1(relu1(x)))))) + shortcut(x).

    The modules carry the paper's names (Fig. A.11, A.12), where the activation is `relu1`, `relu2`
    in the spiking network too. Where the shape changes the shortcut is `ds`: average pool, 1x1
    convolution, batch norm, fed by the *activated* input; elsewhere it is the identity. `rectified`
    makes the identity carry relu1(x) instead of x, which is what the published ANN does, whose
    first ReLU works in place. With `shortcut` off nothing is added.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        stride: int,
        neuron: Neuron,
        shortcut: bool,
        rectified: bool,
    ) -> None:
        super().__init__()
        self.relu1 = neuron.layer()
        self.conv1 = convolution(channels_in, channels, kernel=3, stride=stride)
        self.bn1 = TdBatchNorm(channels)
        self.relu2 = neuron.layer()
        self.conv2 = convolution(channels, channels, kernel=3)
        self.bn2 = TdBatchNorm(channels)
        self.shortcut = shortcut
        self.rectified = rectified
        self.ds: nn.Sequential | None = None
        if shortcut and (stride != 1 or channels_in != channels):
            projection = convolution(channels_in, channels, kernel=1)
            self.ds = nn.Sequential(nn.AvgPool2d(stride), projection, TdBatchNorm(channels))

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, C, H, W] to [T·B, C', H/stride, W/stride]."""
        if self.ds is None and not self.rectified:
            branch, carried = activate_and_convolve(self.relu1, self.conv1, folded, time_steps)
        else:
            carried = self.relu1(folded, time_steps)
            branch = self.conv1(carried)
        branch = normalise_and_activate(self.bn1, self.relu2, branch, time_steps, self.conv2)
        if not self.shortcut:
            alone: Tensor = self.bn2(branch)
            return alone
        return normalise_and_add(
            self.bn2, branch, lambda: carried if self.ds is None else self.ds(carried)
        )

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        beside: dict[str, Any] = getattr(destination, "_metadata", {})  # torch's, of each module
        if isinstance(self.relu1, Relu):
            beside.setdefault(prefix[:-1], {})[_CARRIES] = self.rectified

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *others: Any
    ) -> None:
        """Refuses the weights of an ANN whose shortcut carries something else, while they know: the
        same numbers would be another function.
        """
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)
        carries = local_metadata.get(_CARRIES, self.rectified)
        if isinstance(self.relu1, Relu) and carries != self.rectified:
            wanted = "rectified" if carries else "identity"
            errors: list[str] = others[-1]
            errors.append(f"{prefix[:-1]} was trained with shortcut={wanted!r}, and has another")

    def extra_repr(self) -> str:
        """What the list of modules does not show."""
        return f"shortcut={self.shortcut}, rectified={self.rectified}"
