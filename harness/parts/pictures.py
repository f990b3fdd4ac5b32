"""Images of a study's own, in arrays or in a folder for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from harness.errors import HarnessError
from harness.fingerprints import fingerprint
from harness.parts.base import PRESENTATION, PinnedFile, shown
from harness.parts.own import Folder, Own

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.engine.data.arrays import Source
    from harness.engine.data.labelled import ImageSet

Pair = Annotated[str | tuple[str, str], PRESENTATION]


class Arrays(Own):
    """Images and labels in .npz or .npy files: an .npz with the arrays `images` and `labels`, or
    the two of them by name, `["x.npy", "y.npy"]` or `["mnist.npz:x_train", "mnist.npz:y_train"]`.

    Images are uint8 [M, H, W], [M, H, W, C] or [M, C, H, W], gray or RGB, or floats that are levels
    k/255 of 8 bits; labels are integers 0 … K − 1, each of which is trained.
    """

    kind: Literal["arrays"]
    train: Pair = Field(description="file of the study, or two of them: images and labels")
    test: Pair = Field(default="", description="likewise, where the split is given")
    split: Literal["given", "last", "random"] = Field(
        default="given", description="or the last, or random ones of each class are for testing"
    )
    names: tuple[str, ...] = Field(default=(), description="found: of the arrays in their files")

    @model_validator(mode="after")
    def _test_fits_the_split(self) -> Self:
        if (self.split == "given") != bool(self.test):
            raise ValueError('name test files, or a split "last" or "random" with a test_share')
        for said in (self.train, self.test):
            if isinstance(said, str) and said.endswith(".npy"):
                raise ValueError(f'{said} is one array: name two, ["images.npy", "labels.npy"]')
            if not isinstance(said, str) and any(one.endswith(".npz") for one in said):
                raise ValueError(f'say which array of an .npz: "{said[0]}:NAME"')
        return self

    @property
    def sources(self) -> Mapping[str, Source]:
        """The arrays, by what they are for."""
        from harness.engine.data.arrays import Source

        found = {}
        for split, said in (("train", self.train), ("test", self.test)):
            pair = (f"{said}:images", f"{said}:labels") if isinstance(said, str) else said
            for what, one in zip(("images", "labels"), pair if said else (), strict=False):
                file, _, name = one.partition(":")
                found[f"{split}_{what}"] = Source(Path(self.study) / file, name)
        return found

    def checksums(self) -> tuple[PinnedFile, ...]:
        """Of the file of each array."""
        return tuple(
            PinnedFile(name=what, checksum=fingerprint(source.path))
            for what, source in self.sources.items()
        )

    def found(self) -> Mapping[str, Any]:
        """From the headers, and from the labels."""
        from harness.engine.data.arrays import sides_of

        sources = self.sources
        count, size, channels = sides_of(sources["train_images"])
        if test := sources.get("test_images"):
            _, *others = sides_of(test)
            if others != [size, channels]:
                problem = f"images of {others[0]} pixels a side and {others[1]} channels"
                hint = f"those of train have {size} and {channels}"
                raise HarnessError(str(test), problem, hint=hint)
        labels = self._labels()
        return {
            "size": size,
            "channels": channels,
            "classes": len(set(labels.tolist())),
            "names": tuple(one.name for one in sources.values()),
            **self.counts(labels.tolist(), self._given(count, len(labels)), ()),
        }

    def _given(self, trained: int, total: int) -> Sequence[bool]:
        """Those for testing, where a file of their own says so."""
        return [number >= trained for number in range(total)] if self.test else ()

    def _labels(self) -> NDArray[np.int64]:
        """Of train, then of test: int64 [M]."""
        import numpy as np

        from harness.engine.data.arrays import labels, sides_of

        found = []
        for split in ("train", "test") if self.test else ("train",):
            images, source = (self.sources[f"{split}_{what}"] for what in ("images", "labels"))
            found.append(labels(source, sides_of(images)[0]))
            known = np.unique(found[0])
            if split == "train" and (len(known) < 2 or known.tolist() != list(range(len(known)))):
                problem = f"labels are {shown(known.tolist())}"
                hint = "they must be 0, 1, … without a gap, two classes at least"
                raise HarnessError(str(source), problem, hint=hint)
            if others := sorted(set(found[-1].tolist()) - set(known.tolist())):
                problem = f"has the labels {shown(others)}, which train has not"
                raise HarnessError(str(source), problem)
        return np.concatenate(found)

    def load(self, time_steps: int, data: Path, cache: Path) -> ImageSet:
        """Read; nothing is downloaded or kept."""
        import numpy as np

        from harness.engine.data.arrays import images

        self.require_as_planned()
        parts = [images(one) for what, one in self.sources.items() if what.endswith("images")]
        labels = self._labels()
        testing = self.testing(labels.tolist(), self._given(len(parts[0]), len(labels)))
        names = tuple(map(str, range(self.classes)))
        return _image_set(self.name, np.concatenate(parts), labels, testing, names)


class ImageFolder(Folder):
    """PNG and JPEG files, gray or RGB, 8 bits a channel, turned as their EXIF data say.

    Without `size` all must be squares of one size; with it the middle square of each is scaled to
    it. Without `channels` all must be gray, or all coloured; with it each becomes such.
    """

    kind: Literal["image-folder"]
    channels: Literal[0, 1, 3] = Field(default=0, description="found, or what each image becomes")
    size: int = Field(default=0, ge=0, le=1024, description="found, or what each is scaled to")

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of PNG and JPEG; what they are, their bytes say."""
        from harness.engine.data.pictures import SUFFIXES

        return SUFFIXES

    def found(self) -> Mapping[str, Any]:
        """From the header of each image."""
        from harness.engine.data.pictures import look

        listing = self.listing()
        paths = [self.root / file for file in listing.files]
        seen = [look(path) for path in paths]
        # what differs from most is the odd one
        usual = Counter(one.channels for one in seen).most_common(1)[0][0]
        first = Counter(one for one in seen if one.channels == usual).most_common(1)[0][0]
        name = paths[seen.index(first)].name
        for path, one in zip(paths, seen, strict=True):
            if not self.channels and one.channels != first.channels:
                problem = f"has {one.channels} channels, {name} has {first.channels}"
                raise HarnessError(str(path), problem, hint="channels = 1 or 3 takes both")
            if not self.size and not one.width == one.height == first.width:
                said = f"{name} {first.width}x{first.height}" if one != first else "not a square"
                problem = f"has {one.width}x{one.height} pixels, {said}"
                hint = "size = 32 scales the middle square of each image to 32x32"
                raise HarnessError(str(path), problem, hint=hint)
        return {
            "classes": len(listing.class_names),
            "size": self.size or first.width,
            "channels": self.channels or first.channels,
            **self.counts(listing.labels, listing.testing, listing.class_names),
        }

    def load(self, time_steps: int, data: Path, cache: Path) -> ImageSet:
        """Decoded; nothing is downloaded or kept."""
        import numpy as np

        from harness.engine.data.pictures import pixels

        self.require_as_planned()
        listing = self.listing()
        made = np.empty((len(listing.files), self.channels, self.size, self.size), np.uint8)

        def put(number: int) -> None:
            made[number] = pixels(self.root / listing.files[number], self.channels, self.size)

        with ThreadPoolExecutor() as pool:
            list(pool.map(put, range(len(made))))
        testing = self.testing(listing.labels, listing.testing)
        return _image_set(self.name, made, np.array(listing.labels), testing, listing.class_names)


def _image_set(
    name: str,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    testing: NDArray[np.bool_],
    names: tuple[str, ...],
) -> ImageSet:
    """The set of images [M, C, S, S] of which some are for testing."""
    import torch

    from harness.engine.data.labelled import ImageSet

    train, test = (
        (torch.from_numpy(images[chosen]), torch.from_numpy(labels[chosen]))
        for chosen in (~testing, testing)
    )
    return ImageSet(name, *train, *test, names, "own")
