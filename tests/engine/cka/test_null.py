"""CKA beside that of permuted images: each number is its definition, and says what it should of
networks that share nothing, only classes, or all.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.engine.cka import cka_heatmap, null
from harness.engine.cka.null import CkaNull, cka_nulls, order_within
from harness.engine.networks import record
from harness.engine.randomness import stream
from harness.errors import HarnessError
from tests.engine.cka import oracle
from tests.engine.cka.test_sweep import ann, images, snn

LAYERS = ["conv1", "s1.b0"]
LABELS = torch.tensor([0, 1, 0, 1, 2, 2, 0, 1])


def features(network: Any, batch: Tensor) -> list[Tensor]:
    return [one.transpose(0, 1).flatten(1) for _, one in record(network, batch, LAYERS)]


def judged(values: np.ndarray[Any, Any], level: float) -> list[np.ndarray[Any, Any]]:
    """p, family-wise p, τ and calibrated value, cell by cell as they are printed, of [1 + B, …]."""
    own, permuted = values[0], values[1:]
    count = len(permuted)
    far = (values - values.mean(0)) / values.std(0)
    largest = [float(one.max()) for one in far]
    p, family, reached, calibrated = (np.zeros_like(own) for _ in range(4))
    for at in np.ndindex(*own.shape):
        p[at] = (1 + sum(one[at] >= own[at] for one in permuted)) / (count + 1)
        family[at] = sum(one >= far[0][at] for one in largest) / (count + 1)
        reached[at] = sorted(one[at] for one in values)[math.ceil((1 - level) * (count + 1)) - 1]
        calibrated[at] = max(0.0, (own[at] - reached[at]) / (1 - reached[at]))
    return [p, family, reached, calibrated]


def test_each_number_is_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over two minibatches, each permuted by itself, and both nulls from one sweep."""
    y, x, batches = ann(), snn(1), [(images(0), LABELS), (images(1, count=6), LABELS[:6])]
    orders: list[Tensor] = []

    def kept(groups: Tensor, draw: torch.Generator) -> Tensor:
        orders.append(order_within(groups, draw))
        return orders[-1]

    monkeypatch.setattr(null, "order_within", kept)
    found, nulls = cka_nulls(
        y, x, batches, LAYERS, nulls=("class", "chance"), permutations=4, level=0.2
    )
    np.testing.assert_allclose(
        found.values, cka_heatmap(y, x, [b for b, _ in batches], LAYERS).values, rtol=0, atol=1e-6
    )
    of_y, of_x = ([features(one, batch) for batch, _ in batches] for one in (y, x))
    for at, name in ((0, "class"), (4, "chance")):
        under = [oracle.cka(of_y, of_x)]
        for first, second in zip(orders[at : at + 4], orders[at + 8 : at + 12], strict=True):
            shown = [[f[o] for f in fs] for fs, o in zip(of_x, (first, second), strict=True)]
            under.append(oracle.cka(of_y, shown))
        one = nulls[name]  # type: ignore[index]
        made = (one.p, one.familywise, one.threshold, one.calibrated)
        for number, wanted in zip(made, judged(np.array(under), 0.2), strict=True):
            np.testing.assert_allclose(number, wanted, rtol=0, atol=2e-6)


def test_an_order_keeps_to_the_classes_and_each_of_those_is_as_likely() -> None:
    labels, draw = torch.tensor([5, 2, 5, 2, 5]), stream(0, "test")
    orders = [order_within(labels, draw) for _ in range(1200)]
    assert all(torch.equal(labels[order], labels) for order in orders)
    seen = Counter(tuple(order.tolist()) for order in orders)
    assert len(seen) == 12 and all(70 < times < 130 for times in seen.values())


def drawn(shared: float, of_class: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Images for both networks, of noise of their own, of a pattern of the class, and of one of the
    image that both see; and labels.
    """
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(24) % 3
    patterns, both, *own = (torch.randn(24, 3, 8, 8, generator=draw) for _ in range(4))
    y, x = (one + shared * both + of_class * patterns[labels] for one in own)
    return y, x, labels


def judge(shared: float, of_class: float, null: Any, seed: int) -> CkaNull:
    network, layers = ann(), ["conv1"]
    _, found = cka_nulls(
        network, network, [drawn(shared, of_class, seed)], layers, nulls=(null,), permutations=19
    )
    return found[null]


def test_networks_that_share_nothing_have_any_p_alike() -> None:
    p = torch.stack([judge(0, 0, "chance", seed).p for seed in range(40)])
    assert 0.4 < float(p.mean()) < 0.6
    assert 4 <= int((p <= 0.25).sum()) <= 16


def test_networks_that_share_classes_share_more_than_chance_and_no_more_than_classes() -> None:
    chance, classes = (
        torch.stack([judge(0, 1, null, seed).p for seed in range(16)])
        for null in ("chance", "class")
    )
    assert float(chance.max()) == 1 / 20
    assert 0.35 < float(classes.mean()) < 0.65


def test_networks_that_see_the_same_image_share_more_than_classes() -> None:
    found = judge(3, 1, "class", 0)
    assert float(found.p) == float(found.familywise) == 1 / 20
    assert 0 < float(found.calibrated) < 1


def test_a_layer_beside_itself_is_1_and_where_nothing_can_be_permuted_nothing_is_beyond() -> None:
    y, (shown, _, labels) = ann(), drawn(0, 0, 0)
    _, nulls = cka_nulls(y, y, [(shown, labels)], LAYERS, permutations=19)
    np.testing.assert_allclose(nulls["class"].calibrated.diagonal(), 1.0, atol=1e-6)
    assert (nulls["class"].p.diagonal() == 1 / 20).all()
    _, nulls = cka_nulls(y, y, [(shown, torch.arange(24))], LAYERS, permutations=19)
    own = nulls["class"]
    assert (own.p == 1).all() and (own.familywise == 1).all() and (own.calibrated == 0).all()


def test_the_seed_decides() -> None:
    def p(seed: int) -> Tensor:
        found = cka_nulls(ann(), snn(), [(images(0), LABELS)], LAYERS, nulls=("chance",), seed=seed)
        return found[1]["chance"].p

    assert torch.equal(p(0), p(0)) and not torch.equal(p(0), p(1))


def test_an_undefined_cell_is_undefined_in_all() -> None:
    y = ann()
    with torch.no_grad():
        y.get_submodule("s1.b0.conv1").weight.zero_()  # type: ignore[operator, union-attr]
    layers = ["conv1", "s1.b0.conv1"]
    found, nulls = cka_nulls(y, y, [(images(0), LABELS)], layers, permutations=19)
    one = nulls["class"]
    for values in (found.values, one.p, one.familywise, one.threshold, one.calibrated):
        assert values.isnan().tolist() == [[False, True], [True, True]]
    assert "is silent" in found.reasons[1, 1]


@pytest.mark.parametrize("batch", [images(0), (images(0),), (images(0), images(0)),
                                   (images(0), LABELS[:5])])  # fmt: skip
def test_minibatches_without_their_labels_are_refused(batch: Any) -> None:
    with pytest.raises(HarnessError, match="label"):
        cka_nulls(ann(), snn(), [batch], LAYERS)


@pytest.mark.parametrize("how", [{"permutations": 0}, {"level": 1.0}])
def test_a_null_of_nothing_is_refused(how: Any) -> None:
    with pytest.raises(HarnessError, match="at least 1 permutation"):
        cka_nulls(ann(), snn(), [(images(0), LABELS)], LAYERS, **how)
