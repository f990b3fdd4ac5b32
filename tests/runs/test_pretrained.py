"""Published weights: fetched once, checked while they come, and only then looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch

from harness.engine.networks import alexnet
from harness.errors import HarnessError
from harness.measures.base import Pretrained
from harness.parts.networks import Alexnet, GivenWeights, PublishedWeights
from harness.runs.pretrained import IMAGENET, seen
from tests.engine.data.mirror import Mirror, handler
from tests.runs.test_lab import nodes_of
from tests.runs.test_revisions import place


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A host that has the weights of a network, as torchvision would have saved them."""
    path = tmp_path / "saved.pth"
    torch.save(alexnet(head="linear", classes=2, seed=7).state_dict(), path)
    made = Mirror(path.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}/weights"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


def spec(mirror: Mirror, checksum: str = "") -> Pretrained:
    sha = checksum or hashlib.sha256(mirror.content).hexdigest()
    published = PublishedWeights(name="w.pth", checksum=f"sha256:{sha}", mirrors=(mirror.url,))
    network = Alexnet(kind="alexnet", weights="imagenet", published=published)
    numerics = nodes_of("lab-fig4")[0].full.numerics  # type: ignore[attr-defined]
    return Pretrained(network=network, numerics=numerics)


def test_they_are_fetched_once_and_taken(mirror: Mirror, tmp_path: Path) -> None:
    here = replace(place(tmp_path / "run"), data=tmp_path / "data")
    for _ in range(2):
        found = seen(spec(mirror), here, torch.device("cpu"))
    assert mirror.requests == [None]
    wanted = alexnet(head="linear", classes=2, seed=7).features[0].weight
    assert torch.equal(found.network.features[0].weight, wanted)
    assert found.normalisation == IMAGENET
    assert found.source == "Weights: torchvision's AlexNet, trained on ImageNet"
    assert not found.network.training


def test_the_published_bytes_in_a_file_of_the_user_are_the_published_ones(
    mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "mine.pth").write_bytes(mirror.content)
    made = spec(mirror)
    given = GivenWeights(checksum=made.network.published.checksum, path=str(tmp_path / "mine.pth"))
    network = made.network.model_copy(update={"weights": "file", "given": given})
    found = seen(made.model_copy(update={"network": network}), place(tmp_path), torch.device("cpu"))
    assert found.source == "Weights: torchvision's AlexNet, trained on ImageNet"
    assert mirror.requests == []


def test_other_bytes_than_the_published_ones_are_never_read(mirror: Mirror, tmp_path: Path) -> None:
    here = replace(place(tmp_path / "run"), data=tmp_path / "data")
    with pytest.raises(HarnessError, match=r"checksum is sha256:.*--weights FILE"):
        seen(spec(mirror, "0" * 64), here, torch.device("cpu"))
    assert not (tmp_path / "data/w.pth").exists()


def test_a_cut_transfer_is_no_file_of_weights(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_after = 1000
    here = replace(place(tmp_path / "run"), data=tmp_path / "data")
    with pytest.raises(HarnessError, match=r"broke off after 1,000 of"):
        seen(spec(mirror), here, torch.device("cpu"))
    mirror.cut_after = None
    assert seen(spec(mirror), here, torch.device("cpu")).network is not None
    assert mirror.requests[-1] == "bytes=1000-"  # it goes on from there
