"""A log file per run: one JSON object a line, so that people and programs read it alike.

Values that are no sentence (`extra={"fields": …}`) lie beside the message, and a failure does not
repeat them.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

LINES = 8  # of a log that a failure shows


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": when, "level": record.levelname, "message": record.getMessage()}
        said |= getattr(record, "fields", {})
        return json.dumps(said, ensure_ascii=False)


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
        with path.open(encoding="utf-8", errors="replace") as file:
            last = deque(file, maxlen=lines)
    except OSError:
        return ()
    return tuple(row for line in last for row in _message(line).splitlines())[-lines:]


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line.rstrip()  # cut off by a kill
