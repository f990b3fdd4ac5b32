"""CSV files as editors and spreadsheet programs save them, each with the lines of its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.check.table import read_table
from harness.errors import HarnessError

PLAIN = "quantity,depth,value,place\naccuracy,20,91.06,Table 1\n"
READ = [(1, ["quantity", "depth", "value", "place"]), (2, ["accuracy", "20", "91.06", "Table 1"])]


def table(folder: Path, raw: bytes) -> list[tuple[int, list[str]]]:
    path = folder / "t.csv"
    path.write_bytes(raw)
    return read_table(path, "golden/paper/t.csv")


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r\n").encode("utf-8-sig"),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.rstrip().encode(),
        f"{PLAIN}\n\n".encode(),
        f"{PLAIN},,,\r\n,,,\r\n".encode(),
        PLAIN.replace("quantity", '"quantity"').replace("Table 1", '"Table 1"').encode("utf-8-sig"),
    ],
    ids=["plain", "mark", "CRLF", "Excel", "CR", "no end", "empty lines", "empty rows", "quoted"],
)
def test_what_editors_save_is_the_same_table(tmp_path: Path, raw: bytes) -> None:
    assert table(tmp_path, raw) == READ


def test_a_row_stands_on_the_line_where_it_begins(tmp_path: Path) -> None:
    found = table(tmp_path, b'a,b\n"1\n2",3\n\n4,5\n')
    assert found == [(1, ["a", "b"]), (2, ["1\n2", "3"]), (5, ["4", "5"])]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (PLAIN.encode("utf-16"), "t.csv: is UTF-16 or UTF-32 text – save it as UTF-8"),
        (PLAIN.encode("utf-16-le"), "t.csv: is UTF-16 or UTF-32 text"),
        (PLAIN.encode("utf-16-be"), "t.csv: is UTF-16 or UTF-32 text"),
        (PLAIN.encode("utf-32"), "t.csv: is UTF-16 or UTF-32 text"),
        ("a,b\n1,é\n".encode("latin-1"), "t.csv:2: is not UTF-8 text – save it as UTF-8"),
        (PLAIN.replace(",", ";").encode(), "t.csv:1: its fields are separated by ';' – save it"),
        (PLAIN.replace(",", "\t").encode(), r"t.csv:1: its fields are separated by '\t'"),
        (b"", "t.csv:1: holds no values"),
        (b"\xef\xbb\xbf\r\n", "t.csv:1: holds no values"),
    ],
)
def test_what_is_no_such_table_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        table(tmp_path, raw)
    assert said in str(caught.value)
