"""Result folders as a report writes them, small enough to be changed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ENVIRONMENT = {"harness": "0.1.0", "packages": {"torch": "2.15.0"}, "gpus": []}


def cell(depth: str, value: float | None, status: str = "PASS", **more: Any) -> dict[str, Any]:
    said = {"levels": {"depth": depth, "width": ""}, "quantity": "accuracy", "status": status}
    said |= {"golden": "90", "tolerance": 0.5, "basis": "stated"}
    return said | {"value": value, "text": "", "unit": "percent"} | more


def claim(status: str, measured: str, **more: Any) -> dict[str, Any]:
    said = {"id": "falls", "text": "It falls.", "status": status, "predicate": "q is below 0.5"}
    return said | {"measured": measured, "counted": True, "basis": "stated"} | more


def exhibit(folder: Path, name: str = "table1", **changed: Any) -> Path:
    """Write one exhibit's verdict.json and provenance.json below `folder`."""
    verdict: dict[str, Any] = {
        "version": 1,
        "exhibit": name,
        "profile": "smoke",
        "word": "reproduced",
        "golden": "paper",
        "sentence": "every cell lies inside",
        "cells": [cell("20", 90.5), cell("38", 92.0)],
        "claims": [claim("PASS", "-0.9")],
    }
    node = {"key": "a" * 64, "stored": True, "environment": ENVIRONMENT}
    node |= {"spec": {"recipe": {"epochs": 2}, "x": {"recipe": {"epochs": 7}}}}
    provenance: dict[str, Any] = {
        "version": 1,
        "spec": {"file": "specs/paper/table1.toml", "text": 'id = "table1"\ntitle = "A"\n'},
        "nodes": [node],
    }
    for field, value in changed.items():
        (verdict if field in verdict else provenance if field in provenance else node)[field] = (
            value
        )
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "verdict.json").write_text(json.dumps(verdict))
    (folder / name / "provenance.json").write_text(json.dumps(provenance))
    return folder
