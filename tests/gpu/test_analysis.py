"""CKA, CKA over time and preferred images: a GPU's are the CPU's, within an error."""

from __future__ import annotations

import copy

import pytest
import torch

from harness.engine.cka import MinibatchCKA, cka_heatmap, clean_against_attacked, time_cka
from harness.engine.cka.gram import spike_gram, upper_gram
from harness.engine.networks import Network, resnet
from harness.engine.training import Normalisation
from harness.engine.visualise import Target, top_images

ROUNDED = 1e-5  # float32 in another order, through 20 layers, in units of CKA
FLIPPED = 5e-3  # a current within rounding of the threshold fires on one device alone
DRAW = torch.Generator().manual_seed(0)
IMAGES = torch.randn(32, 3, 32, 32, generator=DRAW)


def on(card: torch.device, network: Network) -> Network:
    return copy.deepcopy(network).to(card)


def ann(seed: int) -> Network:
    return resnet(20, base_width=8, neuron="relu", seed=seed).eval()


def snn(seed: int) -> Network:
    return resnet(20, base_width=8, neuron="lif", time_steps=3, threshold=0.2, seed=seed).eval()


@pytest.mark.parametrize(("images", "features"), [(4, 1), (17, 3), (33, 70_001), (256, 4096)])
def test_spikes_are_counted_exactly(images: int, features: int, card: torch.device) -> None:
    spikes = torch.rand(images, features, generator=DRAW) > 0.7
    found = spike_gram([spikes.float().to(card)], 65_536, 256)
    if found is None:
        pytest.skip("integers are not faster on this card, so they are not used")
    matrix = spikes.double()
    assert torch.equal(found.cpu().double().triu(), (matrix @ matrix.T).triu())


@pytest.mark.parametrize("mean", [0.0, 1000.0])
def test_a_gram_matrix_is_multiplied_in_float32(mean: float, card: torch.device) -> None:
    """With TF32 it would be off by 1e-3."""
    features = mean + torch.randn(64, 20_000, generator=DRAW)
    centred = features.double() - features.double().mean(0)
    expected = (centred @ centred.T).triu()
    sums = MinibatchCKA(("a", "b"))
    sums.update([features.to(card), features[:, :999].to(card)])  # its products as CKA makes them
    exact = MinibatchCKA(("a", "b"))
    exact.update([features.double(), features[:, :999].double()])
    torch.testing.assert_close(sums.compute(), exact.compute(), rtol=0, atol=1e-6)
    found = upper_gram([features.to(card)]).cpu().double()
    if mean == 0.0:  # a shift is taken out later
        assert float((found.triu() - expected).abs().max()) < 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_map_of_artificial_networks_is_that_of_the_cpu(
    layout: torch.memory_format, card: torch.device
) -> None:
    images = IMAGES.contiguous(memory_format=layout)
    networks = [ann(0), ann(1)]
    here = cka_heatmap(*networks, [images])
    there = cka_heatmap(*(on(card, one) for one in networks), [images.to(card)])
    assert (there.names_y, there.reasons) == (here.names_y, here.reasons)
    torch.testing.assert_close(there.values, here.values, rtol=0, atol=ROUNDED)


def test_a_map_that_does_not_fit_into_memory_at_once_is_the_same(card: torch.device) -> None:
    networks = [on(card, ann(0)), on(card, ann(1))]
    whole = cka_heatmap(*networks, [IMAGES.to(card)])
    parts = cka_heatmap(*networks, [IMAGES.to(card)], memory_limit=2**15)
    torch.testing.assert_close(parts.values, whole.values, rtol=0, atol=1e-6)


def test_a_map_of_a_spiking_network_is_that_of_the_cpu(card: torch.device) -> None:
    pair = (ann(0), snn(1))
    here = cka_heatmap(*pair, [IMAGES])
    there = cka_heatmap(*(on(card, one) for one in pair), [IMAGES.to(card)])
    assert there.reasons == here.reasons
    torch.testing.assert_close(there.values, here.values, rtol=0, atol=FLIPPED)


def test_cka_over_time_is_that_of_the_cpu(card: torch.device) -> None:
    here, there = (
        time_cka(on(device, snn(0)), [IMAGES.to(device)], ["s1.b0", "s2.b0.relu1", "s3.b2"])
        for device in (torch.device("cpu"), card)
    )
    assert list(here) == list(there)
    for name, one in here.items():
        torch.testing.assert_close(there[name].values, one.values, rtol=0, atol=FLIPPED)


def test_clean_against_attacked_is_that_of_the_cpu(card: torch.device) -> None:
    moved = IMAGES + 0.1 * torch.randn(IMAGES.shape, generator=DRAW)
    network = ann(0)
    here = clean_against_attacked(network, [(IMAGES, moved)])
    there = clean_against_attacked(on(card, network), [(IMAGES.to(card), moved.to(card))])
    torch.testing.assert_close(there.values, here.values, rtol=0, atol=ROUNDED)


SCALE = Normalisation((0.5,) * 3, (0.25,) * 3)


def test_preferred_images_are_those_of_the_cpu(card: torch.device) -> None:
    pixels = torch.randint(0, 256, (64, 3, 32, 32), generator=DRAW).to(torch.uint8)
    here, there = (
        top_images(ann(0).to(device), pixels, SCALE, Target("s2.b0", 3), k=8)
        for device in (torch.device("cpu"), card)
    )
    torch.testing.assert_close(there.activations_K, here.activations_K, rtol=0, atol=1e-5)
