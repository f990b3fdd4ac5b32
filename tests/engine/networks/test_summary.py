"""Table D.1 from built networks, against counts worked out by formula."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import resnet, summarise


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
