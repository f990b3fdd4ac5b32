"""The tables of breaks: each still fits its source and names tests that exist. Trying them is a job
of its own, `nox -s mutants`.
"""

from __future__ import annotations

import ast
import dataclasses
import textwrap
from pathlib import Path

import pytest

from harness.errors import HarnessError
from tests.mutants.mutant import Mutant, mutants, named
from tests.mutants.trial import Outcome, require_whole, tried

ALL = mutants()
FEWEST = 20


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_each_changes_one_place_of_a_source_that_still_parses(mutant: Mutant, root: Path) -> None:
    assert mutant.line(root) >= 1
    assert mutant.right != mutant.broken
    source = (root / mutant.file).read_text(encoding="utf-8")
    ast.parse(source.replace(mutant.right, mutant.broken))


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_each_names_tests_that_exist(mutant: Mutant, root: Path) -> None:
    assert mutant.tests
    for test in mutant.tests:
        file, _, function = test.partition("::")
        assert (root / file).exists(), test
        if function:
            tree = ast.parse((root / file).read_text(encoding="utf-8"))
            assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, test


def test_there_are_enough_and_words_choose_among_them() -> None:
    assert len(ALL) >= FEWEST
    assert all("tdbn" in one.name for one in named(ALL, ["tdbn"]))
    with pytest.raises(HarnessError, match="lif decay as leak"):
        named(ALL, ["no such name"])


MUTANT = Mutant(
    name="minus",
    says="the sum is a difference",
    file="harness/add.py",
    right="a + b",
    broken="a - b",
    tests=("tests/test_add.py",),
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one function and two tests."""
    for folder in ("harness", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "harness/__init__.py").touch()
    (tmp_path / "harness/add.py").write_text("def add(a, b):\n    return a + b\n")
    tests = """
        from harness.add import add

        def test_small_ones():
            assert add(2, 0) == 2

        def test_large_ones():
            assert add(2, 2) == 4
        """
    (tmp_path / "tests/test_add.py").write_text(textwrap.dedent(tests))
    return tmp_path


def test_a_break_is_caught_in_a_copy_and_the_project_stays(small: Path) -> None:
    require_whole([MUTANT], small)
    trial = tried(MUTANT, small)
    assert (trial.outcome, trial.line) == (Outcome.CAUGHT, 2)
    assert trial.noticed_by == "tests/test_add.py::test_large_ones"
    assert (small / "harness/add.py").read_text() == "def add(a, b):\n    return a + b\n"


def test_a_break_that_no_test_sees_survives(small: Path) -> None:
    blind = dataclasses.replace(MUTANT, tests=("tests/test_add.py::test_small_ones",))
    assert tried(blind, small).outcome is Outcome.SURVIVED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"broken": "a +"}, "pytest ended with 2"),  # a copy that cannot be imported
        ({"tests": ("tests/test_add.py::test_gone",)}, "pytest ended with 4"),
        ({"right": "b + a"}, "exactly once .got 0 times"),
        ({"right": "a"}, "exactly once .got 3 times"),
        ({"file": "harness/gone.py"}, "no file harness/gone.py"),
    ],
)
def test_what_proves_nothing_is_a_fault(small: Path, change: dict[str, object], said: str) -> None:
    broken = dataclasses.replace(MUTANT, **change)  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match=said):
        tried(broken, small)


def test_tests_that_fail_anyway_are_a_fault(small: Path) -> None:
    MUTANT.apply(small)
    with pytest.raises(HarnessError, match="unbroken copy"):
        require_whole([MUTANT], small)
