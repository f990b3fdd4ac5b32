"""Networks that were trained elsewhere: what a factory makes, with the weights of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from harness.errors import HarnessError
from harness.fingerprints import fingerprint
from harness.parts import components
from harness.parts.base import PRESENTATION, LayerName, Spec
from harness.parts.networks import Network
from harness.parts.neurons import Neuron

if TYPE_CHECKING:
    from harness.engine.networks import Network as Built


class Statistics(Spec):
    """What a network wants its images to be normalised by, of pixels in 0…1 or events per pixel."""

    mean: tuple[float, ...] = Field(min_length=1, description="of each channel")
    std: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _of_the_same_channels(self) -> Self:
        if len(self.mean) != len(self.std):
            raise ValueError(f"{len(self.mean)} means for {len(self.std)} deviations")
        return self


class Given(Network):
    """A network that was trained elsewhere; nothing is trained here. How its features lie in time
    is said as to `harness.engine.networks.given`."""

    kind: Literal["given"]
    factory: str = Field(
        pattern=r"^[\w.]+:[\w.]+$", description="what makes it, as torchvision.models:resnet18"
    )
    arguments: Mapping[str, Any] = Field(default={}, description="that the factory is called with")
    file: Annotated[str, PRESENTATION] = Field(
        min_length=1,
        description="of its weights, from the study's folder: safetensors, or torch",
    )
    normalisation: Literal["dataset"] | Statistics = Field(
        description="of its images: that of the data set, or { mean, std } of its training"
    )
    time: Literal["none", "time first", "batch first", "folded", "step by step"] = Field(
        default="none", description="order of time in its features, or that there is none"
    )
    time_steps: int | None = Field(default=None, ge=1, le=4096, description="T of static images")
    encoding: Literal["direct", "own"] = Field(
        default="direct", description="a static image is shown at each step, or it does that itself"
    )
    layers: tuple[LayerName, ...] = Field(
        default=(), description="modules that are compared; without them each without others inside"
    )
    sha256: str = Field(default="", description="of the file; found, never written")
    code: str = Field(default="", description="of the factory's Python in the study; found, too")
    path: Annotated[str, PRESENTATION] = Field(default="", description="of the file; found, too")

    @property
    def label(self) -> str:
        """`resnet18 of mine.safetensors`."""
        return f"{self.factory.rpartition(':')[2]} of {PurePath(self.file).name}"

    @property
    def is_trained_here(self) -> bool:
        """Never."""
        return False

    @property
    def steps(self) -> int:
        """T, or the frames that a recording is shown in."""
        return self.time_steps or 1

    def pinned(self, study: Path, data: Path) -> Self:
        """With the fingerprints of the file of weights, and of the factory's module where that is
        the study's.
        """
        for name in ("sha256", "code", "path"):
            if getattr(self, name):
                problem = f"must not say its {name}, which is found"
                raise HarnessError(f"network {self.label}", problem, hint="leave it out")
        from harness.engine.data.weight_header import refuse_foreign

        path = study / self.file
        found = {"sha256": fingerprint(path), "path": str(path.absolute())}
        refuse_foreign(path)
        code = components.code_below(study, self.factory.partition(":")[0])
        return self.model_copy(update={**found, "code": code})

    def refuse_images(self, size: int, channels: int) -> None:
        """Of as many channels as its normalisation has."""
        own = None if self.normalisation == "dataset" else len(self.normalisation.mean)
        if own not in (None, channels):
            problem = f"its normalisation is of {own} channels, and its images have {channels}"
            hint = "give it a mean and a std for each channel"
            raise HarnessError(f"network {self.label}", problem, hint=hint)

    def refuse_still(self) -> None:
        """Raise HarnessError where nothing says for how many steps it is shown a still image."""
        if self.time != "none" and self.time_steps is None:
            problem = f"has time {self.time!r} and no time_steps, and a still image has none"
            raise HarnessError(f"network {self.label}", problem, hint="add time_steps = 4, say")

    def build(self, neuron: Neuron, *, classes: int, channels: int, seed: int) -> Built:
        """What the factory makes, with weights that the file is still to give."""
        from torch import nn, random

        from harness.engine.networks import Network as Whole
        from harness.engine.networks import given

        where = f"network factory {self.factory}"
        factory = components.found(self.factory)
        if self.code and self.code != components.code_imported(self.factory.partition(":")[0]):
            hint = "give the command again, which plans with its Python as it is now"
            raise HarnessError(where, components.CHANGED, hint=hint)
        with random.fork_rng(devices=()):  # what it draws is overwritten, and disturbs nobody
            try:
                module = factory(**self.arguments)
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                hint = "its keyword arguments are the table `arguments`"
                raise HarnessError(where, f"makes no network: {said}", hint=hint) from error
        if not isinstance(module, nn.Module):
            raise HarnessError(where, f"makes a {type(module).__name__}, no torch.nn.Module")
        if not isinstance(module, Whole):
            how = {name: getattr(self, name) for name in ("time", "time_steps", "encoding")}
            return given(module, **how, layers=self.layers or None)
        if self.layers or self.time != "none":
            problem = "makes a network of the engine, which knows its layers and its time"
            raise HarnessError(where, problem, hint="leave out `layers` and `time`")
        return module
