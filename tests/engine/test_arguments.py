"""Whatever is wrong with an argument of a public function is a HarnessError that says what."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from harness.engine.attacks import accuracy_under_attack, attacked_batches, fgsm, pgd
from harness.engine.cka import (
    MinibatchCKA,
    cka,
    cka_heatmap,
    clean_against_attacked,
    gram_matrices,
    time_cka,
)
from harness.engine.data.labelled import ImageSet
from harness.engine.lif import lif
from harness.engine.networks import Network, record, resnet
from harness.engine.probes import linear_probe, probe_blocks
from harness.engine.regression import (
    Pairs,
    Side,
    activation_pairs,
    feature_pairs,
    regress,
    ridge,
)
from harness.engine.training import Normalisation, Recipe, accuracy, train
from harness.engine.visualise import Target, image_activations, maximise, top_images
from harness.errors import HarnessError
from harness.parts.attacks import Pgd
from harness.parts.measurement import ActivationMaximisation
from harness.parts.probes import Ridge
from harness.parts.regressions import DescentFit, RidgeFit

DRAW = torch.Generator().manual_seed(0)
SCALE = Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
PIXELS = torch.randint(0, 256, (12, 3, 8, 8), dtype=torch.uint8, generator=DRAW)
IMAGES = SCALE(PIXELS)
LABELS = torch.arange(12) % 10
FEATURES = torch.randn(12, 5, generator=DRAW)
TARGET = Target("conv1", 0)


def network(seed: int = 0) -> Network:
    return resnet(8, base_width=2, neuron="relu", seed=seed).eval()


NET = network()


def inferred(tensor: Tensor) -> Tensor:
    with torch.inference_mode():
        return tensor.clone()


WRONG_INPUTS: Mapping[str, Any] = {
    "uint8": PIXELS,
    "grey": IMAGES[:, :1],
    "float64": IMAGES.double(),
    "numpy": IMAGES.numpy(),
    "one image alone": IMAGES[0],
    "no images": IMAGES[:0],
    "complex": IMAGES.to(torch.complex64),
    "a path": "images.npy",
    "nothing": None,
}
WRONG_LABELS: Mapping[str, Any] = {
    "float": LABELS.float(),
    "one-hot": nn.functional.one_hot(LABELS),
    "too few": LABELS[:7],
    "below 0": LABELS - 1,
    "no such class": LABELS + 1,
    "numpy": LABELS.numpy(),
    "a list": LABELS.tolist(),
}
WRONG_PIXELS: Mapping[str, Any] = {
    "float": IMAGES,
    "grey": PIXELS[:, :1],
    "numpy": PIXELS.numpy(),
    "no images": PIXELS[:0],
    "one image alone": PIXELS[0],
}
WRONG_FEATURES: Mapping[str, Any] = {
    "numpy": FEATURES.numpy(),
    "integers": FEATURES.long(),
    "not rows": FEATURES[0],
    "empty": FEATURES[:0],
    "NaN": FEATURES / 0 * 0,
    "other images": FEATURES[:7],
    "nothing": None,
}
WRONG_NETWORKS: Mapping[str, Any] = {
    "a name": "resnet20",
    "a state dict": NET.state_dict(),
    "the class": type(NET),
    "layers without logits": nn.Sequential(nn.Conv2d(3, 4, 3)),
}


def streamed(x: Any, y: Any) -> Pairs:
    return Pairs(12, lambda order, batch: iter([(x, y)]))


def attacked(inputs: Any = IMAGES, labels: Any = LABELS, net: Any = NET, **numbers: Any) -> Any:
    given = {"normalisation": SCALE, "epsilon": 0.1, "step": 0.1, "iterations": 1, **numbers}
    return pgd(net, inputs, labels, **given)


def attacked_accuracy(pixels: Any = PIXELS, labels: Any = LABELS) -> Any:
    return accuracy_under_attack(NET, pixels, labels, SCALE, Pgd(iterations=1), epsilons=[0.0, 0.1])


def probed(features: Any = FEATURES, labels: Any = LABELS) -> Any:
    return linear_probe(features, labels, FEATURES, LABELS, Ridge())


def spikes(current: Any = FEATURES, **numbers: Any) -> Tensor:
    return lif(current, **{"decay": 0.5, "threshold": 1.0, "surrogate": "arctan", **numbers})


def climbed(net: Any = NET, normalisation: Any = SCALE) -> Any:
    draw = torch.Generator().manual_seed(0)
    ascent = ActivationMaximisation(steps=1)
    return maximise(net, TARGET, normalisation, shape=(3, 8, 8), generator=draw, ascent=ascent)


INPUTS: Mapping[str, Callable[[Any], Any]] = {
    "cka_heatmap": lambda images: cka_heatmap(NET, NET, [images], ["bn1"]),
    "cka_heatmap of pairs": lambda images: cka_heatmap(
        NET, network(1), [(IMAGES, images)], ["bn1"]
    ),
    "time_cka": lambda images: time_cka(NET, [images], ["bn1"]),
    "clean_against_attacked": lambda images: clean_against_attacked(NET, [(IMAGES, images)]),
    "gram_matrices": lambda images: gram_matrices(NET, images, ["bn1"]),
    "record": lambda images: record(NET, images, ["bn1"]),
    "pgd": attacked,
    "fgsm": lambda images: fgsm(NET, images, LABELS, normalisation=SCALE, epsilon=0.1),
}
LABELLED: Mapping[str, Callable[[Any], Any]] = {
    "pgd": lambda labels: attacked(labels=labels),
    "accuracy_under_attack": lambda labels: attacked_accuracy(labels=labels),
    "attacked_batches": lambda labels: list(
        attacked_batches(NET, PIXELS, labels, SCALE, Pgd(iterations=1), epsilon=0.1)
    ),
    "accuracy": lambda labels: accuracy(NET, PIXELS, labels, SCALE),
}
STORED: Mapping[str, Callable[[Any], Any]] = {
    "accuracy": lambda pixels: accuracy(NET, pixels, LABELS, SCALE),
    "accuracy_under_attack": attacked_accuracy,
    "top_images": lambda pixels: top_images(NET, pixels, SCALE, TARGET, k=1),
    "image_activations": lambda pixels: image_activations(NET, pixels, SCALE, TARGET),
    "activation_pairs": lambda pixels: list(
        activation_pairs(
            Side(NET, "conv1", SCALE), Side(NET, "bn1", SCALE), pixels, pool=1
        ).in_order()
    ),
}
AT_HAND: Mapping[str, Callable[[Any], Any]] = {
    "linear_probe": probed,
    "feature_pairs": lambda x: feature_pairs(x, FEATURES),
    "ridge": lambda y: ridge(FEATURES, y),
    "regress, x": lambda x: regress(
        streamed(x, FEATURES), streamed(FEATURES, FEATURES), RidgeFit()
    ),
    "regress, y of the test": lambda y: regress(
        streamed(FEATURES, FEATURES), streamed(FEATURES, y), DescentFit()
    ),
}
SHOWN: Mapping[str, Callable[[Any], Any]] = {
    "cka_heatmap": lambda net: cka_heatmap(net, NET, [IMAGES], ["bn1"]),
    "time_cka": lambda net: time_cka(net, [IMAGES], ["bn1"]),
    "record": lambda net: record(net, IMAGES),
    "pgd": lambda net: attacked(net=net),
    "accuracy": lambda net: accuracy(net, PIXELS, LABELS, SCALE),
    "maximise": climbed,
    "train": lambda net: train(net, labelled(), Recipe(epochs=1), seed=0),
    "probe_blocks": lambda net: probe_blocks(net, labelled(), SCALE, Ridge()),
}


class Several(nn.Module):
    """A layer that gives more than a tensor."""

    def forward(self, folded: Tensor) -> Mapping[str, Tensor]:
        return {"output": folded}


def with_several() -> Network:
    made = network()
    made.add_module("bn1", Several())
    return made


class Prepared(nn.Module):
    """A network that takes other channels than its first convolution has."""

    def __init__(self) -> None:
        super().__init__()
        self.made = nn.Conv2d(12, 10, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.made(nn.functional.pixel_unshuffle(images, 2)).flatten(1)  # type: ignore[no-any-return]


class Weightless(nn.Module):
    """A network that has nothing to learn."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, :10]


def broken() -> Network:
    made = network()
    with torch.no_grad():
        made.get_parameter("s1.b0.conv1.weight").fill_(math.nan)
    return made


def labelled(classes: int = 10) -> Any:
    names = tuple(map(str, range(classes)))
    split = (PIXELS, LABELS)
    return ImageSet("drawn", *split, *split, names, "embedded")


def cases() -> Iterator[Any]:
    for public, wrong in (
        (INPUTS, WRONG_INPUTS),
        (LABELLED, WRONG_LABELS),
        (STORED, WRONG_PIXELS),
        (AT_HAND, WRONG_FEATURES),
        (SHOWN, WRONG_NETWORKS),
    ):
        for name, call in public.items():
            for what, value in wrong.items():
                yield pytest.param(call, value, id=f"{name}-{what}")


@pytest.mark.parametrize(("call", "value"), list(cases()))
def test_a_wrong_argument_is_a_harness_error(call: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(HarnessError):
        call(value)


OTHERS: Mapping[str, tuple[Callable[[], Any], str]] = {
    "NaN deviation": (lambda: Normalisation((0.5,), (math.nan,)), "finite"),
    "NaN mean": (lambda: Normalisation((math.nan,), (0.5,)), "finite"),
    "words for numbers": (lambda: Normalisation(("a",), ("b",)), "expected"),  # type: ignore[arg-type]
    "epochs in words": (lambda: Recipe(epochs="3"), "recipe epochs: must be a valid integer"),
    "depth in words": (lambda: resnet("20"), "expected int"),  # type: ignore[arg-type]
    "an unknown field": (lambda: resnet(8, threshhold=1.0), "threshold"),
    "an unknown argument": (lambda: pgd(NET, IMAGES, LABELS, eps=1), "'?(eps|normalisation)"),  # type: ignore[call-arg]
    "one layer, no list": (lambda: cka_heatmap(NET, NET, [IMAGES], "bn1"), "expected.*Sequence"),
    "images, no list": (lambda: cka_heatmap(NET, NET, IMAGES), r"\[images\]"),
    "a dict of images": (
        lambda: cka_heatmap(NET, NET, [{"image": IMAGES}]),  # type: ignore[arg-type]
        "got dict",
    ),
    "three parts": (lambda: cka_heatmap(NET, NET, [(IMAGES,) * 3]), "3 parts"),  # type: ignore[arg-type]
    "other images beside": (
        lambda: clean_against_attacked(NET, [(IMAGES, IMAGES[:7])]),
        "12 images beside 7",
    ),
    "numpy features": (lambda: cka(FEATURES.numpy(), FEATURES), r"torch\.from_numpy"),  # type: ignore[arg-type]
    "numpy in a minibatch": (
        lambda: MinibatchCKA(["a"]).update([FEATURES.numpy()]),  # type: ignore[list-item]
        r"torch\.from_numpy",
    ),
    "classes that it lacks": (
        lambda: train(
            resnet(8, base_width=2, neuron="relu", classes=3),
            labelled(),
            Recipe(epochs=1),
            seed=0,
        ),
        "a label 9, the network has 3 classes",
    ),
    "numpy currents": (lambda: spikes(FEATURES.numpy()), "lif current: must be a tensor"),
    "a threshold in words": (lambda: spikes(threshold="1"), "lif threshold: must be a number"),
    "no decay": (lambda: spikes(decay=None), "lif decay: must be a number"),
    "numpy pixels": (lambda: SCALE(PIXELS.numpy()), r"torch\.from_numpy"),  # type: ignore[arg-type]
    "one number for several": (
        lambda: accuracy_under_attack(NET, PIXELS, LABELS, SCALE, Pgd(), epsilons=0.1),  # type: ignore[arg-type]
        r"expected Sequence\[float\] \(got 0.1\)",
    ),
    "two numbers for three": (
        lambda: maximise(
            NET,
            TARGET,
            SCALE,
            shape=(8, 8),  # type: ignore[arg-type]
            ascent=ActivationMaximisation(),
            generator=torch.Generator(),
        ),
        "shape: expected tuple",
    ),
    "no network in a side": (
        lambda: activation_pairs(
            Side("resnet", "conv1", SCALE),  # type: ignore[arg-type]
            Side(NET, "bn1", SCALE),
            PIXELS,
        ),
        "side_x network: expected Network",
    ),
    "a layer of several outputs": (
        lambda: cka_heatmap(with_several(), NET, [IMAGES], ["bn1"]),
        "network layer bn1: expected a tensor",
    ),
    "images without data": (lambda: cka(FEATURES.to("meta"), FEATURES), "on meta"),
    "a last minibatch too small": (
        lambda: cka_heatmap(NET, NET, DataLoader(TensorDataset(IMAGES[:9], LABELS[:9]), 8)),
        "drop_last=True",
    ),
    "features of a broken network": (
        lambda: probe_blocks(broken(), labelled(), SCALE, Ridge()),
        r"s1\.b0: some features are NaN",
    ),
    "a map of other features": (
        lambda: regress(
            streamed(FEATURES, FEATURES), streamed(FEATURES[:, :3], FEATURES), RidgeFit()
        ),
        "made for 5 features",
    ),
    "other features in the test": (
        lambda: linear_probe(FEATURES, LABELS, FEATURES[:, :3], LABELS, Ridge()),
        "5 features in features_train_MD, 3",
    ),
}


@pytest.mark.parametrize(("call", "said"), OTHERS.values(), ids=OTHERS)
def test_what_is_wrong_is_said(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        call()


def test_a_data_loader_of_images_and_labels_is_taken() -> None:
    other = network(1)
    loader = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=6)
    expected = cka_heatmap(NET, other, [IMAGES[:6], IMAGES[6:]])
    assert torch.equal(cka_heatmap(NET, other, loader).values, expected.values)
    found, steps = time_cka(NET, loader, ["bn1"]), time_cka(NET, [IMAGES[:6], IMAGES[6:]], ["bn1"])
    assert torch.equal(found["bn1"].values, steps["bn1"].values)


def test_tensors_and_calls_of_inference_mode_give_the_same() -> None:
    expected, moved = cka_heatmap(NET, NET, [IMAGES]), attacked()
    assert torch.equal(cka_heatmap(NET, NET, [inferred(IMAGES)]).values, expected.values)
    assert torch.equal(attacked(inferred(IMAGES), inferred(LABELS)), moved)
    with torch.inference_mode():
        assert torch.equal(cka_heatmap(NET, NET, [IMAGES]).values, expected.values)
        assert torch.equal(attacked(), moved)
        assert probed() == probed(inferred(FEATURES))


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_a_wrapped_network_has_its_own_layers(wrap: Callable[[Network], Any]) -> None:
    expected = cka_heatmap(NET, NET, [IMAGES])
    found = cka_heatmap(wrap(NET), wrap(NET), [IMAGES])
    assert found.names_y == expected.names_y and torch.equal(found.values, expected.values)


def test_a_network_of_other_make_prepares_its_images_as_it_likes() -> None:
    assert 0 <= accuracy(Prepared(), PIXELS, LABELS, SCALE) <= 100
    assert train(Prepared(), labelled(), Recipe(epochs=1, crop_padding=0), seed=0).epochs
    assert 0 <= accuracy(Weightless(), PIXELS, LABELS, SCALE) <= 100
    assert attacked(net=Weightless()).shape == IMAGES.shape


def test_looking_at_a_network_before_training_shows_it_nothing() -> None:
    made, seen = network(), list[int]()
    made.register_forward_hook(lambda _, images, logits: seen.append(len(images[0])))
    train(made, labelled(), Recipe(epochs=1, batch=5, crop_padding=0), seed=0)
    assert seen == [5, 5, 2, 12]
