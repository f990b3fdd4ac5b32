"""Probes on features at hand decide as scikit-learn's classifiers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.probes import linear_probe
from harness.engine.probes.features import AtHand, Batches
from harness.errors import HarnessError
from harness.parts.probes import Probe, Ridge, Sgd

Data = tuple[Tensor, Tensor]


def blobs(images: int, seed: int, classes: int = 3, scale: float = 1.0) -> Data:
    """Overlapping classes of unequal size, with a silent feature and one of another scale."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(images, generator=generator) ** 2 * classes).long()
    centres = torch.randn(classes, 6, generator=torch.Generator().manual_seed(5))
    features = centres[labels] + torch.randn(images, 6, generator=generator)
    features[:, 4] = 3.0
    features[:, 5] = 100 * features[:, 5] + 1000
    return features * scale, labels


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("alpha", [0.1, 50.0])
def test_ridge_is_scikit_learns_ridge_classifier(classes: int, alpha: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    (x, labels), (x_test, labels_test) = blobs(300, 0, classes), blobs(200, 1, classes)
    theirs = linear_model.RidgeClassifier(alpha=alpha).fit(x.double(), labels)
    got = linear_probe(x, labels, x_test, labels_test, Ridge(alpha=alpha))
    assert got.train == pytest.approx(100 * theirs.score(x.double(), labels))
    assert got.test == pytest.approx(100 * theirs.score(x_test.double(), labels_test))
    assert 50 < got.test < 99


def test_ridge_does_not_depend_on_the_batches() -> None:
    x, labels = blobs(300, 0)

    class Parts(AtHand):
        def batches(self, images: Tensor, labels_M: Tensor, **how: Any) -> Batches:
            order_M = torch.arange(len(labels_M))
            yield from super().batches(images, labels_M, **{"order_M": order_M, "batch": 70} | how)

    whole, parts = (Ridge().fitted(given, (x, labels), 3, 0) for given in (AtHand(), Parts()))
    torch.testing.assert_close(parts["features"].weight_DK, whole["features"].weight_DK)


def test_sgd_ends_at_scikit_learns_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    (x, labels), (x_test, labels_test) = blobs(300, 0), blobs(200, 1)
    std = x.std(0, correction=0).clamp(min=1e-12)
    theirs = linear_model.LogisticRegression(C=1 / (300 * 0.01), tol=1e-8, max_iter=5000)
    theirs.fit(((x - x.mean(0)) / std).double(), labels)
    probe = Sgd(epochs=300, lr=0.3, weight_decay=0.01, batch=300)
    got = linear_probe(x, labels, x_test, labels_test, probe)
    scaled = ((x_test - x.mean(0)) / std).double()
    assert got.test == pytest.approx(100 * theirs.score(scaled, labels_test))
    (found,) = probe.fitted(AtHand(), (x, labels), 3, 0).values()
    np.testing.assert_allclose(
        torch.softmax(found(x_test), 1), theirs.predict_proba(scaled), atol=1e-3
    )


def test_sgd_in_small_batches_comes_close_and_is_its_seeds() -> None:
    train, test = blobs(300, 0), blobs(200, 1)
    first, again = (linear_probe(*train, *test, Sgd(), seed=3) for _ in range(2))
    assert first == again
    assert abs(first.test - linear_probe(*train, *test, Ridge()).test) < 5


@pytest.mark.parametrize("probe", [Ridge(), Sgd()], ids=repr)
def test_the_scale_of_the_features_hardly_matters(probe: Probe) -> None:
    got = [
        linear_probe(*blobs(300, 0, scale=k), *blobs(200, 1, scale=k), probe).test
        for k in (1.0, 0.1)
    ]
    assert abs(got[0] - got[1]) < 4


@pytest.mark.parametrize("probe", [Ridge(alpha=0.0), Sgd()], ids=repr)
def test_a_feature_that_is_constant_in_training_decides_nothing(probe: Probe) -> None:
    (train, labels), (test, labels_test) = blobs(301, 0), blobs(200, 1)
    train, test = (torch.nn.functional.pad(one.double(), (0, 1), value=0.1)
                   for one in (train, test))  # fmt: skip
    wanted = linear_probe(train, labels, test, labels_test, probe)
    test[:, -1] += torch.linspace(-1, 1, len(test))
    got = linear_probe(train, labels, test, labels_test, probe)
    assert got == wanted


def test_bad_values_are_refused() -> None:
    train = blobs(30, 0)
    with pytest.raises(HarnessError, match="linear_probe probe: expected Probe"):
        linear_probe(*train, *train, "lasso")  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match="probe epochs"):
        Sgd(epochs=0)
