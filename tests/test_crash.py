"""What nobody foresaw has an exit code of its own, a log, and a sentence how to report it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.typed import typed

ROOT = Path(__file__).resolve().parent.parent


def broken(*_: object, **__: object) -> None:
    raise ValueError("of no\nkind")


def test_a_crash_ends_with_70_and_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("harness.spec.library.read", broken)
    said = typed("list", monkeypatch, capsys)
    assert (said.code, said.out) == (70, "")
    found = re.fullmatch(
        r"harness: unforeseen fault, ValueError: of no – please report it as a bug of the harness, "
        r"with (.*/harness-crash-.*\.log)\n",
        said.err,
    )
    assert found
    log = Path(found[1]).read_text(encoding="utf-8")
    assert "harness list\n" in log
    assert "Traceback (most recent call last)" in log
    assert "in broken" in log


def test_without_a_folder_for_logs_the_traceback_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none_usable(**_: object) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.mkstemp", none_usable)
    monkeypatch.setattr("harness.spec.library.read", broken)
    said = typed("list", monkeypatch, capsys)
    assert said.code == 70
    assert "with these lines:\nharness 0" in said.err
    assert "in broken" in said.err


@pytest.mark.parametrize(
    ("module", "code", "told"),
    [
        ("cyclopts", 2, f"harness: the package cyclopts is not installed for {sys.executable} – "),
        ("torch.nn", 2, "harness: the package torch is not installed for "),
        ("annotated_types", 2, "harness: the package annotated_types is not installed for "),
        ("harness.nosuch", 70, "harness: unforeseen fault, ModuleNotFoundError: "),
    ],
)
def test_a_package_that_is_not_installed_is_no_bug(
    module: str,
    code: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lacking(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("harness.spec.library.read", lacking)
    said = typed("list", monkeypatch, capsys)
    assert said.code == code
    assert said.err.startswith(told)
    known = {"cyclopts": "'cyclopts>=5.5'", "torch.nn": "'torch>=2.11'"}
    fix = f" -m pip install {known.get(module, module)}\n"
    assert said.err.endswith(fix) is (code == 2)


NEEDED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BLOCKED = """
import sys
absent = sys.argv[1].split(",")
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
sys.argv = ["harness", "doctor", "--quiet"]
from harness.__main__ import main
main()
"""


def doctor_without(*packages: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, ",".join(packages)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("package", [one.partition(">")[0] for one in NEEDED["dependencies"]])
def test_the_doctor_comes_to_whoever_lacks_a_package(package: str) -> None:
    said = doctor_without(package)
    assert "Traceback" not in said.stderr
    assert said.returncode in (0, 1, 2), said.stderr
    if said.returncode == 2:
        assert said.stderr.startswith(f"harness: the package {package} is not installed for ")


def test_all_that_is_missing_is_named_at_once_and_torch_is_left_alone() -> None:
    said = doctor_without("pydantic", "filelock", "xxhash")
    assert said.returncode == 2
    assert said.stderr.startswith("harness: the packages filelock, pydantic and xxhash are not ")
    assert said.stderr.endswith("install 'filelock>=4.2' 'pydantic>=2.11' 'xxhash>=3.5'\n")


def test_what_the_system_refuses_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("harness.spec.library.read", refused)
    said = typed("list", monkeypatch, capsys)
    assert said.code == 3
    assert said.err.startswith("/somewhere: Permission denied – ")
    assert said.err.count("\n") == 1
