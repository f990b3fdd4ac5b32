"""The licence of every installed package, held against those that need no reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

TABLE = Path(__file__).with_name("licences.toml")
OURS = "snn-cka-harness"
_WORD = re.compile(r"\s*(\(|\)|\bAND\b|\bOR\b|(?:(?!\bAND\b|\bOR\b)[^()])+)")


@dataclass(frozen=True)
class Rules:
    """The table of the file beside this one."""

    permissive: frozenset[str]
    said: Mapping[str, str]
    looked_up: Mapping[str, str]
    exceptions: Mapping[str, str]  # licence → why it may be there

    def unreasoned(self, expression: str) -> frozenset[str]:
        """The licences of an SPDX expression that are neither permissive nor excused; of an OR the
        better side counts.
        """
        return _Reader(expression, self.permissive | self.exceptions.keys()).read()


@dataclass(frozen=True)
class Package:
    """A package and its licence as SPDX has it; "" where nothing is known."""

    name: str
    version: str
    licence: str


def rules(table: Path = TABLE) -> Rules:
    """The rules as they are written down."""
    read = tomllib.loads(table.read_text(encoding="utf-8"))
    exceptions = {one["licence"]: one["why"] for one in read["exception"]}
    return Rules(frozenset(read["permissive"]), read["said"], read["looked_up"], exceptions)


def packages(known: Rules, among: Iterable[Distribution] | None = None) -> tuple[Package, ...]:
    """What is installed here, by name."""
    found = {}
    for one in distributions() if among is None else among:
        name = str(one.metadata["Name"]).lower().replace("_", "-")
        if name != OURS:
            found[name] = Package(name, one.version, _licence(one, name, known))
    return tuple(found[name] for name in sorted(found))


def problems(found: Iterable[Package], known: Rules) -> list[str]:
    """A sentence for each package that has no licence, or one without a reason."""
    said = []
    for package in found:
        if not package.licence:
            said.append(f"{package.name}: says no licence; look it up and add it to licences.toml")
        elif wrong := known.unreasoned(package.licence):
            names = ", ".join(sorted(wrong))
            said.append(f"{package.name}: {names} is not permissive; replace it, or say why not")
    return said


def _licence(one: Distribution, name: str, known: Rules) -> str:
    """The expression of PEP 639, else the classifiers, else the first line of the old field."""
    metadata = one.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    if name in known.looked_up:
        return known.looked_up[name]
    classes = [
        str(line).rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if str(line).startswith("License :: OSI Approved :: ")
    ]
    if len(classes) == 1:
        return known.said.get(classes[0], classes[0])
    first = str(metadata.get("License") or "").strip().partition("\n")[0]
    return known.said.get(first, first)


class _Reader:
    """An SPDX expression, read from left to right; AND binds tighter than OR."""

    def __init__(self, expression: str, fine: Iterable[str]) -> None:
        self.words = [word.strip() for word in _WORD.findall(expression) if word.strip()]
        self.fine = frozenset(fine)

    def read(self) -> frozenset[str]:
        wrong = self._all()
        while self.words and self.words[0] == "OR":
            self.words.pop(0)
            wrong = min(wrong, self._all(), key=len)
        return wrong

    def _all(self) -> frozenset[str]:
        wrong = self._one()
        while self.words and self.words[0] == "AND":
            self.words.pop(0)
            wrong |= self._one()
        return wrong

    def _one(self) -> frozenset[str]:
        word = self.words.pop(0) if self.words else ""
        if word == "(":
            wrong = self.read()
            self.words[:1] = []  # its end
            return wrong
        return frozenset() if word in self.fine else frozenset({word})
