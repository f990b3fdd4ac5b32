"""What all measures have in common, and what a run is."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from harness.errors import HarnessError
from harness.measures.reading import Map, Reading
from harness.measures.work import Work, bytes_of, images_in, passes, size_of_training, step_of
from harness.parts import components
from harness.parts.base import Name, Part, Spec, suggestion
from harness.parts.datasets import Dataset
from harness.parts.measurement import Numerics
from harness.parts.networks import Alexnet, Network
from harness.parts.neurons import Neuron
from harness.parts.recipe import Recipe

if TYPE_CHECKING:
    from harness.engine.networks import Network as Built
    from harness.runs.place import Numbers, Place, Report


class Run(Spec):
    """What one node computes, fully resolved: the values that make its key.

    `code` names what computes it, "module:function" of (spec, place, report), loaded when it runs.
    `kind` and `revision` are part of every key, so old numbers never pass for new ones. Raise a
    revision when a change of code may change a number, and only then: `tests/runs/
    test_revisions.py` pins the numbers of a tiny run of each kind, so a change that forgets it does
    not pass. The kind of a run that others wrote is its place, and its Python is part of the key.
    """

    kind: ClassVar[str] = ""
    code: ClassVar[str] = ""
    revision: ClassVar[int] = 1
    kinds: ClassVar[dict[str, type[Run]]] = {}

    def __init_subclass__(
        cls, kind: str = "", code: str = "", revision: int = 1, **keywords: Any
    ) -> None:
        super().__init_subclass__(**keywords)
        cls.kind, cls.code, cls.revision = kind, code, revision
        if components.is_own(cls):
            cls.kind = components.place_of(cls)
        cls.kinds[cls.kind] = cls

    @classmethod
    def named(cls, kind: str) -> type[Run]:
        """The kind of run of this name, imported if others wrote it.

        Raises:
            HarnessError: there is none.
        """
        if kind not in cls.kinds and ":" in kind:
            components.found(kind)
        if kind not in cls.kinds:
            problem = f"no kind of node is called {kind!r}"
            raise HarnessError("kind", problem, hint=suggestion(kind, cls.kinds))
        return cls.kinds[kind]

    @classmethod
    def of(cls, kind: str, spec: Mapping[str, Any]) -> Run:
        """The run of a kind whose spec was written down, whole or as it enters the key.

        Raises:
            HarnessError: there is no such kind, or its Python is another one now.
            ValidationError: it is no spec of this kind.
        """
        made, said = cls.named(kind), dict(spec)
        if components.is_own(made) and said.pop(components.CODE, None) not in (
            None,
            components.code_of(made),
        ):
            raise HarnessError(kind, components.CHANGED)
        return made.model_validate_json(json.dumps(said), strict=True)

    @classmethod
    def load(cls) -> Callable[[Any, Place, Report], Numbers] | None:
        """The code, whose module imports torch; None of a run that has its own `run`."""
        module, _, name = cls.code.partition(":")
        found: Callable[[Any, Place, Report], Numbers] | None = None
        if module:
            found = getattr(import_module(module), name)
        return found

    def run(self, place: Place, report: Report) -> Numbers:
        """Compute, and leave the files of the node in `place.files`."""
        code = self.load()
        if code is None:
            raise NotImplementedError(f"a run of kind {self.kind!r} has neither code nor `run`")
        return code(self, place, report)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """What a run of this spec computes, for the costs of a plan; one that says nothing costs
        nothing until a run like it is stored. The spec is as it was stored, fields of today or not.
        """
        return Work()

    @classmethod
    def disk_bytes(cls, spec: Mapping[str, Any]) -> int:
        """Bytes that it leaves, beside a little."""
        return 0

    @property
    def copied_bytes(self) -> int:
        """Bytes of a file that it leaves a copy of, beside `disk_bytes`."""
        return 0


class Training(Run, kind="train", code="harness.runs.train:run", revision=2):
    """One network trained once."""

    dataset: Dataset
    network: Network
    neuron: Neuron
    recipe: Recipe
    numerics: Numerics
    seed: int = Field(ge=0, le=2**31 - 1)

    @property
    def label(self) -> str:
        """`resnet-20 x2 lif T=4 cifar10 seed 0`, untrained or not."""
        said = f"{self.network.label} {self.neuron.label} {self.dataset.name} seed {self.seed}"
        return said if self.recipe.epochs else f"untrained {said}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Of a training, or of what stands in its place for a network that was trained elsewhere:
        the kind of its network tells.
        """
        if cls is not Training:
            return handler(source)
        kinds = {one.kind: handler.generate_schema(one) for one in Training.__subclasses__()}

        def choice(value: Any) -> str:
            for name in (
                "network",
                "kind",
            ):  # of a model, or as written
                is_written = isinstance(value, dict)
                value = value.get(name) if is_written else getattr(value, name, None)
            return value if isinstance(value, str) and value in kinds else cls.kind

        return core_schema.tagged_union_schema({cls.kind: handler(source), **kinds}, choice)

    @property
    def steps(self) -> int:
        """Time steps of one presentation."""
        return self.neuron.steps

    def build(self) -> Built:
        """The network with its initial weights."""
        classes, channels = self.dataset.classes, self.dataset.channels
        return self.network.build(self.neuron, classes=classes, channels=channels, seed=self.seed)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Each epoch trains, and takes the test accuracy; without one all images are seen once."""
        recipe, size = spec["recipe"], size_of_training(spec)
        images, tests = images_in(spec["dataset"])
        batch, precision = recipe["batch"], recipe["precision"]
        parts = ceil(batch / (recipe.get("micro_batch") or batch))
        step = step_of(size, batch, precision, recipe.get("checkpoint_activations", False), parts)
        tested = passes(size, tests, width=bytes_of(precision))
        if not recipe["epochs"]:
            return tested + passes(size, images, batch, width=bytes_of(precision))
        return (step.times(images / batch) + tested).times(recipe["epochs"])

    @classmethod
    def disk_bytes(cls, spec: Mapping[str, Any]) -> int:
        """Weights at 4 bytes each."""
        return 4 * size_of_training(spec).weights


def data_of(run: Spec) -> tuple[Dataset, ...]:
    """The data sets in the spec of a run, which are all that it reads; most have one, and what
    counts a network as built has none.
    """
    found: list[Dataset] = []
    for value in run.__dict__.values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Dataset):
                found.append(one)
            elif isinstance(one, Spec):
                found += data_of(one)
    return tuple(dict.fromkeys(found))


class Pretrained(Spec):
    """A network whose weights are had as a file, published or given."""

    network: Alexnet
    numerics: Numerics

    @property
    def label(self) -> str:
        """`alexnet of imagenet`."""
        return f"{self.network.label} of {self.network.weights}"


class Side(Spec):
    """One network of a measure: that of the point, but for what is said here."""

    network: Name | None = None
    neuron: Name | None = None
    seed: int = Field(default=0, ge=0, le=1000, description="added to the seed of the point")
    epoch: Literal["last", "best"] | None = Field(
        default=None,
        description="whose weights it has, as `recipe.kept_epoch`: of that of the point",
    )

    @property
    def axes(self) -> dict[str, str]:
        """The values of axes that it says."""
        said = {"network": self.network, "neuron": self.neuron, "recipe.kept_epoch": self.epoch}
        return {axis: value for axis, value in said.items() if value}


MEASURED = ("cka", "attack", "probe", "regression", "activation_maximisation")
"""The parts of a measurement, taken from named blocks; the others are those of a training."""
TRAINED = ("network", "neuron", "dataset", "recipe")


class Measure(Part, family="measure"):
    """One kind of measure.

    `makes` is its kind of run, `needs` are the blocks that a point must name; `index` the columns
    that it adds to the axes of the grid to tell its cells apart, along which claims may run too;
    `at_published_size` says that every profile takes it so. `file` of the node holds its numbers,
    `arrays` its tensors, if it has any, and `beside` more of them, which runs of before do not
    have. `quantities` are what `read` may give; of them `fine` have so many cells that they are
    drawn and kept in frame.csv, but never listed on the page, and `held` are those that a measured
    golden file has.
    """

    kind: str
    makes: ClassVar[type[Run]]
    at_published_size: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = TRAINED
    index: ClassVar[tuple[str, ...]] = ()
    file: ClassVar[str]
    arrays: ClassVar[str] = ""
    beside: ClassVar[str] = ""
    quantities: ClassVar[tuple[str, ...]]
    fine: ClassVar[tuple[str, ...]] = ()
    held: ClassVar[tuple[str, ...]] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """The trainings that it needs at a point, x before y; that of the point, if it has none."""
        named = (getattr(self, name, None) for name in ("x", "y"))
        return tuple(side for side in named if side is not None) or (Side(),)

    @property
    def known_levels(self) -> Mapping[str, tuple[str, ...]]:
        """Axis of `index` → all levels that it adds, where these are known before it is run."""
        return {}

    @property
    def blocks(self) -> Mapping[str, tuple[str, ...]]:
        """Part → the named blocks that it takes it from, in the field of this name: one, or those
        of a measure that has several.
        """
        said = {part: getattr(self, part) for part in MEASURED if part in type(self).model_fields}
        return {part: (one,) if isinstance(one, str) else one for part, one in said.items()}

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """The run that holds the numbers: `trainings` has one for each side, `parts` the blocks.

        Its fields are those of the measure with the blocks in place of their names, those of the
        training, and the trainings as `x` and `y`, which are run first: their folders are known by
        these names.
        """
        x, y = trainings[0], trainings[1] if trainings[1:] else None
        if isinstance(x, self.makes):  # its numbers are those of the training
            return x
        said = {**x.__dict__, **self.__dict__, **parts, "x": x, "y": y}
        return self.makes(**{name: said[name] for name in self.makes.model_fields})

    @abstractmethod
    def label(self, run: Any) -> str:
        """What people call its run."""

    @abstractmethod
    def read(self, content: Mapping[str, Any]) -> Iterable[Reading]:
        """The numbers of a run, from its file; under "arrays" are its tensors.

        Raises:
            KeyError: the file lacks a field.
        """

    def maps(self, content: Mapping[str, Any]) -> Iterable[Map]:
        """The maps of a run, which are drawn; only of a measure that has some."""
        return ()

    @property
    def has_maps(self) -> bool:
        """Whether it has some."""
        return type(self).maps is not Measure.maps


class OfWeights(Measure):
    """A measure of AlexNet's weights: a stand-in is trained first; where they are had as a file,
    only the network is of interest.
    """

    needs = ("network", "dataset", "recipe")  # it has ReLUs

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """Of the training, or of the network alone."""
        run, network = super().resolved(trainings, parts), trainings[0].network
        if not isinstance(network, Alexnet) or network.is_trained_here:
            return run
        alone = Pretrained(network=network, numerics=trainings[0].numerics)
        return run.model_copy(update={"x": alone})
