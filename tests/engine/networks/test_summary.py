"""Table D.1 from built networks, against counts worked out by formula."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import resnet, small, summarise, vgg


def parameters(blocks: int, channels: int, classes: int = 10) -> int:
    """Convolutions, batch norms (2 per channel), projections and classifier, by hand."""
    total = 27 * channels + 2 * channels
    for stage in range(3):
        here = channels * 2**stage
        before = here if stage == 0 else here // 2
        total += 9 * before * here + (2 * blocks - 1) * 9 * here * here + 4 * blocks * here
        total += 0 if stage == 0 else before * here + 2 * here
    return total + 4 * channels * classes + classes


@pytest.mark.parametrize(
    ("depth", "blocks", "width"), [(20, 3, 1), (38, 6, 1), (56, 9, 1), (110, 18, 1), (20, 3, 4)]
)
def test_parameters(depth: int, blocks: int, width: int) -> None:
    summary = summarise(resnet(depth, width=width))
    assert summary.parameters == parameters(blocks, 16 * width)
    network = resnet(depth, width=width)
    assert summary.parameters == sum(number.numel() for number in network.parameters())


def test_resnet_20_has_a_quarter_million_parameters_and_41_million_macs() -> None:
    summary = summarise(resnet(20))
    assert summary.parameters == 272_474  # He et al. 2016 state 0.27 M
    # by hand: 27·16·32² + 6·(144·16·32²) + s2, s3: first conv, five more, projection
    stage_1 = 6 * 144 * 16 * 32 * 32
    stage_2 = (144 * 32 + 5 * 288 * 32 + 16 * 32) * 16 * 16
    stage_3 = (288 * 64 + 5 * 576 * 64 + 32 * 64) * 8 * 8
    assert summary.macs_per_step == 27 * 16 * 32 * 32 + stage_1 + stage_2 + stage_3 + 640
    assert summary.macs == 4 * summary.macs_per_step


@pytest.mark.parametrize(("depth", "blocks"), [(20, 3), (164, 27)])
def test_cells_in_the_papers_notation(depth: int, blocks: int) -> None:
    rows = {stage.name: stage for stage in summarise(resnet(depth)).stages}
    assert {name: stage.cell for name, stage in rows.items()} == {
        "conv1": "3x3,16,s1",
        "block1": f"(3x3,16; 3x3,16)x{blocks}",
        "block2": f"(3x3,32; 3x3,32)x{blocks}",
        "block3": f"(3x3,64; 3x3,64)x{blocks}",
        "pooling": "Global average pooling",
        "classifier": "10-d fully connected layer",
    }
    assert [stage.repeats for stage in rows.values()] == [1, blocks, blocks, blocks, 1, 1]
    assert [stage.channels for stage in rows.values()] == [16, 16, 32, 64, 64, 10]


def test_the_cells_come_from_the_modules_and_not_from_the_arguments() -> None:
    network = resnet(14)
    network.get_submodule("s2.b1").conv1 = torch.nn.Conv2d(32, 32, 5, padding=2, bias=False)
    assert summarise(network).stages[2].cell == "(3x3,32; 3x3,32)x1 (5x5,32; 3x3,32)x1"


def test_the_network_is_left_as_it_was() -> None:
    network = resnet(8, base_width=2).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    summarise(network, (3, 8, 8))
    assert network.training and network.relu.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert not any(layer._forward_hooks for layer in network.modules())


def test_a_stage_of_one_step_counts_once() -> None:
    full, reduced = summarise(resnet(20)), summarise(resnet(20, one_step_stages=(1,)))
    stage_1 = full.stages[0].macs + full.stages[1].macs
    assert reduced.macs_per_step == full.macs_per_step
    assert full.macs - reduced.macs == 3 * stage_1


def test_vgg_in_the_notation_of_table_d2() -> None:
    summary = summarise(vgg(25, layout="table", base_width=4), (3, 16, 16))
    rows = {stage.name: stage.cell for stage in summary.stages}
    assert rows == {
        "block1": "(3x3,4)x2",
        "pooling1": "Average pooling, s2",
        "block2": "(3x3,8)x3",
        "pooling2": "Average pooling, s2",
        "block3": "(3x3,16)x4",
        "pooling3": "Average pooling, s2",
        "block4": "(3x3,32)x12",
        "pooling": "Global average pooling",
        "classifier": "10-d fully connected layer",
    }
    # by hand: 9·C_in·C_out a convolution, 2 C a batch norm; 4 pixels a side in stage 3
    block_3 = 9 * 8 * 16 + 3 * 9 * 16 * 16
    assert summary.stages[4].parameters == block_3 + 4 * 2 * 16
    assert summary.stages[4].macs == block_3 * 4 * 4
    assert summary.stages[-1].parameters == 330


@pytest.mark.parametrize("network", [vgg(13, base_width=2), small(), resnet(14, base_width=2)])
def test_every_parameter_belongs_to_one_row(network: torch.nn.Module) -> None:
    counted = summarise(network, (3, 8, 8)).parameters
    assert counted == sum(number.numel() for number in network.parameters())
