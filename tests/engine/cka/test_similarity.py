"""Other measures of similarity: each is its definition, and says what it should where the answer is
known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.engine.cka.similarity import SIMILARITIES, similarities
from harness.engine.networks import Network, given, record
from harness.errors import HarnessError
from tests.engine.cka import oracle
from tests.engine.cka.test_sweep import ann, images, snn

Matrix = np.ndarray[Any, Any]
LAYERS = ["conv1", "s1.b0"]
NEIGHBOURS, SIGMA, REMOVED = 2, 0.6, 0.2


def hsics(k: Matrix, l: Matrix) -> list[float]:  # noqa: E741
    return [oracle.unbiased_hsic(*pair) for pair in ((k, l), (k, k), (l, l))]


def distances(of: Matrix) -> Matrix:
    return np.array([[np.linalg.norm(a - b) for b in of] for a in of])


def gaussian(of: Matrix) -> Matrix:
    d = distances(of)
    pairs = sorted(d[np.triu_indices(len(of), 1)])
    return np.exp(-(d**2) / (2 * (SIGMA * pairs[(len(pairs) - 1) // 2]) ** 2))


def without_first(of: Matrix) -> Matrix:
    centred = of - of.mean(0)
    u, s, v = np.linalg.svd(centred, full_matrices=False)
    left: Matrix = centred - s[0] * np.outer(u[:, 0], v[0])
    return left @ left.T


def ranks(values: list[float]) -> list[float]:
    return [(sum(v < one for v in values) + sum(v <= one for v in values) + 1) / 2
            for one in values]  # fmt: skip


def rsa(x: Matrix, y: Matrix) -> float:
    pairs = list(zip(*np.triu_indices(len(x), 1), strict=True))
    sides = ([1 - np.corrcoef(of[i], of[j])[0, 1] for i, j in pairs] for of in (x, y))
    return float(np.corrcoef(*(ranks(side) for side in sides))[0, 1])


def mutual_knn(x: Matrix, y: Matrix) -> float:
    def nearest(of: Matrix, i: int) -> set[int]:
        cosine = {j: of[i] @ of[j] / (np.linalg.norm(of[i]) * np.linalg.norm(of[j]))
                  for j in range(len(of)) if j != i}  # fmt: skip
        return set(sorted(cosine, key=lambda j: -cosine[j])[:NEIGHBOURS])

    common = [len(nearest(x, i) & nearest(y, i)) for i in range(len(x))]
    return sum(common) / (NEIGHBOURS * len(x))


def procrustes(x: Matrix, y: Matrix) -> float:
    a, b = ((of - of.mean(0)) / np.linalg.norm(of - of.mean(0)) for of in (x, y))
    return float(np.linalg.svd(a.T @ b, compute_uv=False).sum())


def kept(layers: list[Matrix]) -> list[int]:
    squares = [((of - of.mean(0)) ** 2).sum(1) for of in layers]
    shares = np.mean([one / one.sum() for one in squares], 0)
    left = len(shares) - math.ceil(REMOVED * len(shares))
    return sorted(np.argsort(shares)[:left].tolist())


def slow(ys: list[list[Matrix]], xs: list[list[Matrix]]) -> dict[str, Matrix]:
    """[L_y, L_x] of each measure, from features [minibatch][layer]."""
    found = {name: np.zeros((len(ys[0]), len(xs[0]))) for name in ("cka", *SIMILARITIES)}
    for i, j in np.ndindex(len(ys[0]), len(xs[0])):
        pairs = [(y[i], x[j], kept([*y, *x])) for y, x in zip(ys, xs, strict=True)]
        kernels = {
            "cka": [hsics(y @ y.T, x @ x.T) for y, x, _ in pairs],
            "rbf": [hsics(gaussian(y), gaussian(x)) for y, x, _ in pairs],
            "first-removed": [hsics(without_first(y), without_first(x)) for y, x, _ in pairs],
            "largest-removed": [hsics(y[k] @ y[k].T, x[k] @ x[k].T) for y, x, k in pairs],
        }
        for name, each in kernels.items():
            cross, own_y, own_x = np.sum(each, 0)
            found[name][i, j] = cross / math.sqrt(own_y * own_x)
        for name, one in (("rsa", rsa), ("mutual-knn", mutual_knn), ("procrustes", procrustes)):
            found[name][i, j] = np.mean([one(y, x) for y, x, _ in pairs])
    return found


def test_each_is_its_definition() -> None:
    """Over two minibatches of different size, of networks with and without time."""
    y, x, batches = ann(), snn(1), [images(0, count=11), images(1, count=7)]
    of_y, of_x = (
        [[one.transpose(0, 1).flatten(1).double().numpy() for _, one in record(net, batch, LAYERS)]
         for batch in batches]
        for net in (y, x)
    )  # fmt: skip
    found = similarities(y, x, batches, LAYERS, neighbours=NEIGHBOURS, sigma=SIGMA, removed=REMOVED)
    assert [*found.also] == [*SIMILARITIES] and found.names_y == tuple(LAYERS)
    for name, wanted in slow(of_y, of_x).items():
        one = found if name == "cka" else found.also[name]
        np.testing.assert_allclose(one.values, wanted, rtol=0, atol=2e-5, err_msg=name)
        assert not one.reasons


class Made(nn.Module):
    """Layers `a` and `b`, of two given functions of the image."""

    def __init__(self, a: Any, b: Any) -> None:
        super().__init__()
        self.a, self.b = nn.Identity(), nn.Identity()
        self.of = (a, b)

    def forward(self, images_MCHW: Tensor) -> Tensor:
        a, b = self.of
        return self.a(a(images_MCHW)).flatten(1) + self.b(b(images_MCHW)).sum() * 0


def between(a: Any, b: Any, shown: Tensor) -> dict[str, float]:
    """Of two functions of the image, under each measure."""
    network: Network = given(Made(a, b), layers=["a", "b"])
    found = similarities(network, network, [shown], ["a"], layers_x=["b"])
    return {"cka": float(found.values)} | {n: float(one.values) for n, one in found.also.items()}


def pixels(images_MCHW: Tensor) -> Tensor:
    return images_MCHW.flatten(1)


def noise(features: int, seed: int, images: int = 64) -> Tensor:
    return torch.randn(images, features, generator=torch.Generator().manual_seed(seed))


def shown(count: int = 64) -> Tensor:
    return images(0, count)


def test_no_rotation_scale_or_order_of_features_matters() -> None:
    turn = torch.linalg.qr(noise(192, 0, 192)).Q
    turned = between(pixels, lambda im: 3e10 * pixels(im) @ turn, shown())
    assert turned.pop("rsa") < 0.999  # correlation over features is not blind to a rotation
    assert turned == pytest.approx(dict.fromkeys(turned, 1.0), abs=1e-5)
    flipped = between(pixels, lambda im: 7 * pixels(im).flip(1), shown())
    assert flipped == pytest.approx(dict.fromkeys(flipped, 1.0), abs=1e-5)


def test_independent_features_share_nothing_but_what_chance_gives() -> None:
    one, other = noise(400, 1, 128), noise(400, 2, 128)
    found = between(lambda im: one, lambda im: other, shown(128))
    assert found.pop("mutual-knn") == pytest.approx(10 / 127, abs=0.03)
    assert found.pop("procrustes") > 0.5  # few images of many features: no unbiased measure
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=0.06)


def test_images_of_the_same_directions_have_the_same_neighbours() -> None:
    sizes = torch.linspace(0.1, 10, 64)[:, None]
    found = between(pixels, lambda im: sizes * pixels(im), shown())
    assert found["mutual-knn"] == pytest.approx(1.0) and found["cka"] < 0.9


def test_layers_that_share_their_first_component_only_are_not_alike_without_it() -> None:
    first = 30 * torch.outer(noise(1, 0)[:, 0], torch.ones(50))
    one, other = (first + noise(50, seed) for seed in (1, 2))
    found = between(lambda im: one, lambda im: other, shown())
    assert found["cka"] > 0.95 and abs(found["first-removed"]) < 0.1


def test_layers_that_share_far_images_only_are_not_alike_without_it() -> None:
    far = torch.zeros(64, 50)
    far[7:10] = 100.0
    one, other = (far + noise(50, seed) for seed in (1, 2))
    found = between(lambda im: one, lambda im: other, shown())
    assert found["cka"] > 0.95 and abs(found["largest-removed"]) < 0.1


@pytest.mark.parametrize(
    ("made", "undefined"),
    [
        (lambda im: torch.zeros(64, 5), {"cka", *SIMILARITIES}),
        (lambda im: noise(5, 1) / 0.0, {"cka", *SIMILARITIES}),
        (lambda im: pixels(im) * (torch.arange(64) > 0)[:, None], {"rsa"}),
        (lambda im: torch.outer(noise(1, 1)[:, 0], torch.arange(5.0)), {"first-removed"}),
        (lambda im: torch.eye(64)[:1] * (torch.arange(64) > 50)[:, None] + 1, {"rbf", "rsa",
                                                                            "first-removed"}),
    ],
)  # fmt: skip
def test_what_is_undefined_has_a_reason(made: Any, undefined: set[str]) -> None:
    network = given(Made(pixels, made), layers=["a", "b"])
    found = similarities(network, network, [shown()], ["a", "b"])
    for name, one in {"cka": found, **found.also}.items():
        nowhere = one.values.isnan()
        assert nowhere.tolist() == [[False, name in undefined], [name in undefined] * 2], name
        assert set(one.reasons) == {tuple(at) for at in nowhere.nonzero().tolist()}
        assert all("b" in why for why in one.reasons.values())


def test_too_few_images_for_the_neighbours_are_refused() -> None:
    with pytest.raises(HarnessError, match="more than 11 images"):
        similarities(ann(), snn(), [images(0, count=11)], LAYERS)
