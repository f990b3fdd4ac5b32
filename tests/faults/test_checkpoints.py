"""Checkpoints cut off, overwritten, or something else altogether: training starts again, never
crashes, and ends as if nothing had happened.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.training import History, train
from harness.engine.training.checkpoint import tensors_hash
from tests.engine.training.cases import RECIPE, images, network

EPOCHS = RECIPE.epochs
DICE = random.Random(20230405)
Damage = Callable[[Path], None]


def course(checkpoint: Path | None, keep: Path | None = None) -> tuple[str, History]:
    """Hash of the weights after a training, and its history; the checkpoint of each epoch but the
    last is copied into `keep`.
    """
    net = network("lif")

    def told(epoch: object) -> None:
        if keep is not None and checkpoint is not None:
            shutil.copyfile(checkpoint, keep / f"{len(list(keep.iterdir()))}")

    history = train(net, images(), RECIPE, seed=3, checkpoint=checkpoint, report=told)
    return tensors_hash(net.state_dict()), history


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The undisturbed result, and a folder with the checkpoint after each epoch."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "each").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.engine.training.loop.CHECKPOINT_S", 0.0)
        calm, _ = course(folder / "training.safetensors", folder / "each")
    return calm, folder / "each"


def cut(share: float) -> Damage:
    def damage(path: Path) -> None:
        path.write_bytes(_part(path.read_bytes(), share))

    return damage


def _part(content: bytes, share: float) -> bytes:
    return content[: int(share * len(content))]


def zeros(path: Path) -> None:
    """What some file systems leave after a power cut: the length, and no content."""
    path.write_bytes(bytes(path.stat().st_size))


def zero_tail(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(_part(content, 0.7) + bytes(len(content) - int(0.7 * len(content))))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[DICE.randrange(len(content))] ^= 1 << DICE.randrange(8)
    path.write_bytes(content)


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def huge_header(path: Path) -> None:
    path.write_bytes((1 << 60).to_bytes(8, "little") + path.read_bytes()[8:])


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


SOME: dict[str, Damage] = {"cut in half": cut(0.5), "flipped": flip, "a pipe": pipe}
MORE: dict[str, Damage] = {
    **{f"cut at {share:.3f}": cut(share) for share in (DICE.random() for _ in range(20))},
    **{f"flipped {number}": flip for number in range(20)},
    "empty": cut(0.0),
    "without its last byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "zero tail": zero_tail,
    "longer": longer,
    "huge header": huge_header,
    "zeros": zeros,
    "a link to nothing": dangling,
}


def require_undisturbed(tmp_path: Path, kept: tuple[str, Path], damage: Damage, epoch: int) -> None:
    calm, each = kept
    checkpoint = tmp_path / "training.safetensors"
    shutil.copyfile(each / str(epoch), checkpoint)
    damage(checkpoint)
    found, history = course(checkpoint)
    assert found == calm
    assert history.resumed_from == 0
    assert [one.epoch for one in history.epochs] == list(range(EPOCHS))


@pytest.mark.parametrize("name", SOME)
def test_a_damaged_checkpoint_is_not_used(
    tmp_path: Path, kept: tuple[str, Path], name: str
) -> None:
    require_undisturbed(tmp_path, kept, SOME[name], epoch=1)


@pytest.mark.faults
@pytest.mark.parametrize("name", MORE)
@pytest.mark.parametrize("epoch", range(EPOCHS))
def test_no_damage_is_used_whatever_the_epoch(
    tmp_path: Path, kept: tuple[str, Path], name: str, epoch: int
) -> None:
    require_undisturbed(tmp_path, kept, MORE[name], epoch)


@pytest.mark.parametrize("epoch", range(EPOCHS))
def test_a_whole_checkpoint_is_used_and_gives_the_same(
    tmp_path: Path, kept: tuple[str, Path], epoch: int
) -> None:
    checkpoint = tmp_path / "training.safetensors"
    shutil.copyfile(kept[1] / str(epoch), checkpoint)
    found, history = course(checkpoint)
    assert found == kept[0]
    assert history.resumed_from == epoch + 1
