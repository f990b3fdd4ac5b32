"""A written report of a synthetic store, made once for the tests that only read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.check.verdict import Verdict
from harness.execute.events import Failed
from harness.layout import Layout
from harness.report.results import write_results
from harness.spec.library import Library
from harness.spec.profile import Profile
from tests.synthetic import SyntheticStore, folders, library, plan


@dataclass(frozen=True)
class Opened:
    """What a command opened, as far as a report is concerned."""

    layout: Layout
    library: Library
    profile: Profile
    command: str


Write = Callable[..., tuple[Verdict, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the results of a store under tmp_path/out."""
    return writer(tmp_path)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Verdict, ...]]:
    """A folder with the results of both tables under the paper profile, only to be read."""
    folder = tmp_path_factory.mktemp("written")
    verdicts = writer(folder)(SyntheticStore(plan("table1", "tableD1")))
    return folder, verdicts


def writer(folder: Path) -> Write:
    """What writes results under folder/out."""

    def write_all(
        store: SyntheticStore,
        profile: str = "paper",
        failures: dict[str, Failed] | None = None,
        command: str = "harness reproduce table1",
        books: Library | None = None,
    ) -> tuple[Verdict, ...]:
        opened = Opened(folders(folder), books or library(), library().profile(profile), command)
        return write_results(opened, store.plan, store, failures or {}).verdicts

    return write_all
