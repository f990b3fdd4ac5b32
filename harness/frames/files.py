"""A frame as the bytes of frame.csv (its cells) and frame.json (columns, cells, runs)."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from harness.frames.columns import CELL_COLUMNS, RUN_COLUMNS
from harness.frames.frame import Frame
from harness.frames.runs import rows

VERSION = 1
MAPS = "maps.csv.gz"


def frame_csv(frame: Frame) -> bytes:
    """The cells, one line each; an empty value has its reason in the column `why`."""
    text: str = frame.cells.to_csv(index=False, lineterminator="\n")
    return text.encode()


def frame_json(frame: Frame) -> bytes:
    """The whole frame. A null value or std is never an accident: see `why` and `columns`."""
    content = {
        "version": VERSION,
        "exhibit": frame.exhibit,
        "index": list(frame.index),
        "columns": {"cells": dict(CELL_COLUMNS), "runs": dict(RUN_COLUMNS)},
        "cells": records(frame.cells),
        "runs": records(frame.runs),
        "absent": [
            {
                "axes": dict(point.axes),
                "seed": point.seed,
                "key": point.key,
                "why": point.absence.reason,
            }
            for point in frame.points
            if point.absence
        ],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain JSON values."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows(frame)]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
