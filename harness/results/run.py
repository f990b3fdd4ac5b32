"""One stored run, as a program or a notebook wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harness.canonical import short
from harness.errors import HarnessError
from harness.measures.base import Measure, Run
from harness.parts.base import OWN, sentence
from harness.store.manifest import Manifest
from harness.store.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from harness.engine.networks import Network

NETWORK = "network.safetensors"


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A stored run: what it is (`key`, `label`, `kind`, `spec`), what it gave (`metrics`,
    `history`, `files`, `network()`), and how it was made (`manifest`).

    Whatever is read of its files was compared with what was published; a file that has changed is a
    HarnessError.
    """

    manifest: Manifest
    label: str
    store: Store
    data: Path
    full: Run | None = None  # its spec, with what a download needs

    def __repr__(self) -> str:
        return f"<{self.manifest.kind} {short(self.key)}: {self.label}>"

    @property
    def key(self) -> str:
        """The SHA-256 of what it computes, 64 hexadecimal digits."""
        return self.manifest.key

    @property
    def kind(self) -> str:
        """`train`, `cka`, …"""
        return self.manifest.kind

    @property
    def spec(self) -> Mapping[str, Any]:
        """What it computes, every field resolved, as plain values."""
        return self.manifest.spec

    @property
    def files(self) -> Mapping[str, Path]:
        """Name → path of what it left; not to be changed."""
        folder = self.store.folder(self.key)
        return {name: folder / name for name in self.manifest.files}

    @property
    def inputs(self) -> Mapping[str, StoredRun]:
        """The runs that it was made of, by the names that it knows them by: `x`, `y`.

        Raises:
            HarnessError: one of them is not stored any more.
        """
        found = {}
        for name, key in self.manifest.inputs.items():
            made = self.store.get(key)
            if made is None:
                raise HarnessError(f"run {short(self.key)}", f"its input {name} is not stored")
            found[name] = StoredRun(
                made, f"{self.label}: {name}", self.store, self.data, getattr(self.full, name, None)
            )
        return found

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """Its numbers, as the JSON file has them from which an exhibit reads."""
        made = Run.named(self.kind)
        names = (one.file for one in Measure.kinds.values() if issubclass(made, one.makes))
        name = next((one for one in names if one in self.manifest.files), "")
        if not name:
            problem = "no measure that is known here reads its files"
            raise HarnessError(f"run {short(self.key)} ({self.label})", problem)
        return self._json(name)

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row for each epoch, from 1: learning rate, loss, accuracies in percent, seconds; none
        of a network that was trained elsewhere.

        Raises:
            HarnessError: it is no training.
        """
        import pandas as pd

        if "history" not in self.metrics:
            raise self._is_no_training("has no history")
        found = pd.DataFrame(self.metrics["history"] or {"epoch": []})
        times = self._json("timing.json") if "timing.json" in self.manifest.files else {}
        return found.assign(**times).set_index("epoch")

    def network(self, device: str = "cpu") -> Network:
        """Its network of the last epoch, in evaluation mode. It takes what `test_set` gives, and
        returns logits [B, classes].

        Raises:
            HarnessError: it is no training, or made by code that this harness does not know.
        """
        import torch

        from harness.runs.trained import trained

        if NETWORK not in self.manifest.files:
            raise self._is_no_training("has no network")
        folder = self.store.artifact(self.key, NETWORK).parent
        return trained(self._full(), folder, torch.device(device))

    def test_set(self) -> tuple[Tensor, Tensor]:
        """The test images as its network takes them, float32 [M, C, H, W], normalised; recordings
        as frames [M, T, 2, H, W]; and their labels, int64 [M]. What is not here is downloaded.

        Raises:
            HarnessError: it is no training, or its data cannot be had.
        """
        from harness.runs.place import Place
        from harness.runs.trained import images_of, normalisation

        if "dataset" not in self.spec:
            raise self._is_no_training("has no data set")
        cache, none = self.store.tree.room("cache"), Path()
        images = images_of(self._full(), Place(none, none, self.data, {}, 1, cache))
        inputs, labels = images.split("test")
        return normalisation(self._full(), images)(inputs), labels

    def _full(self) -> Any:
        if self.full is not None:
            return self.full
        try:
            return Run.of(self.kind, self.spec)
        except HarnessError as error:
            problem = f"{error.where}: {error.problem}"
            raise HarnessError(f"run {short(self.key)}", problem, hint=error.hint) from error
        except ValidationError as error:
            problem = "is of a kind, or has fields, that are none of this version"
            said = "; ".join(sentence(one) for one in error.errors() if one["type"] == OWN)
            raise HarnessError(f"run {short(self.key)}", said or problem) from error

    def _json(self, name: str) -> dict[str, Any]:
        content = json.loads(self.store.read_bytes(self.key, name))
        return dict(content)

    def _is_no_training(self, lacks: str) -> HarnessError:
        hint = (
            f"those of {', '.join(self.manifest.inputs)}, in inputs, have"
            if self.manifest.inputs
            else ""
        )
        return HarnessError(
            f"run {short(self.key)} ({self.label})", f"is no training here, and {lacks}", hint=hint
        )
