"""What an executor tells while it works; a screen draws it, a test reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.runs.place import Progress


@dataclass(frozen=True)
class Started:
    """A worker took the node up."""

    key: str
    resumed: int  # how many times the run was interrupted before


@dataclass(frozen=True)
class Advanced:
    """A run reports where it is."""

    key: str
    progress: Progress


@dataclass(frozen=True)
class Waiting:
    """Another process is running the same node; this one waits for its result."""

    key: str
    holder: str


@dataclass(frozen=True)
class Retried:
    """The worker or its machine died; another takes the node up where its checkpoint is."""

    key: str
    problem: str
    attempt: int  # of `of`, this one counted
    of: int


@dataclass(frozen=True)
class Finished:
    """The node is in the store."""

    key: str
    wall_s: float
    here: bool  # False when another process had finished it


@dataclass(frozen=True)
class Failed:
    """The node will not be there: why, and where to read more."""

    key: str
    problem: str
    log: str = ""
    tail: tuple[str, ...] = ()
    cause: str = ""  # the node whose failure kept this one from running


Event = Started | Advanced | Waiting | Retried | Finished | Failed


def event_record(event: Event) -> dict[str, Any]:
    """The event as JSON values, its name under `event`."""
    return {"event": type(event).__name__.lower(), **asdict(event)}
