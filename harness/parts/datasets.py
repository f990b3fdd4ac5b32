"""Data sets: where the pixels come from, and the checksums that pin them into every key."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from harness.errors import ExitCode, HarnessError
from harness.parts.base import Deviations, Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.engine.data.labelled import LabelledSet

Rgb = tuple[float, float, float]
Side = Annotated[int, Field(ge=8, le=256, multiple_of=4, description="pixels; halves twice")]


class Dataset(Part, family="dataset"):
    """A set of labelled images, or of recordings as frames; those embedded here need no file."""

    kind: str
    name: str
    classes: int
    size: int  # pixels, height and width
    channels: int
    deviations: Deviations = ()
    is_framed: ClassVar[bool] = False  # recordings: as many frames as the network has time steps

    @abstractmethod
    def load(self, time_steps: int, data: Path, cache: Path) -> LabelledSet:
        """The set as a network with so many time steps sees it, downloaded if it is not under
        `data`, where nothing else is written; what is unpacked and decoded lies in `cache`.

        Raises:
            HarnessError: it cannot be had, or is not the pinned one.
        """

    @property
    @abstractmethod
    def provenance(self) -> str:
        """Which files it is, in the words of a report."""

    @property
    def statistics(self) -> tuple[Sequence[float], Sequence[float]] | None:
        """Mean and standard deviation per channel of pixels in 0..1; None to measure them on the
        training images.
        """
        return None

    @property
    def is_repacked(self) -> bool:
        """Whether its files are others than the published ones, accepted on request."""
        return False

    @property
    def download_bytes(self) -> int:
        """Of what is downloaded once; 0 where nothing is."""
        return 0

    def is_in(self, data: Path) -> bool:
        """Whether its files, or their archives, lie in the data folder, right or not.

        Raises:
            HarnessError: the folder is that of the set itself, or is a file.
        """
        return True


class Divided(Dataset):
    """Items of which the spec says how they are split; without an official split the choice is the
    user's, and changes the accuracy.
    """

    split: Literal["given", "list", "last", "random"] = Field(
        default="given", description="or the last, or random ones of each class are for testing"
    )
    test_share: float = Field(default=0, ge=0, lt=1, description="of each class: last and random")
    split_seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of a random split")

    @model_validator(mode="after")
    def _share_fits_the_split(self) -> Self:
        if (self.split in ("last", "random")) != (self.test_share > 0):
            raise ValueError('split "last" and "random" need a test_share, and no other split does')
        return self

    @property
    def divided(self) -> str:
        """The split, in the words of a report."""
        if not self.test_share:
            return "split as given" if self.split == "given" else "split by a list"
        return f"the {self.split} {self.test_share:.0%} of each class for testing"

    @property
    def where(self) -> str:
        """What an error names."""
        return f"data set {self.name}"

    def counts(
        self, labels: Sequence[int], testing: Sequence[bool], names: Sequence[str]
    ) -> dict[str, int]:
        """How many are for training and for testing; `testing` where it is given or listed, `names`
        those of the classes.
        """
        from harness.engine.data.listing import tested

        if not testing:
            testing = [True] * sum(tested(labels, self.test_share, names, self.where).values())
        return {"train_images": len(labels) - sum(testing), "test_images": sum(testing)}

    def testing(self, labels: Sequence[int], given: Sequence[bool] = ()) -> NDArray[np.bool_]:
        """Which are for testing, bool [M]."""
        import numpy as np

        from harness.engine.data.listing import held_out

        if self.split not in ("last", "random"):
            return np.array(given, np.bool_)
        return held_out(labels, share=self.test_share, how=self.split, seed=self.split_seed)


def not_as_planned(name: str) -> HarnessError:
    """What a run says that finds other files than those that are part of its key."""
    problem = "its files are not those of the plan: they have changed since"
    code = ExitCode.RUN_FAILED
    return HarnessError(f"data set {name}", problem, hint="give the command again", code=code)


def are_in(
    data: Path, name: str, own: str, files: Sequence[str], places: Sequence[tuple[str, str]]
) -> bool:
    """Whether published files lie under `data`: `places` are a folder and its archive, `own` is the
    folder of the set. HarnessError as `Dataset.is_in`.
    """
    if all((data / folder).is_dir() or (data / archive).is_file() for folder, archive in places):
        return True
    where = f"--data-dir {data}"
    if data.is_file():
        hint = f"name the folder that has it: --data-dir {data.parent}"
        raise HarnessError(where, "is a file", hint=hint)
    if data.name == own or all((data / file).exists() for file in files):
        hint = f"name the folder above: --data-dir {data.parent}"
        if data.name != own:
            hint = f"rename it to {own} and {hint}"
        raise HarnessError(where, f"is the folder of {name} itself", hint=hint)
    return False


def unpacked_in(cache: Path, data: Path, pins: Mapping[str, str]) -> Path:
    """Where archives of `data` are unpacked: another place for other folders and other `pins`, the
    checksums of the archives by their names.
    """
    said = json.dumps([str(data.absolute()), pins], sort_keys=True)
    return cache / f"unpacked-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
