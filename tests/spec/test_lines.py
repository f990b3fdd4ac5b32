"""Each key of a TOML text is found on the line where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.spec.document import parse_document, read_document
from harness.spec.lines import line_map, line_of

TEXT = '''\
# a comment
id = "x"            # 2
many = [
    1,
    2,  # a ] in a comment
]
quoted = """
not.a.key = 1
[not.a.table]
"""
last = { a = 1, b = "]" }

[table]             # 13
depth = 20
"strange key" = 1
dotted.inner = 2

[[grid]]            # 18
a = 1

[[grid]]            # 21
a = 2
[grid.deep]         # 23
b = 3
'''

PLACES = [
    (("id",), 2),
    (("many",), 3),
    (("many", 1), 3),  # an element has the line of its array
    (("quoted",), 7),
    (("last",), 11),
    (("last", "a"), 11),  # so has a key of an inline table
    (("table",), 13),
    (("table", "depth"), 14),
    (("table", "strange key"), 15),
    (("table", "dotted", "inner"), 16),
    (("grid",), 18),
    (("grid", 0, "a"), 19),
    (("grid", 1), 21),
    (("grid", 1, "a"), 22),
    (("grid", 1, "deep", "b"), 24),
    ((), 1),
    (("absent",), 1),
]


@pytest.mark.parametrize(("path", "line"), PLACES)
def test_each_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)  # the text is valid, so a wrong line is our fault
    assert line_of(path, line_map(TEXT)) == line


def test_keys_inside_multi_line_strings_are_no_keys() -> None:
    assert ("not", "a", "key") not in line_map(TEXT)
    assert ("not",) not in line_map(TEXT)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_as_editors_save_it_has_the_same_values_and_lines(
    tmp_path: Path, encoding: str, end: str
) -> None:
    path = tmp_path / "t.toml"
    path.write_bytes(TEXT.replace("\n", end).encode(encoding))
    document = read_document(path, "t.toml")
    plain = parse_document(path, "t.toml", TEXT)
    assert (document.data, document.lines) == (plain.data, plain.lines)
    assert str(document.fault(("table", "depth"), "wrong")).startswith("t.toml:14:")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.toml"
    path.write_bytes(TEXT.encode(encoding))
    with pytest.raises(HarnessError, match=r"t.toml: is UTF-16 or UTF-32 text – save it as UTF-8"):
        read_document(path, "t.toml")
