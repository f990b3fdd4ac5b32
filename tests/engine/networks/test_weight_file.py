"""Files of weights: what is read, and every wrong one refused before it can do harm."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.engine.networks import alexnet, read_convolutions, weight_file
from harness.errors import HarnessError


def convolutions(seed: int = 0) -> dict[str, Tensor]:
    state = alexnet(head="linear", classes=2, seed=seed).state_dict()
    return {name: one.clone() for name, one in state.items() if name.startswith("features.")}


def as_safetensors(state: dict[str, Tensor], path: Path) -> None:
    save_file(state, path)


def as_zip(state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path)


def as_legacy(state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


def nested(state: dict[str, Tensor], path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": {f"module.{n}": one for n, one in state.items()}}, path)


@pytest.mark.parametrize("write", [as_safetensors, as_zip, as_legacy, nested])
def test_each_way_of_writing_gives_the_same_network(
    tmp_path: Path, write: Callable[[dict[str, Tensor], Path], None]
) -> None:
    wanted = convolutions(seed=5)
    write({**wanted, "classifier.1.weight": torch.zeros(3)}, tmp_path / "weights")
    network = alexnet(head="linear", convolutions=read_convolutions(tmp_path / "weights"), seed=1)
    got = network.state_dict()
    assert all(torch.equal(got[name], one) for name, one in wanted.items())


def test_half_precision_is_widened(tmp_path: Path) -> None:
    save_file({n: one.half() for n, one in convolutions().items()}, tmp_path / "weights")
    assert {one.dtype for one in read_convolutions(tmp_path / "weights").values()} == {
        torch.float32
    }


@pytest.mark.parametrize("write", [as_safetensors, as_zip, as_legacy])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(
    tmp_path: Path, write: Callable[[dict[str, Tensor], Path], None], kept: float
) -> None:
    path = tmp_path / "weights"
    write(convolutions(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(HarnessError, match="is no file of weights"):
        read_convolutions(path)


class Bomb:
    """What a hostile pickle does when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def plain_pickle(made: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(made))


def torch_zip(made: Any, path: Path) -> None:
    torch.save(made, path)


def torch_legacy(made: Any, path: Path) -> None:
    torch.save(made, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [plain_pickle, torch_zip, torch_legacy])
def test_a_pickle_runs_nothing(tmp_path: Path, write: Callable[[Any, Path], None]) -> None:
    trace = tmp_path / "it-ran"
    write({"features.0.weight": Bomb(trace)}, tmp_path / "weights")
    with pytest.raises(HarnessError, match="is no file of weights") as caught:
        read_convolutions(tmp_path / "weights")
    assert "weights_only" not in str(caught.value)  # torch advises to do without it
    assert not trace.exists()


def test_a_zip_that_unpacks_to_too_much_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weight_file, "LARGEST", 1_000_000)
    path = tmp_path / "weights"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(2_000_000))
    assert path.stat().st_size < 10_000
    with pytest.raises(HarnessError, match="unpacks to more than 1,000,000 bytes"):
        read_convolutions(path)


def test_a_view_of_a_few_bytes_that_claims_any_shape_is_refused(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(1).expand(1 << 40)}, tmp_path / "weights")
    with pytest.raises(HarnessError, match="which is no kernel"):
        read_convolutions(tmp_path / "weights")


def test_a_large_file_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "weights").open("wb") as file:
        file.truncate(weight_file.LARGEST + 1)  # sparse: it takes no room
    with pytest.raises(HarnessError, match="has more than"):
        read_convolutions(tmp_path / "weights")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"conv1.weight": torch.zeros(2)}, "holds no convolutions of AlexNet"),
        ({}, "it has nothing"),
        ([torch.zeros(2)], "holds a list"),
        (torch.zeros(2), "holds a Tensor"),
        ({"features.0.weight": torch.zeros(2, dtype=torch.int8)}, "no plain floating-point"),
        ({"features.0.weight": torch.tensor([float("nan")])}, "NaN or infinite"),
    ],
)
def test_what_holds_no_weights_is_refused(tmp_path: Path, state: Any, said: str) -> None:
    torch.save(state, tmp_path / "weights")
    with pytest.raises(HarnessError, match=said):
        read_convolutions(tmp_path / "weights")


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(HarnessError, match="cannot be read"):
        read_convolutions(tmp_path / name)
