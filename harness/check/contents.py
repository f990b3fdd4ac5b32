"""What belongs to a set of golden values: contents.toml in its folder, and the provenance of files
that were measured.

What is not there is held against nothing, and nothing does not fail: so which files there are, and
how many lines of each quantity have a value, is written down beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.errors import Faults, HarnessError
from harness.files import read_plain
from harness.parts.base import Name
from harness.spec.document import read_document
from harness.spec.safe_text import decoded
from harness.spec.validate import validate

FILE = "contents.toml"
HEADING = "# The golden files here, and how many lines of each quantity have a value to be held to."

Counts = Mapping[str, int]
"""Quantity → lines of a golden file that have a value."""

Lines = Annotated[int, Field(ge=1)]


def read_contents(folder: Path) -> Mapping[str, Counts]:
    """Golden file → its lines, of the set in `folder`; nothing where no such set is.

    Raises:
        Faults: everything that is wrong in contents.toml, with its lines.
        HarnessError: there is none, and there are golden files.
    """
    path, shown = folder / FILE, _shown(folder, FILE)
    if not path.is_file():
        if any(folder.glob("[!.]*.csv")):
            problem = "is missing, so nothing says which golden values belong here"
            raise HarnessError(shown, problem, hint="bring it back; harness golden writes one")
        return {}
    document = read_document(path, shown)
    found, faults = validate(dict[str, dict[Name, Lines]], document.data, document)
    if faults:
        raise Faults(faults)
    contents: Mapping[str, Counts] = found
    return contents


def require_whole(path: Path, lines: Counts | None) -> None:
    """Raise HarnessError where a golden file, which has `lines` or is not there, is not what
    contents.toml of its folder says.
    """
    shown, here = _shown(path.parent, path.name), _shown(path.parent, FILE)
    wanted = read_contents(path.parent).get(path.name)
    if lines is None and wanted is not None:
        hint = f"bring it back; if it is to go, its table in {here} goes with it"
        raise HarnessError(shown, f"is not there, and {here} says that it belongs there", hint=hint)
    if lines is not None and wanted is None:
        told = ", ".join(f"{quantity} = {n}" for quantity, n in lines.items())
        hint = f'["{path.name}"] with {told}'
        raise HarnessError(here, f"has no table of {shown}", hint=hint)
    for quantity in dict.fromkeys((*(wanted or {}), *(lines or {}))):
        has, should = (lines or {}).get(quantity, 0), (wanted or {}).get(quantity, 0)
        if has != should:
            problem = f"has {has} lines of {quantity} with a value, and {here} says {should}"
            hint = "bring the lines back; or correct the number, with the reason in the commit"
            raise HarnessError(shown, problem, hint=hint)


def provenance_of(path: Path) -> dict[str, Any]:
    """What a measured golden file rests on, as `harness golden` wrote it beside the file.

    Raises:
        HarnessError: there is nothing of the kind, or it is of other bytes than the file has.
    """
    beside = path.with_suffix(".provenance.json")
    shown, hint = _shown(path.parent, beside.name), f"harness golden {path.stem}"
    try:
        said = json.loads(decoded(read_plain(beside), shown))
    except FileNotFoundError:
        problem = f"is missing, so nothing says what {path.name} rests on"
        raise HarnessError(shown, problem, hint=f"bring it back; or {hint}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise HarnessError(shown, f"cannot be read: {error}", hint=hint) from error
    if not isinstance(said, dict) or not isinstance(said.get("environment", {}), dict):
        raise HarnessError(shown, "holds no provenance", hint=hint)
    if said.get("sha256") != sha256(read_plain(path)):
        problem = f"is of other bytes than {path.name} has"
        raise HarnessError(shown, problem, hint=f"bring {path.name} back; or {hint}")
    return said


def sha256(content: bytes) -> str:
    """Of a golden file, without what editors add: a mark, line ends of Windows, empty lines."""
    plain = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return hashlib.sha256(plain.rstrip(b",\n") + b"\n").hexdigest()


def contents_toml(contents: Mapping[str, Counts]) -> str:
    """contents.toml."""
    parts = [HEADING]
    for file, lines in sorted(contents.items()):
        said = (f"{_key(name)} = {n}" for name, n in lines.items())
        parts.append("\n".join((f"[{json.dumps(file)}]", *said)))
    return "\n\n".join(parts) + "\n"


def _key(name: str) -> str:
    return json.dumps(name) if "." in name else name


def _shown(folder: Path, file: str) -> str:
    return f"{folder.parent.name}/{folder.name}/{file}"
