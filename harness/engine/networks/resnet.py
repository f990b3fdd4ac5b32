"""CIFAR pre-activation residual networks of every depth and width, artificial and spiking (paper
Table D.1).

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from harness.engine.encoding import fold
from harness.engine.networks.block import PreActivationBlock
from harness.engine.networks.layers import convolution, initialise, linear
from harness.engine.networks.neurons import Neuron
from harness.engine.norm import TdBatchNorm
from harness.engine.surrogates import Surrogate
from harness.errors import HarnessError

STAGES = (1, 2, 3)
_LAYERS_PER_BLOCK_ROW = 6  # one more block in each of three stages, two convolutions each
_LAYERS_OUTSIDE_BLOCKS = 2  # first convolution, classifier

Residual = Literal["full", "none"] | tuple[int, ...]


class ResNet(nn.Module):
    """conv1 – bn1 – three stages of blocks – relu – pool – fc; build it with `resnet`."""

    def __init__(
        self,
        blocks_per_stage: int,
        channels: int,
        *,
        neuron: Neuron,
        classes: int,
        without_shortcuts: tuple[int, ...],
        in_channels: int,
        rectified: bool,
        time_steps: int,
    ) -> None:
        super().__init__()
        self.time_steps = time_steps
        self.conv1 = convolution(in_channels, channels, kernel=3)
        self.bn1 = TdBatchNorm(channels)
        before = channels
        for stage in STAGES:
            here = channels * 2 ** (stage - 1)
            blocks = nn.ModuleDict()
            for index in range(blocks_per_stage):
                blocks[f"b{index}"] = PreActivationBlock(
                    before,
                    here,
                    stride=2 if stage > 1 and index == 0 else 1,
                    neuron=neuron,
                    shortcut=stage not in without_shortcuts,
                    rectified=rectified,
                )
                before = here
            self.add_module(f"s{stage}", blocks)
        self.relu = neuron.layer()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = linear(before, classes)

    def stage(self, number: int) -> list[PreActivationBlock]:
        """The residual blocks of stage 1, 2 or 3 in execution order."""
        blocks = self.get_submodule(f"s{number}").children()
        return [block for block in blocks if isinstance(block, PreActivationBlock)]

    def blocks(self) -> list[PreActivationBlock]:
        """All residual blocks in execution order."""
        return [block for number in STAGES for block in self.stage(number)]

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, C, H, W] (the same at each of `time_steps` steps) or frames [T, B, C, H, W] to
        logits [B, classes].

        The logits are the mean over the steps. H and W must halve twice without remainder, since
        the pool of the shortcut and the stride of the convolution beside it disagree otherwise:
        HarnessError.
        """
        height, width = images.shape[-2:]
        if height % 4 or width % 4 or not height * width:
            raise HarnessError(
                "network input",
                f"an image of {height}x{width} pixels does not halve twice",
                hint="use sides that are multiples of 4",
            )
        folded, steps = fold(images, self.time_steps)
        folded = self.bn1(self.conv1(folded))
        for block in self.blocks():
            folded = block(folded, steps)
        folded = self.pool(self.relu(folded, steps)).flatten(1)
        logits: Tensor = self.fc(folded)
        return logits if steps == 1 else logits.view(steps, -1, logits.shape[1]).mean(0)

    def layer_names(self) -> tuple[str, ...]:
        """Names of the layers to hook, in execution order: each is a module's name in
        `named_modules`.

        Convolutions, batch norms, activations (`relu…`, spiking or not), the pools and each block's
        output (`s1.b0`); not the classifier. With all shortcuts 7 per block + 10, as on the axes of
        Fig. 2: 73 for ResNet-20.
        """
        names = ["conv1", "bn1"]
        for name, block in self.named_modules():
            if isinstance(block, PreActivationBlock):
                inside = ["relu1", "conv1", "bn1", "relu2", "conv2", "bn2"]
                inside += ["ds.0", "ds.1", "ds.2"] if block.ds is not None else []
                names += [f"{name}.{layer}" for layer in inside] + [name]
        return (*names, "relu", "pool")


def resnet(
    depth: int,
    *,
    width: int = 1,
    base_width: int = 16,
    neuron: str = "lif",
    classes: int = 10,
    residual: Residual = "full",
    in_channels: int = 3,
    shortcut: Literal["identity", "rectified"] = "identity",
    branch_scale: float = 1.0,
    time_steps: int = 4,
    decay: float = 0.5,
    threshold: float = 1.0,
    surrogate: str | Surrogate = "dspike",
    detach_reset: bool = False,
    fires_at_threshold: bool = False,
    backend: str = "auto",
    seed: int = 0,
) -> ResNet:
    """A pre-activation ResNet of 6n+2 layers with initial weights drawn from `seed` (paper Table
    D.1, He et al. 2016b).

    Stages have `base_width`·`width` channels, twice and four times as many. `neuron` is "lif" (with
    the fields of `harness.engine.lif.lif`) or "relu". `residual` is "full", "none", or the stages
    that go without shortcuts, such as (2,) (Table 2, Fig. 4). `shortcut` "rectified" is the
    published ANN's (see `PreActivationBlock`); it has no effect on spiking networks, as in the
    published code. `branch_scale` is the initial weight of the last batch norm of each residual
    branch: 1 in the paper, 0 lets every block start as its shortcut. An artificial network sees a
    static image once, whatever `time_steps` says. Raises HarnessError for values that make no such
    network.
    """
    _at_least_1(
        width=width,
        base_width=base_width,
        classes=classes,
        in_channels=in_channels,
        time_steps=time_steps,
    )
    if shortcut not in ("identity", "rectified"):
        raise HarnessError("network shortcut", f"'identity' or 'rectified' (got {shortcut!r})")
    activation = Neuron(
        neuron, decay, threshold, surrogate, detach_reset, fires_at_threshold, backend
    )
    network = ResNet(
        _blocks_per_stage(depth),
        base_width * width,
        neuron=activation,
        classes=classes,
        without_shortcuts=_stages_without(residual),
        in_channels=in_channels,
        rectified=shortcut == "rectified" and not activation.is_spiking,
        time_steps=time_steps if activation.is_spiking else 1,
    )
    initialise(network, seed)
    with torch.no_grad():
        for block in network.blocks():
            block.bn2.weight.fill_(branch_scale)
    return network


def _blocks_per_stage(depth: int) -> int:
    blocks = max(1, round((depth - _LAYERS_OUTSIDE_BLOCKS) / _LAYERS_PER_BLOCK_ROW))
    nearest = _LAYERS_PER_BLOCK_ROW * blocks + _LAYERS_OUTSIDE_BLOCKS
    if depth != nearest:
        raise HarnessError(
            "network depth",
            f"a ResNet has 6n+2 layers, n ≥ 1 (got {depth})",
            hint=f"the nearest is {nearest}",
        )
    return blocks


def _at_least_1(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise HarnessError(f"network {name}", f"must be at least 1 (got {count})")


def _stages_without(residual: Residual) -> tuple[int, ...]:
    if residual == "full":
        return ()
    if residual == "none":
        return STAGES
    if isinstance(residual, str) or not set(residual) <= set(STAGES):
        raise HarnessError(
            "network residual",
            f"'full', 'none' or the stages without shortcuts, out of 1, 2, 3 (got {residual!r})",
        )
    return tuple(residual)
