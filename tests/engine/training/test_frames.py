"""Training on recordings: the same loop, on frames [T, B, C, H, W]."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.engine.data.labelled import FrameSet
from harness.engine.networks import ResNet, resnet
from harness.engine.training import Normalisation, Recipe, accuracy, train
from harness.engine.training.state import TrainingState

RECIPE = Recipe(epochs=8, batch=16, lr=0.05, crop_padding=0, flip=False, schedule="one-cycle")


def frames(steps: int, train_count: int = 72, test_count: int = 24) -> FrameSet:
    """Three classes: where on 8x8 pixels most events are."""
    generator = torch.Generator().manual_seed(0)

    def split(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.arange(count) % 3
        counts = torch.randint(0, 3, (count, steps, 2, 8, 8), generator=generator)
        for one, label in zip(counts, labels.tolist(), strict=True):
            one[:, :, 1 + 2 * label : 3 + 2 * label] += 5
        return counts.to(torch.int16), labels

    made = (*split(train_count), *split(test_count))
    return FrameSet("bars", *made, ("a", "b", "c"), "embedded")


def network(neuron: str) -> ResNet:
    return resnet(8, base_width=4, neuron=neuron, classes=3, in_channels=2)


@pytest.mark.parametrize(("neuron", "steps"), [("relu", 1), ("lif", 5)])
def test_it_learns_from_frames(neuron: str, steps: int) -> None:
    made = network(neuron)
    history = train(made, frames(steps), RECIPE, seed=0)
    assert history.best_accuracy > 80.0  # chance is 33
    assert history.normalisation.mean == (0.0, 0.0)


def test_crop_and_flip_run_on_frames_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 3, "crop_padding": 1, "flip": True})
    whole, stopped, resumed = network("lif"), network("lif"), network("lif")
    train(whole, frames(3), recipe, seed=1)
    seen: list[int] = []

    def stop(row: object) -> None:
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train(stopped, frames(3), recipe, seed=1, checkpoint=file, report=stop)
    history = train(resumed, frames(3), recipe, seed=1, checkpoint=file)
    assert history.resumed_from == 2
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_micro_batches_split_recordings_and_not_time() -> None:
    """Without batch norm's statistics the gradient of the parts is that of the whole."""
    pixels, labels = frames(4).split("train")
    given = Normalisation.of(pixels)(pixels[:9])
    gradients = []
    for micro in (0, 4):
        made = network("relu")
        state = TrainingState(
            made, RECIPE.model_copy(update={"micro_batch": micro}), torch.device("cpu"), "f32"
        )
        made.eval()
        state.step(given, labels[:9], lr=0.0)
        gradients.append([parameter.grad.clone() for parameter in made.parameters()])  # type: ignore[union-attr]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_the_sum_of_frames_is_the_input_of_the_integrated_one() -> None:
    ten = frames(10)
    numbers = Normalisation.of(ten.train_images)
    one = ten.train_images.sum(1, keepdim=True, dtype=torch.int16)
    integrated = numbers(one)
    assert integrated.shape == (1, 72, 2, 8, 8)
    torch.testing.assert_close(numbers(ten.train_images).sum(0, keepdim=True), integrated)


def test_accuracy_counts_recordings() -> None:
    made = network("lif")
    pixels, labels = frames(3).split("test")
    numbers = Normalisation.of(pixels)
    right = (made.eval()(numbers(pixels)).argmax(1) == labels).float().mean()
    assert accuracy(made, pixels, labels, numbers) == pytest.approx(100 * right.item())
