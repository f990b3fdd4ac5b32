"""Every package here has a licence that needs no reason, or a reason."""

from __future__ import annotations

import pytest

from audit.licences import Package, packages, problems, rules

KNOWN = rules()


def test_the_packages_that_are_installed_here() -> None:
    found = packages(KNOWN)
    assert {"torch", "pydantic", "numpy", "filelock"} <= {one.name for one in found}
    locked = _locked()
    ours = [one for one in found if one.name in locked]
    assert problems(ours, KNOWN) == []


def _locked() -> set[str]:
    import tomllib

    from tests.conftest import ROOT

    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return {package["name"] for package in lock["package"]}


@pytest.mark.parametrize(
    ("licence", "wrong"),
    [
        ("MIT", set()),
        ("MIT AND PSF-2.0", set()),
        ("GPL-3.0-only", {"GPL-3.0-only"}),
        ("GPL-3.0-only OR MIT", set()),
        ("MIT AND GPL-3.0-only", {"GPL-3.0-only"}),
        ("GPL-3.0-only OR MIT AND AGPL-3.0", {"GPL-3.0-only"}),
        ("(GPL-3.0-only OR MIT) AND BSD-2-Clause", set()),
        ("(MIT OR ISC) AND (GPL-2.0 OR GPL-3.0-only)", {"GPL-2.0"}),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", set()),
        ("MPL-2.0 AND MIT", set()),  # excused in the table
    ],
)
def test_an_expression_is_as_good_as_its_best_choice(licence: str, wrong: set[str]) -> None:
    assert KNOWN.unreasoned(licence) == wrong


def test_no_licence_and_a_wrong_one_are_named() -> None:
    found = (Package("a", "1", ""), Package("b", "1", "GPL-3.0-only"), Package("c", "1", "MIT"))
    assert [line.partition(":")[0] for line in problems(found, KNOWN)] == ["a", "b"]


def test_every_exception_has_a_reason() -> None:
    assert all(len(why) > 30 for why in KNOWN.exceptions.values())
    assert not KNOWN.permissive & KNOWN.exceptions.keys()
