"""What a run is handed, and what it hands back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Progress:
    """How far a run is, in its own units."""

    done: int
    of: int
    unit: str
    images_per_second: float = 0.0
    note: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)  # that a known course has, too


@dataclass(frozen=True)
class Place:
    """The folders of one run.

    `files` is empty and is published as it is left; `checkpoints` outlives a kill and is never
    published; `data` holds the data sets and may be read-only; `inputs` the folders of the nodes
    that this one needs; `cache` keeps what is made of data sets and can be made again.
    """

    files: Path
    checkpoints: Path
    data: Path
    inputs: Mapping[str, Path]
    threads: int  # that this run may use when its spec does not say
    cache: Path
    must_resume: bool = False  # fail where a training would start from scratch


Numbers = Mapping[str, float | int | str | None]
"""The headline numbers of a run, for listings; the full record is among its files."""

Report = Callable[[Progress], None]


def write_json(path: Path, value: Any) -> None:
    """Numbers as JSON, NaN refused: a number that does not exist needs a reason, not a null."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Tensors by their names, as safetensors."""
    from safetensors.torch import save_file

    save_file({name: one.cpu().contiguous() for name, one in tensors.items()}, path)


def told(items: Sequence[Item], unit: str, report: Report) -> Iterator[Item]:
    """The items, reported as they are taken."""
    for done, item in enumerate(items):
        report(Progress(done, len(items), unit))
        yield item
    report(Progress(len(items), len(items), unit))
