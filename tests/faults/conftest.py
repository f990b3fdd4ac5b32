"""What an undisturbed command leaves, made once; everything here needs /proc."""

from __future__ import annotations

import sys

import pytest

from tests.faults.drivers import Contents, contents, reproduce

if not sys.platform.startswith("linux"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """An ANN and an SNN, trained in peace."""
    folder = tmp_path_factory.mktemp("undisturbed")
    reproduce(folder)
    found = contents(folder)
    assert [set(files) for files in found.values()] == [{"metrics.json", "network.safetensors"}] * 2
    return found
