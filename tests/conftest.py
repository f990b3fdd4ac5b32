"""Fixtures that several rooms share: a project whose specs a test may break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout under test."""
    return ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of specs/, golden/ and paper_figures/ that a test may change."""
    for folder in ("specs", "golden", "paper_figures"):
        shutil.copytree(ROOT / folder, tmp_path / "project" / folder)
    shutil.copy(ROOT / "study.toml", tmp_path / "project")
    return tmp_path / "project"
