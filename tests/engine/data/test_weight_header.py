"""What is known of a file of weights before torch is loaded, and that nothing in it is run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.engine.data import weight_header
from harness.engine.data.weight_header import CONVOLUTIONS, refuse_no_weights
from harness.engine.networks import alexnet
from harness.errors import HarnessError
from tests.engine.networks.test_weight_file import (
    as_legacy,
    as_safetensors,
    as_zip,
    convolutions,
    nested,
)

Write = Callable[[dict[str, Tensor], Path], None]


def test_the_names_and_shapes_are_those_of_the_network_that_is_built() -> None:
    built = alexnet(head="linear", classes=2).named_parameters()
    own = {name: tuple(one.shape) for name, one in built if name.startswith("features.")}
    assert dict(CONVOLUTIONS) == own


@pytest.mark.parametrize("write", [as_safetensors, as_zip, as_legacy, nested])
def test_every_way_of_writing_weights_passes(tmp_path: Path, write: Write) -> None:
    write({**convolutions(), "classifier.1.weight": torch.zeros(3)}, tmp_path / "weights")
    refuse_no_weights(tmp_path / "weights")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_any_width_of_number_passes(tmp_path: Path, dtype: torch.dtype) -> None:
    save_file({name: one.to(dtype) for name, one in convolutions().items()}, tmp_path / "w")
    refuse_no_weights(tmp_path / "w")


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_safetensors_cut_short_are_refused(tmp_path: Path, kept: float) -> None:
    as_safetensors(convolutions(), tmp_path / "w")
    content = (tmp_path / "w").read_bytes()
    (tmp_path / "w").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(HarnessError, match=r"no file of weights|where its header says"):
        refuse_no_weights(tmp_path / "w")


@pytest.mark.parametrize("write", [as_zip, as_legacy])
@pytest.mark.parametrize("kept", [0.0, 0.00001])
def test_files_of_torch_cut_short_are_refused(tmp_path: Path, write: Write, kept: float) -> None:
    write(convolutions(), tmp_path / "w")
    content = (tmp_path / "w").read_bytes()
    (tmp_path / "w").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(HarnessError, match="is no file of weights"):
        refuse_no_weights(tmp_path / "w")


def header(content: Any, tail: bytes = b"") -> bytes:
    said = content if isinstance(content, bytes) else json.dumps(content).encode()
    return len(said).to_bytes(8, "little") + said + tail


ONE = {"dtype": "F32", "shape": [64, 3, 11, 11], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no file of weights"),
        (b"<html>404</html>", "is no file of weights"),
        (b"PK\x03\x04", "is no file of weights"),
        (header(b"{" + b"[" * 100_000), "no header of safetensors"),
        (header({"features.0.weight": 7}), "no header of safetensors"),
        (header({"features.0.weight": {"data_offsets": []}}), "no header of safetensors"),
        (header({}), "holds no convolutions of AlexNet"),
        (header({"conv1.weight": ONE}, bytes(4)), "holds no convolutions of AlexNet"),
        (header({"features.0.weight": ONE}, bytes(4)), "lacks features.0.bias, features.3.weight"),
        (header(dict.fromkeys(CONVOLUTIONS, ONE), bytes(4)), r"features.0.weight is \[64, 3,"),
        (header(dict.fromkeys(CONVOLUTIONS, ONE), bytes(3)), r"has [\d,]+ bytes where its header"),
        (header({n: ONE | {"dtype": "I8"} for n in CONVOLUTIONS}, bytes(4)), "no plain floating"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(HarnessError, match=said) as raised:
        refuse_no_weights(tmp_path / "w")
    assert raised.value.where == f"--weights {tmp_path / 'w'}"
    assert raised.value.hint


def test_other_shapes_are_refused_before_anything_runs(tmp_path: Path) -> None:
    save_file(convolutions() | {"features.3.bias": torch.zeros(64)}, tmp_path / "w")
    with pytest.raises(HarnessError, match=r"features.3.bias is \[64\], AlexNet's is \[192\]"):
        refuse_no_weights(tmp_path / "w")


@pytest.mark.parametrize("write", [torch.save, lambda made, path: as_legacy(made, path)])
def test_other_networks_of_torch_are_refused(tmp_path: Path, write: Any) -> None:
    write({"conv1.weight": torch.zeros(2)}, tmp_path / "w")
    with pytest.raises(HarnessError, match="holds no convolutions of AlexNet"):
        refuse_no_weights(tmp_path / "w")


@pytest.mark.parametrize(
    ("name", "said"), [("other.txt", "none that torch.save wrote"), ("w/data.pkl", "unpacks to")]
)
def test_other_zips_and_bombs_are_refused(
    tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weight_header, "LARGEST", 10_000 if "data" in name else 1 << 30)
    with zipfile.ZipFile(tmp_path / "w", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(20_000))
    with pytest.raises(HarnessError, match=said):
        refuse_no_weights(tmp_path / "w")


class Bomb:
    """What a hostile pickle does when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("it-ran",)


def test_a_pickle_is_listed_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = {"features.0.weight": Bomb()}
    for write in (torch.save, lambda made, path: path.write_bytes(pickle.dumps(made))):
        write(made, tmp_path / "w")
        with pytest.raises(HarnessError):
            refuse_no_weights(tmp_path / "w")
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("made", ["folder", "nothing", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, made: str) -> None:
    if made == "folder":
        (tmp_path / "w").mkdir()
    elif made == "pipe":
        os.mkfifo(tmp_path / "w")
    with pytest.raises(HarnessError, match="cannot be read"):
        refuse_no_weights(tmp_path / "w")


def test_a_large_file_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "w").open("wb") as file:
        file.truncate(weight_header.LARGEST + 1)  # sparse: it takes no room
    with pytest.raises(HarnessError, match="has more than"):
        refuse_no_weights(tmp_path / "w")


def test_torch_is_not_loaded_for_it(tmp_path: Path) -> None:
    as_zip(convolutions(), tmp_path / "w")
    asked = (
        "import pathlib, sys\n"
        "from harness.engine.data.weight_header import refuse_no_weights\n"
        f"refuse_no_weights(pathlib.Path({str(tmp_path / 'w')!r}))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=60)
