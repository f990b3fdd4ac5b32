"""A trained network, tested once more in other ways: evaluation.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.errors import HarnessError
from harness.measures.base import Measure, Run, Training
from harness.measures.cka import refuse_shuffling
from harness.measures.reading import PERCENT, Reading, defined
from harness.measures.work import Work, images_in, shown

AS_TRAINED, WITHOUT_AUTOCAST, SHUFFLED = "as-trained", "without-autocast", "shuffled"
ONE_STEP = "one-step-stage-"
ONE_TIME_STEP = "the network has one time step"

Way = Annotated[str, Field(pattern=rf"^({WITHOUT_AUTOCAST}|{SHUFFLED}|{ONE_STEP}[123](-[123])*)$")]


class EvaluationRun(Run, kind="evaluation", code="harness.runs.evaluation:run"):
    """All test images, answered by one trained network in several ways."""

    x: Training
    ways: tuple[Way, ...]

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """The test images, once as trained and once in each way."""
        _, tests = images_in(spec["x"]["dataset"])
        return shown(spec, tests * (1 + len(spec["ways"])))


class Evaluation(Measure):
    """Top-1 accuracy of the stored weights, tested as in training (`as-trained`) and in other ways,
    and how many answers are others then: `without-autocast` in float32, as the published code
    tests; `shuffled`, each neuron handing on its spikes at other time steps; `one-step-stage-1`,
    `one-step-stage-1-2` and so on with these stages at one time step, without training it so.
    """

    kind: Literal["evaluation"]
    ways: tuple[Way, ...] = Field(min_length=1, description="beside `as-trained`")
    index = ("way",)
    makes = EvaluationRun
    file = "evaluation.json"
    quantities = ("test_accuracy", "moved_answers")
    held = ("test_accuracy",)

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """Raises HarnessError where the network cannot be tested so."""
        network = trainings[0].network
        if SHUFFLED in self.ways:
            refuse_shuffling(trainings[0], "measure evaluation: ways")
        if any(map(stages_of, self.ways)) and not hasattr(network, "one_step_stages"):
            problem = f"{network.label} has no stages that could run one time step"
            hint = "name a network of kind resnet, or leave these ways out"
            raise HarnessError("measure evaluation: ways", problem, hint=hint)
        return super().resolved(trainings, parts)

    def label(self, run: EvaluationRun) -> str:
        """`2 evaluations of …`."""
        return f"{1 + len(run.ways)} evaluations of {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Accuracy and the share of answers that are not those as trained, for each way."""
        for row in content["ways"]:
            at, said = {"way": str(row["way"])}, ONE_TIME_STEP
            yield defined("test_accuracy", PERCENT, row["accuracy"], said, at)
            if row["way"] != AS_TRAINED:
                yield defined("moved_answers", "percent of the images", row["moved"], said, at)


def stages_of(way: str) -> tuple[int, ...]:
    """The stages that run one time step: (1, 2) of `one-step-stage-1-2`; none of other ways."""
    if not way.startswith(ONE_STEP):
        return ()
    return tuple(sorted({int(stage) for stage in way.removeprefix(ONE_STEP).split("-")}))
