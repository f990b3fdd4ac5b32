"""CIFAR pre-activation residual networks of every depth and width, artificial and spiking (paper
Table D.1).

Legend: T = time steps, B = batch, C = channels, H, W = height and width; activations are folded,
[T·B, C, H, W].
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.networks.block import PreActivationBlock, once, runs_once
from harness.engine.networks.layers import convolution, fold, in_steps, initialise, linear
from harness.engine.networks.network import Network, at_least_1, mean_over_time, require_halving
from harness.engine.networks.neurons import neuron_of
from harness.engine.networks.outline import Part, convolution_cell, head, repeated
from harness.engine.norm import TdBatchNorm
from harness.parts.networks import Resnet
from harness.parts.neurons import Neuron

STAGES = (1, 2, 3)


class ResNet(Network):
    """conv1 – bn1 – three stages of blocks – relu – pool – fc; build it with `resnet`."""

    in_place = False

    def __init__(self, said: Resnet, neuron: Neuron, *, classes: int, in_channels: int) -> None:
        super().__init__()
        self.time_steps = neuron.steps
        self.one_step_stages = said.one_step_stages
        before = said.base_width * said.width
        self.conv1 = convolution(in_channels, before, kernel=3)
        self.bn1 = TdBatchNorm(before)
        for stage in STAGES:
            here = said.base_width * said.width * 2 ** (stage - 1)
            blocks = nn.ModuleDict()
            for index in range((said.depth - 2) // 6):
                blocks[f"b{index}"] = PreActivationBlock(
                    before,
                    here,
                    stride=2 if stage > 1 and index == 0 else 1,
                    neuron=neuron,
                    shortcut=stage not in said.stages_without_shortcut,
                    rectified=said.shortcut == "rectified" and not neuron.is_spiking,
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

        The logits are the mean over the steps. One of `one_step_stages` runs one step: what comes
        in is averaged over time, what goes on to a stage of all steps is repeated. The first
        convolution belongs to stage 1, the last activation and the classifier to stage 3. H and W
        must halve twice without remainder, since the pool of the shortcut and the stride of the
        convolution beside it disagree otherwise: HarnessError.
        """
        require_halving(images, 2)
        steps = len(images) if images.ndim == 5 else self.time_steps
        here = self._steps_in(1, steps)
        if runs_once(images, here, self.conv1, self.bn1):
            folded = once(images, here, self.conv1, self.bn1)
        else:
            folded = self.bn1(self.conv1(in_steps(*fold(images, here), here)))
        for stage in STAGES:
            wanted = self._steps_in(stage, steps)
            folded, here = in_steps(folded, here, wanted), wanted
            for block in self.stage(stage):
                folded = block(folded, here)
        return mean_over_time(self.fc(self.pool(self.relu(folded, here)).flatten(1)), here)

    def _steps_in(self, stage: int, steps: int) -> int:
        return 1 if stage in self.one_step_stages else steps

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

    def outline(self) -> tuple[Part, ...]:
        """The rows of Table D.1: first convolution, the three stages, pooling, classifier."""
        steps = {stage: self._steps_in(stage, self.time_steps) for stage in STAGES}
        first = convolution_cell(self.conv1, with_stride=True)
        rows = [Part("conv1", first, 1, self.conv1.out_channels, ("conv1", "bn1"), steps[1])]
        for stage in STAGES:
            blocks = self.stage(stage)
            cell = repeated(
                [f"({convolution_cell(b.conv1)}; {convolution_cell(b.conv2)})" for b in blocks]
            )
            layers = (f"s{stage}", "relu") if stage == STAGES[-1] else (f"s{stage}",)
            channels = blocks[-1].conv2.out_channels
            row = Part(f"block{stage}", cell, len(blocks), channels, layers, steps[stage])
            rows.append(row)
        return (*rows, *head(self.pool, self.fc, time_steps=steps[STAGES[-1]]))


@checked
def resnet(
    depth: int,
    *,
    width: int = 1,
    base_width: int = 16,
    neuron: str | Neuron = "lif",
    classes: int = 10,
    stages_without_shortcut: tuple[int, ...] = (),
    in_channels: int = 3,
    shortcut: Literal["identity", "rectified"] = "identity",
    residual_scale: float = 1.0,
    time_steps: int | None = None,
    one_step_stages: tuple[int, ...] = (),
    seed: int = 0,
    **numbers: Any,
) -> ResNet:
    """A pre-activation ResNet of 6n+2 layers with initial weights drawn from `seed` (paper Table
    D.1, He et al. 2016b).

    Stages have `base_width`·`width` channels, twice and four times as many. `neuron` is "lif",
    "relu", … with `numbers` its further fields, or a `Neuron`. `stages_without_shortcut` are such
    as (2,), or (1, 2, 3) for a plain network (Table 2, Fig. 4). `shortcut` "rectified" is the
    published ANN's (see `PreActivationBlock`); it has no effect on spiking networks, as in the
    published code. `residual_scale` is the initial weight of the last batch norm of each residual
    branch: 1 in the paper, 0 lets every block start as its shortcut; a block that has no shortcut
    starts at 1, since nothing would pass through it otherwise. `one_step_stages` are those that run
    one time step, such as (1,) (Table 3). An artificial network sees a static image once, whatever
    `time_steps` says. Raises HarnessError for values that make no such network.
    """
    at_least_1(classes=classes, in_channels=in_channels)
    said = Resnet(
        kind="resnet",
        depth=depth,
        width=width,
        base_width=base_width,
        stages_without_shortcut=tuple(stages_without_shortcut),
        shortcut=shortcut,
        residual_scale=residual_scale,
        one_step_stages=tuple(one_step_stages),
    )
    activation = neuron_of(neuron, {"time_steps": time_steps, **numbers})
    network = ResNet(said, activation, classes=classes, in_channels=in_channels)
    initialise(network, seed)
    with torch.no_grad():
        for block in network.blocks():
            if block.shortcut:
                block.bn2.weight.fill_(residual_scale)
    return network
