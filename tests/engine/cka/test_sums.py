"""Minibatch CKA against the printed formulas, its invariances, and a peer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from harness.engine.cka import Estimator, MinibatchCKA, cka
from harness.errors import HarnessError
from tests.engine.cka import oracle

ERROR = 1e-6  # of float32 features against float64 arithmetic, as stated


def drawn(seed: int, images: int = 12, shapes: Sequence[tuple[int, ...]] = ()) -> list[Tensor]:
    """Layers that are related, so that their CKA is neither 0 nor 1; the second one spikes."""
    draw = torch.Generator().manual_seed(seed)
    base = torch.randn(images, 10, generator=draw)
    layers = []
    for shape in shapes or ((5,), (3, 4, 4), (40,)):
        mix = torch.randn(10, math.prod(shape), generator=draw)
        noise = torch.randn(images, math.prod(shape), generator=draw)
        layers.append((base @ mix + noise).reshape(images, *shape))
    layers[1] = (layers[1] > 2).float()
    return layers


def computed(a: Sequence[Sequence[Tensor]], b: Sequence[Sequence[Tensor]], **how: object) -> Tensor:
    both = MinibatchCKA(
        [f"a{i}" for i in range(len(a[0]))], [f"b{i}" for i in range(len(b[0]))], **how
    )  # type: ignore[arg-type]
    for of_a, of_b in zip(a, b, strict=True):
        both.update(of_a, of_b)
    return both.compute()


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
def test_all_pairs_agree_with_the_printed_formula(estimator: Estimator) -> None:
    a = [drawn(seed) for seed in range(3)]
    b = [drawn(seed, shapes=((7,), (2, 3, 3))) for seed in range(3)]
    found = computed(a, b, estimator=estimator)
    assert found.shape == (3, 2) and found.dtype == torch.float64
    np.testing.assert_allclose(found, oracle.cka(a, b, estimator), rtol=0, atol=ERROR)


def test_the_sums_come_before_the_division() -> None:
    """Minibatches of very different scale: a mean of their CKAs would be another number."""
    a = [[10.0 ** (2 * seed) * x for x in drawn(seed)] for seed in range(2)]
    b = [[10.0 ** (2 * seed) * x for x in drawn(seed + 5)] for seed in range(2)]
    found = computed(a, b)
    np.testing.assert_allclose(found, oracle.cka(a, b), rtol=0, atol=ERROR)
    apart = (computed(a[:1], b[:1]) + computed(a[1:], b[1:])) / 2
    assert (found - apart).abs().max() > 0.01


def test_a_smaller_last_minibatch_is_added_like_the_others() -> None:
    a, b = [drawn(0), drawn(1, images=5)], [drawn(2), drawn(3, images=5)]
    np.testing.assert_allclose(computed(a, b), oracle.cka(a, b), rtol=0, atol=ERROR)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_memory_limit_changes_the_work_not_the_numbers(layers: int) -> None:
    """Room for so many packed Gram matrices: groups of the first network, blocks of the second."""
    names = [f"layer {i}" for i in range(5)]
    shapes = [(3 + i, 2) for i in range(5)]
    a, b = drawn(0, shapes=shapes), drawn(1, shapes=shapes)
    expected, expected_own = MinibatchCKA(names, names), MinibatchCKA(names)
    limit = layers * 4 * 12 * 11 // 2
    tight = MinibatchCKA(names, names, memory_limit=limit)
    tight_own = MinibatchCKA(names, memory_limit=limit)
    for both in (expected, tight):
        both.update(a, b)
    for own in (expected_own, tight_own):
        own.update(a)
    torch.testing.assert_close(tight.compute(), expected.compute(), rtol=0, atol=1e-7)
    torch.testing.assert_close(tight_own.compute(), expected_own.compute(), rtol=0, atol=1e-7)


def test_self_cka_is_symmetric_and_one_with_itself() -> None:
    layers = drawn(0)
    own = MinibatchCKA(["x", "y", "z"])
    own.update(layers)
    values = own.compute()
    assert torch.equal(values, values.T)
    assert values.diagonal().tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(values, oracle.cka([layers], [layers]), rtol=0, atol=ERROR)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.floats(1e-6, 1e6),
    images=st.integers(4, 40),
    estimator=st.sampled_from(["unbiased", "biased"]),
)
def test_invariant_to_scale_rotation_and_order_of_images(
    seed: int, scale: float, images: int, estimator: Estimator
) -> None:
    x, _, y = drawn(seed, images)
    draw = torch.Generator().manual_seed(seed)
    rotation = torch.linalg.qr(torch.randn(40, 40, generator=draw, dtype=torch.float64)).Q
    turned = (scale * y.double() @ rotation).float()
    order = torch.randperm(images, generator=draw)
    expected = cka(x, y, estimator=estimator)  # type: ignore[arg-type]
    for other in (
        cka(x, turned, estimator=estimator),
        cka(x[order], y[order], estimator=estimator),
    ):  # type: ignore[arg-type]
        assert other == pytest.approx(expected, abs=1e-5)
    assert cka(y, turned, estimator=estimator) == pytest.approx(1.0, abs=1e-5)  # type: ignore[arg-type]
    assert cka(y, x, estimator=estimator) == pytest.approx(expected, abs=1e-6)  # type: ignore[arg-type]


def test_unbiased_values_below_zero_are_not_clipped() -> None:
    found = [cka(drawn(i)[0], drawn(i + 1000)[0]) for i in range(20)]
    assert min(found) < -0.01


def test_means_of_a_thousand_deviations_cost_no_digits() -> None:
    """The printed formula in float32 is off by 0.2 here, or NaN."""
    draw = torch.Generator().manual_seed(0)
    base = torch.randn(20, 30, generator=draw)
    x = base + 1000
    y = (
        base @ torch.randn(30, 50, generator=draw) + torch.randn(20, 50, generator=draw)
    ) / 6 + 1000
    exact = [x.double() - 1000], [y.double() - 1000]  # without rounding, so the same CKA
    assert cka(x, y) == pytest.approx(oracle.cka([exact[0]], [exact[1]])[0, 0], abs=ERROR)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_not_lost(dtype: torch.dtype) -> None:
    x, _, y = (layer.to(dtype) for layer in drawn(0))
    atol = 1e-12 if dtype == torch.float64 else ERROR
    with torch.autocast("cpu", dtype=torch.bfloat16):  # would multiply in bfloat16
        found = cka(x, y)
    assert found == pytest.approx(oracle.cka([[x]], [[y]])[0, 0], abs=atol)


def test_few_active_images_cost_no_digits() -> None:
    """One pair of images holds nearly all of the Gram matrix: float32 sums lose the rest."""
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 100, 20, generator=draw) / 300
    x[:2] += 1
    y[:2] += 1
    names = ["x", "y"]
    both = MinibatchCKA(names, names)
    both.update([x, y], [x, y])
    x, y = x.double(), y.double()
    exact = MinibatchCKA(names)
    exact.update([x, y])
    torch.testing.assert_close(both.compute(), exact.compute(), rtol=0, atol=ERROR)


ONE_EACH = torch.eye(12)  # a feature of its own for every image
ONE_ACTIVE = torch.zeros(12, 3).index_fill_(0, torch.tensor([4]), 0.7)
UNDEFINED = {
    "silent": ([torch.zeros(12, 5)], "'s' is silent: all its features are 0"),
    "the same spikes": ([torch.ones(12, 5)], "'s' has the same features for all images"),
    "the same numbers": ([torch.full((12, 5), 0.1)], "'s' has the same features for all images"),
    "the same, tiny": ([torch.full((12, 5), 1e-30)], "'s' has the same features for all images"),
    "silent, then the same": ([torch.zeros(12, 5), torch.ones(12, 5)], "the same features"),
    "infinite, the same": ([torch.full((12, 5), math.inf)], "'s' has features that are NaN or inf"),
    "broken once": ([torch.eye(12), torch.full((12, 12), math.nan)], "'s' has features that are"),
    "one feature per image": ([ONE_EACH], "'s' shares no feature between images"),
    "one feature per image, tiny": ([1e-25 * ONE_EACH], "'s' shares no feature between images"),
    "one active image": ([ONE_ACTIVE], "'s' shares no feature between images"),
    "one active image, once": ([ONE_ACTIVE, 0 * ONE_ACTIVE], "'s' shares no feature between"),
}


@pytest.mark.parametrize(("batches", "why"), UNDEFINED.values(), ids=UNDEFINED)
def test_an_undefined_layer_says_truly_why(batches: list[Tensor], why: str) -> None:
    x, _, y = drawn(0)
    both = MinibatchCKA(["x", "s"], ["y"])
    for features in batches:
        both.update([x, features], [y])
    found = both.result()
    assert found.values[0, 0].isfinite() and found.values[1, 0].isnan()
    assert list(found.reasons) == [(1, 0)] and why in found.reasons[1, 0]


@pytest.mark.parametrize("features", [ONE_EACH, 1e-25 * ONE_EACH, ONE_ACTIVE])
def test_what_only_the_unbiased_estimator_cannot_see_has_a_biased_cka(features: Tensor) -> None:
    y = drawn(0)[2]
    expected = oracle.cka([[features.double() / features.max()]], [[y]], "biased")[0, 0]
    assert cka(features, y, estimator="biased") == pytest.approx(expected, abs=ERROR)


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
def test_one_number_per_image_has_a_cka(estimator: Estimator) -> None:
    x, y = (layer.flatten(1)[:, :1] for layer in (drawn(0)[0], drawn(1)[2]))
    expected = oracle.cka([[x]], [[y]], estimator)[0, 0]
    assert cka(x, y, estimator=estimator) == pytest.approx(expected, abs=ERROR)


POWERS = [-115, -83, -60, -31, 1, 30, 64, 115]


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
@pytest.mark.parametrize("power", POWERS)
def test_a_power_of_two_changes_no_bit(power: int, estimator: Estimator) -> None:
    x, spikes, y = drawn(0)
    alike = [x, 5 + x, spikes if abs(power) > 31 else x]  # {0, 2} is multiplied otherwise
    names = ["x", "shifted", "spikes"]
    plain, other = (MinibatchCKA(names, ["y", *names], estimator=estimator) for _ in range(2))
    for _ in range(2):
        scaled = [(layer.double() * 2.0**power).float() for layer in alike]
        plain.update(alike, [y, *alike])
        other.update(scaled, [y, *scaled])
    assert torch.equal(other.compute(), plain.compute())
    assert not other.result().reasons


@pytest.mark.parametrize("scale", [1e19, 1e37, 1e-19, 1e-22, 1e-25, 1e-36])
def test_any_scale_gives_the_same_cka(scale: float) -> None:
    x, _, y = drawn(0)
    expected = cka(x, y)
    assert cka(scale * x, y) == pytest.approx(expected, abs=ERROR)
    assert cka(scale * x, scale * y) == pytest.approx(expected, abs=ERROR)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e100, 1e300])
def test_any_scale_of_float64_gives_the_same_cka(scale: float) -> None:
    x, _, y = (layer.double() for layer in drawn(0))
    assert cka(scale * x, y / scale) == pytest.approx(cka(x, y), abs=1e-12)


def test_minibatches_of_different_scale_count_by_their_scale() -> None:
    """The sum is that of the minibatch of 1e30 features, beside which the other one is nothing."""
    a, b = [drawn(0), drawn(1)], [drawn(2), drawn(3)]
    a[0] = [1e30 * layer for layer in a[0]]
    a[1] = [1e-30 * layer for layer in a[1]]
    np.testing.assert_allclose(computed(a, b), oracle.cka(a, b), rtol=0, atol=ERROR)


def test_a_large_number_that_never_varies_hides_no_small_one() -> None:
    x, _, y = drawn(0)
    beside = torch.cat([torch.full((12, 1), 2.0**127), 1e-25 * x.flatten(1)], dim=1)
    assert cka(beside, y) == pytest.approx(cka(x, y), abs=ERROR)


@pytest.mark.parametrize("shift", [0.0, 1.0, 1000.0])
def test_one_image_that_differs_is_no_similarity(shift: float) -> None:
    """HSIC₁ leaves out the diagonal: what is left is rounding, and rounding has no CKA."""
    x, _, y = drawn(0)
    alone = torch.full((12, 50), shift)
    alone[3] += torch.rand(50, generator=torch.Generator().manual_seed(0))
    assert math.isnan(cka(alone, y))
    assert math.isfinite(cka(alone, y, estimator="biased"))
    assert math.isfinite(cka(x, y))


def test_a_layer_silent_in_one_minibatch_counts_with_the_others() -> None:
    a, b = [drawn(0), drawn(1)], [drawn(2), drawn(3)]
    a[1][0] = torch.zeros_like(a[1][0])
    np.testing.assert_allclose(computed(a, b), oracle.cka(a, b), rtol=0, atol=ERROR)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_features_that_are_not_finite_are_undefined_and_say_so(bad: float) -> None:
    x, spikes, y = drawn(0)
    broken = spikes.clone()
    broken[5, 0, 0, 0] = bad
    both = MinibatchCKA(["x", "broken"], ["y"])
    both.update([x, broken], [y])
    found = both.result()
    assert list(found.reasons) == [(1, 0)]
    assert "'broken' has features that are NaN or infinite" in found.reasons[1, 0]
    assert found.values[1, 0].isnan() and found.values[0, 0].isfinite()


def test_the_caller_keeps_features_and_gradients() -> None:
    x, _, y = drawn(0)
    before = x.clone()
    x.requires_grad_()
    both = MinibatchCKA(["x"], ["y"])
    both.update([x], [y])
    assert torch.equal(x, before) and not both.compute().requires_grad


def test_a_peer_gives_the_same_numbers() -> None:
    """pytorch-cka 1.1.3 in float64 and torch_cka 0.21 in float32 (-0.2528886) on these tensors."""
    x = torch.arange(24.0).reshape(6, 4).sin()
    y = torch.arange(18.0).reshape(6, 3).cos()
    assert cka(x, y) == pytest.approx(-0.2528885395, abs=ERROR)


WRONG = {
    "too few layers": ([torch.ones(5, 2)], "2 layers are named, 1 came"),
    "no features": ([torch.ones(5, 2), torch.ones(5)], r"layer 'q' is \[5\]"),
    "other images": ([torch.ones(5, 2), torch.ones(6, 2)], r"layer 'q' is \[6, 2\], the first \[5"),
    "empty": ([torch.ones(5, 2), torch.ones(5, 0)], r"layer 'q' is \[5, 0\]"),
    "too few images": ([torch.rand(3, 2), torch.rand(3, 2)], r"at least 4 images \(got 3\)"),
}


@pytest.mark.parametrize(("features", "said"), WRONG.values(), ids=WRONG)
def test_features_that_do_not_fit_are_refused(features: list[Tensor], said: str) -> None:
    both = MinibatchCKA(["p", "q"])
    with pytest.raises(HarnessError, match=said):
        both.update(features)
    with pytest.raises(HarnessError, match="not one minibatch came"):
        both.compute()


def test_a_side_too_many_or_too_few_is_refused() -> None:
    x = [torch.rand(5, 2)]
    with pytest.raises(HarnessError, match="expected only features_y"):
        MinibatchCKA(["p"]).update(x, x)
    with pytest.raises(HarnessError, match="expected features_y and features_x"):
        MinibatchCKA(["p"], ["q"]).update(x)
    with pytest.raises(HarnessError, match="5 images in features_y, 6 in features_x"):
        MinibatchCKA(["p"], ["q"]).update(x, [torch.rand(6, 2)])


def test_unknown_estimators_and_missing_names_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"'biased' or 'corrected' \(got 'debiased'"):
        MinibatchCKA(["p"], estimator="debiased")  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match="names_x: there is no layer"):
        MinibatchCKA(["p"], [])
