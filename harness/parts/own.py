"""Data of a study's own. A spec names the files; what they hold is found when a plan is made, and
is part of every key.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from harness.errors import HarnessError
from harness.fingerprints import fingerprint
from harness.parts.base import PRESENTATION, Name, PinnedFile
from harness.parts.datasets import Divided, not_as_planned

if TYPE_CHECKING:
    from harness.engine.data.listing import Listing

LARGEST = 16_000_000_000  # bytes of the images of a set, which are kept in memory
Found = Annotated[int, Field(default=0, ge=0, le=10_000_000, description="found in the files")]
Place = Annotated[str, PRESENTATION]


class Own(Divided):
    """Files of the study. What is found in them may be said too, and is then held against them."""

    name: Name
    classes: Found
    size: Found
    channels: Found
    train_images: Found
    test_images: Found
    files: tuple[PinnedFile, ...] = Field(default=(), description="found: their fingerprints")
    study: Place = Field(default="", description="found: the folder of the study")

    @abstractmethod
    def checksums(self) -> tuple[PinnedFile, ...]:
        """The files as they are now, by what they are for."""

    @abstractmethod
    def found(self) -> Mapping[str, Any]:
        """The fields that the files decide.

        Raises:
            HarnessError: they cannot be used as the spec says.
        """

    def pinned(self, study: Path, data: Path) -> Self:
        """With what is found in the files."""
        here = self.model_copy(update={"study": str(study.absolute())})
        found = {**here.found(), "files": here.checksums()}
        for name, value in found.items():
            said = getattr(self, name)
            if said not in (0, (), value):
                problem = f"{name} is {said} in the spec and {value} in the files"
                hint = "correct it, or leave it out: it is found" if name != "files" else ""
                raise HarnessError(f"data set {self.name}", problem, hint=hint)
        whole = here.model_copy(update=found)
        count = whole.train_images + whole.test_images
        if (taken := count * whole.channels * whole.size**2) > LARGEST:
            problem = f"takes {taken:,} bytes in memory, and {LARGEST:,} are the most"
            raise HarnessError(f"data set {self.name}", problem, hint="use fewer or smaller images")
        return whole

    @property
    def provenance(self) -> str:
        """Every fingerprint, and the split."""
        sums = ", ".join(f"{file.name} {file.checksum}" for file in self.files)
        return f"{self.name}, files of the study: {sums}; {self.divided}"

    def require_as_planned(self) -> None:
        """Raise HarnessError where the files are others than those that are part of the key."""
        if self.checksums() != self.files:
            raise not_as_planned(self.name)


class Folder(Own):
    """A folder with a folder for each class; or, where the split is given, with such folders in
    train/ and test/.
    """

    folder: Place = Field(min_length=1, description="relative to the study")
    test_list: Place = Field(
        default="", description="split list: a text file of the study, a file for testing a line"
    )

    @model_validator(mode="after")
    def _list_fits_the_split(self) -> Self:
        if (self.split == "list") != bool(self.test_list):
            raise ValueError('split "list" needs a test_list, and no other split does')
        return self

    @property
    @abstractmethod
    def suffixes(self) -> tuple[str, ...]:
        """How the names of its files end."""

    @property
    def root(self) -> Path:
        """Where it lies."""
        return Path(self.study) / self.folder

    @property
    def where(self) -> str:
        """Its folder."""
        return str(self.root)

    def listing(self) -> Listing:
        """Its files, with their classes."""
        from harness.engine.data.listing import list_files, list_splits

        if not self.root.is_dir():
            hint = f"folder is relative to {self.study}"
            raise HarnessError(f"data set {self.name}", f"{self.root} is no folder", hint=hint)
        given = self.split == "given"
        found = (list_splits if given else list_files)(self.root, self.suffixes, strict=True)
        if len(found.class_names) < 2:
            problem = f"has one class, {found.class_names[0]!r}, and training needs two"
            raise HarnessError(str(self.root), problem)
        return found.with_test(self._listed(), self.test_list) if self.test_list else found

    def _listed(self) -> set[str]:
        """The files that are listed for testing."""
        from harness.files import read_plain

        try:
            text = read_plain(Path(self.study) / self.test_list).decode()
        except (OSError, UnicodeDecodeError) as error:
            problem = f"test_list cannot be read: {error}"
            raise HarnessError(f"data set {self.name}", problem) from error
        return {line.strip().removeprefix("./") for line in text.splitlines() if line.strip()}

    def checksums(self) -> tuple[PinnedFile, ...]:
        """Of all files with their names, and of the list."""
        files = fingerprint(self.root, self.listing().files)
        listed = self.test_list and fingerprint(Path(self.study) / self.test_list)
        pinned = PinnedFile(name="files", checksum=files)
        return (pinned, PinnedFile(name="test_list", checksum=listed)) if listed else (pinned,)
