"""What a run tells: events to whoever started it, which a screen draws and a test reads, and a log
file of its own: one JSON object a line, so that people and programs read it alike.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.files import open_plain
from harness.runs.place import Progress

LINES = 8  # of a log that a failure shows


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
class Strayed:
    """A training is not where such trainings were known to be after an epoch."""

    key: str
    problem: str


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
    lacked_gpu_memory: bool = False  # then a larger share of a GPU helps


Event = Started | Advanced | Strayed | Waiting | Retried | Finished | Failed


def event_record(event: Event) -> dict[str, Any]:
    """The event as JSON values, its name under `event`."""
    return {"event": type(event).__name__.lower(), **asdict(event)}


class _JsonLines(logging.Formatter):
    """What is no sentence (`extra={"fields": …}`) lies beside the message, so that a failure does
    not repeat it.
    """

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": when, "level": record.levelname, "message": record.getMessage()}
        return json.dumps(said | getattr(record, "fields", {}), ensure_ascii=False)


class _Log(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Leave a line out that the disk does not take: a run is not lost for its log, and
        publishing finds a disk that stays full.
        """


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Everything logged by the harness, and every warning, goes to `path` meanwhile.

    Raises OSError where the file cannot be opened; what cannot be written later is left out.
    """
    handler = _Log(path, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    loggers = [logging.getLogger(name) for name in ("harness", "py.warnings")]
    logging.captureWarnings(True)
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    loggers[0].setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            yield
    finally:
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        with suppress(OSError):  # what was not written yet
            handler.close()


def tail(path: Path, lines: int = LINES) -> tuple[str, ...]:
    """The last messages of a log, as text."""
    try:
        with open_plain(path) as file:
            last = deque((line.decode(errors="replace") for line in file), maxlen=lines)
    except OSError:
        return ()
    rows: list[str] = []
    for line in last:
        try:
            rows += str(json.loads(line)["message"]).splitlines()
        except (ValueError, KeyError, TypeError):  # cut off by a kill
            rows += line.rstrip().splitlines()
    return tuple(rows[-lines:])
