"""Where each key of a TOML text stands: tomllib gives values without places."""

from __future__ import annotations

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*")
_PART = re.compile(_KEY)
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]')


def line_map(text: str) -> dict[Path, int]:
    """Line (from 1) of each table header and each key of a valid TOML `text`.

    Keys of an inline table and elements of an array are not listed: their line is that of the key
    before them, see `line_of`.
    """
    found: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for number, statement in _statements(text):
        header = statement.lstrip()
        if header.startswith("[["):
            *outer, name = _parts(header[2:])
            table = (*_resolved(tuple(outer), arrays), name)
            arrays[table] = arrays.get(table, -1) + 1
            table = (*table, arrays[table])
            found.setdefault(table[:-1], number)
        elif header.startswith("["):
            table = _resolved(_parts(header[1:]), arrays)
        else:
            key = _parts(header)
            for length in range(1, len(key) + 1):
                found.setdefault((*table, *key[:length]), number)
            continue
        for length in range(1, len(table) + 1):
            found.setdefault(table[:length], number)
    return found


def line_of(path: Path, lines: dict[Path, int]) -> int:
    """Line of `path`, or of the nearest thing around it that has one; 1 for the file itself."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Number and first line of each header or key, without what a value spreads over more."""
    depth, quote = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        begins = depth == 0 and not quote
        if begins and line.strip() and not line.lstrip().startswith("#"):
            yield number, line
            if line.lstrip().startswith("["):
                continue
        depth, quote = _after(line, depth, quote)


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Bracket depth and open multi-line quote after `line`."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
            continue
        token = _TOKEN.search(line, at)
        if not token:
            break
        at = token.end()
        if token[0] in ('"""', "'''"):
            quote = token[0]
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
    return max(depth, 0), quote


def _parts(text: str) -> Path:
    match = _DOTTED.match(text)
    if not match:
        return ()
    return tuple(part if part[0] not in "\"'" else part[1:-1] for part in _PART.findall(match[1]))


def _resolved(parts: Path, arrays: dict[Path, int]) -> Path:
    """`parts` with the index of the latest element wherever one names an array of tables."""
    path: Path = ()
    for part in parts:
        path = (*path, part)
        if path in arrays:
            path = (*path, arrays[path])
    return path
