"""A CIFAR-10 of twelve images."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.engine.data.checksums import LAYOUTS

NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905


def md5(content: bytes) -> str:
    return "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()


def batch(number: int, *, protocol: int = 2) -> bytes:
    """Two images: all pixels `number`, but the last channel; labels `number` and 9."""
    data = np.full((2, 3072), number, dtype=np.uint8)
    data[:, 2048:] = np.arange(1024) % 256
    entry = {"batch_label": "x", "labels": [number, 9], "data": data, "filenames": ["a", "b"]}
    return pickle.dumps(entry, protocol=protocol)


@dataclass
class SmallCifar:
    """A data directory and the checksums of what lies in it."""

    data_dir: Path
    checksums: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.data_dir / LAYOUTS["cifar10"].folder

    def put(self, name: str, content: bytes, *, note: bool = True) -> None:
        """Write a file; `note` takes its checksum as the published one."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(content)
        if note:
            self.checksums[name] = md5(content)
