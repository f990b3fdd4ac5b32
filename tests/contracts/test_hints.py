"""What a message tells the user to type is there to be typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.cli.typed import NAMES, arguments

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMAND = re.compile(r"\bharness ([a-z]+)\b")
OF_OTHERS = {  # programs that the harness calls, or has the user call
    "--query-gpu", "--format", "--porcelain", "--untracked-files", "--global", "--add",
    "--get-regexp", "--name-only", "--ignore-submodules",
    "--create-dirs", "--force-reinstall", "--standalone", "--nproc-per-node", "--module",
    "--extra", "--head",
}  # fmt: skip
PROSE = {"harness download", "harness holds", "harness makes", "harness reads"}


def told(root: Path) -> Iterator[tuple[str, str]]:
    """Each string of the code that is no docstring, with its place."""
    for path in sorted((root / "harness").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in silent:
                yield f"{path.relative_to(root)}:{node.lineno}", str(node.value)


def test_every_option_that_is_named_exists(root: Path) -> None:
    known = {one for name in NAMES for argument in arguments(name) for one in argument.names}
    known |= {"--help", "--version", "--install-completion", "--show-completion"}
    wrong = {
        f"{place}: {option}"
        for place, text in told(root)
        for option in OPTION.findall(text)
        if option not in known | OF_OTHERS
    }
    assert wrong == set()


def test_every_command_that_is_named_exists_and_has_the_options_beside_it(root: Path) -> None:
    wrong = []
    for place, text in told(root):
        for found in COMMAND.finditer(text):
            if found[1] not in NAMES:
                if found[0] not in PROSE:
                    wrong.append(f"{place}: {found[0]}")
                continue
            beside = re.match(r"(?: --[a-z-]+)*", text[found.end() :])
            having = {one for argument in arguments(found[1]) for one in argument.names}
            options = OPTION.findall(beside[0]) if beside else []
            wrong += [f"{place}: {found[0]} {one}" for one in options if one not in having]
    assert wrong == []


def test_a_parameter_of_python_stands_beside_its_option(root: Path) -> None:
    """Who types a command cannot pass `accept_repacked`."""
    for place, text in told(root):
        assert "accept_repacked" not in text or "--repacked-data" in text, place
