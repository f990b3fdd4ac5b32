"""The pre-activation basic block (He et al. 2016b), for ReLU and LIF alike.

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from torch import Tensor, nn

from harness.engine.networks.fused import (
    activate_and_convolve,
    normalise_activate_convolve,
    normalise_and_add,
)
from harness.engine.networks.layers import convolution
from harness.engine.norm import TdBatchNorm
from harness.parts.neurons import Neuron


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
        branch = normalise_activate_convolve(self.bn1, self.relu2, self.conv2, branch, time_steps)
        if not self.shortcut:
            alone: Tensor = self.bn2(branch)
            return alone
        return normalise_and_add(self.bn2, branch, lambda: self._shortcut(carried))

    def _shortcut(self, carried: Tensor) -> Tensor:
        if self.ds is None:
            return carried
        projected: Tensor = self.ds(carried)
        return projected

    def extra_repr(self) -> str:
        """What the list of modules does not show."""
        return f"shortcut={self.shortcut}, rectified={self.rectified}"
