"""Checkpoint files: whole, checked, and never another run's."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from harness.engine.training import Epoch
from harness.engine.training.checkpoint import Checkpoint, Unusable, load, save, tensors_hash

KEPT = Checkpoint(
    "me",
    {"conv1.weight": torch.randn(2, 3), "count": torch.tensor(3)},
    {"momentum/conv1.weight": torch.randn(3, 2).t(), "step/conv1.weight": torch.tensor(2.0)},
    (Epoch(0, 1.0 / 3, 50.0, 60.0, 0.1, 1.0, 1e3),),
    {"scale": 1024.0},
    {"conv1.weight": torch.randn(2, 3)},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "deeper" / "state.safetensors"
    save(file, KEPT)
    return file


def test_what_was_saved_comes_back(path: Path) -> None:
    back = load(path, "me")
    assert isinstance(back, Checkpoint)
    assert (back.epochs, back.scaler, back.identity) == (KEPT.epochs, KEPT.scaler, "me")
    assert tensors_hash(back.network) == tensors_hash(KEPT.network)
    assert tensors_hash(back.optimiser) == tensors_hash(KEPT.optimiser)
    assert tensors_hash(back.best) == tensors_hash(KEPT.best)
    assert [file.name for file in path.parent.iterdir()] == ["state.safetensors"]


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    assert load(tmp_path / "none", "me") is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    found = load(path, "me")
    assert isinstance(found, Unusable) and "cannot be read" in found.reason


def test_a_flipped_bit_in_the_numbers_is_found(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    found = load(path, "me")
    assert isinstance(found, Unusable) and "damaged" in found.reason


def test_a_changed_history_is_found(path: Path) -> None:
    whole = path.read_bytes()
    assert b"60.0" in whole
    path.write_bytes(whole.replace(b"60.0", b"90.0"))
    found = load(path, "me")
    assert isinstance(found, Unusable) and "damaged" in found.reason


def test_another_runs_checkpoint_is_refused(path: Path) -> None:
    found = load(path, "somebody else")
    assert isinstance(found, Unusable) and "belongs to a run with another" in found.reason


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "foreign")
    found = load(tmp_path / "foreign", "me")
    assert isinstance(found, Unusable) and "not a training checkpoint" in found.reason


def test_a_write_that_fails_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        save(path, Checkpoint("other", KEPT.network, {}, (), {}))
    assert isinstance(load(path, "me"), Checkpoint)
    assert [file.name for file in path.parent.iterdir()] == ["state.safetensors"]
