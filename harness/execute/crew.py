"""Who runs the nodes of a plan, as a user says it: processes here, or tasks of a Ray cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import HarnessError
from harness.parts.base import suggestion
from harness.plan.revisions import REVISIONS

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?"
_PIN = re.compile(rf"(?:(?P<kind>\w+):)?(?P<label>{_NAME})=(?P<value>{_NAME})")


class Where(StrEnum):
    """Which executor."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True)
class Pin:
    """Nodes of a kind, or of every kind, only on machines that carry a label."""

    kind: str | None
    label: str
    value: str


@dataclass(frozen=True)
class Crew:
    """The executor that was asked for; `address`, `retries` and `pins` are Ray's."""

    where: Where = Where.LOCAL
    jobs: int | None = None  # nodes side by side; None: as many as there is room for
    address: str | None = None  # of a running cluster; None: one of its own, on this machine
    retries: int = 2  # of a node whose worker or machine died
    pins: tuple[Pin, ...] = ()

    def labels(self, kind: str) -> Mapping[str, str]:
        """What a machine must carry to run nodes of this kind; what names it beats what does not.

        A later pin of the same label takes the place of an earlier one.
        """
        general = {pin.label: pin.value for pin in self.pins if pin.kind is None}
        return general | {pin.label: pin.value for pin in self.pins if pin.kind == kind}


def parse_pins(typed: Sequence[str]) -> tuple[Pin, ...]:
    """`pool=big` or `train:pool=big`, each once.

    Raises:
        HarnessError: it is neither, or names no kind of node.
    """
    return tuple(map(_pin, typed))


def _pin(typed: str) -> Pin:
    found = _PIN.fullmatch(typed)
    if found is None:
        hint = "write LABEL=VALUE or KIND:LABEL=VALUE, as in train:pool=big"
        raise HarnessError(f"--pin {typed[:80]}", "names no label of a machine", hint=hint)
    if found["kind"] is not None and found["kind"] not in REVISIONS:
        problem = f"no kind of node is called {found['kind']!r}"
        raise HarnessError(f"--pin {typed}", problem, hint=suggestion(found["kind"], REVISIONS))
    return Pin(found["kind"], found["label"], found["value"])
