"""A manifest on disk: readable JSON whose last field is the SHA-256 of all the bytes before it.

The seal makes a flipped bit in the manifest itself as visible as one in a file that it lists:
without it a changed headline number would still be valid JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from pydantic import ValidationError

from harness.canonical import canonical_json, short
from harness.store.durable import NotPlainError, open_plain, write_durably
from harness.store.faults import Fault, FaultKind
from harness.store.manifest import MANIFEST_NAME, Manifest, first_problem

_SEAL = re.compile(rb',\n "seal": "([0-9a-f]{64})"\n}\n')
_SEAL_BYTES = len(b',\n "seal": ""\n}\n') + 64
LARGEST_BYTES = 64 << 20  # a real one has a few kB; more is not read into memory


def to_bytes(manifest: Manifest) -> bytes:
    """The text of the file; raises HarnessError for a value that JSON cannot hold."""
    record = manifest.model_dump(mode="python")
    canonical_json(record)  # refuses NaN and non-JSON values with their place
    body = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False).encode()
    body = body.removesuffix(b"\n}")
    seal = hashlib.sha256(body).hexdigest()
    return body + f',\n "seal": "{seal}"\n}}\n'.encode()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into a node's folder, whole or not at all."""
    write_durably(folder / MANIFEST_NAME, to_bytes(manifest))


def read_manifest(folder: Path, key: str) -> Manifest | Fault:
    """The manifest in `folder`, which should be that of node `key`, or what is wrong with it."""
    place = folder / MANIFEST_NAME
    try:
        with open_plain(place) as file:
            text = file.read(LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Fault(FaultKind.MANIFEST_MISSING, folder, key)
    except NotPlainError:
        return Fault(FaultKind.MANIFEST_ODD, place, key)
    except OSError as error:
        return Fault(FaultKind.MANIFEST_UNREADABLE, place, key, error.strerror or str(error))
    found = parse(text)
    if isinstance(found, Manifest):
        if found.key == key:
            return found
        return Fault(FaultKind.KEY_ELSEWHERE, place, key, f"node {short(found.key)}")
    kind, detail = found
    return Fault(kind, place, key, detail)


def parse(text: bytes) -> Manifest | tuple[FaultKind, str]:
    """The manifest in the bytes of its file, or the kind of fault and what was found."""
    if len(text) > LARGEST_BYTES:
        return FaultKind.MANIFEST_INVALID, f"larger than {LARGEST_BYTES} bytes"
    body, tail = text[:-_SEAL_BYTES], text[-_SEAL_BYTES:]
    seal = _SEAL.fullmatch(tail)
    if seal is None or hashlib.sha256(body).hexdigest().encode() != seal[1]:
        return FaultKind.MANIFEST_CHANGED, ""
    try:
        return Manifest.model_validate_json(body + b"\n}")
    except ValidationError as error:
        where, problem = first_problem(error)
        is_version = where == "schema_version"
        kind = FaultKind.MANIFEST_VERSION if is_version else FaultKind.MANIFEST_INVALID
        return kind, f"{where}: {problem}"
