"""A report for other programs: what report.zip is as an RO-Crate, and what a CI can sign.

Sources: RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5), in-toto Statement v1 with the test-result predicate v0.1
(https://in-toto.io/attestation/test-result/v0.1).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import harness
from harness.check.status import Status
from harness.check.verdict import Verdict
from harness.spec.document import Document
from harness.spec.study import Source
from harness.store.manifest import Manifest

METADATA = "ro-crate-metadata.json"
CRATE, PROCESS = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = [  # the second names what RO-Crate 1.1 does not know, by its term of Workflow Run Crate
    f"{CRATE}/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
SUBJECTS = ("verdict.json", "verdicts.xml", "claims.json", "report.html")
_FORMATS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".xml": "application/xml",
}


def statement(
    files: Mapping[str, bytes], verdicts: Sequence[Verdict], specs: Iterable[Document]
) -> bytes:
    """An in-toto statement without a signature, of results by their path below the profile's
    folder. Its subjects are the verdicts and the report, its tests the exhibits and the claims that
    count; an exhibit of which nothing could have failed is a warning, and so is what rests on a run
    that merged sources have otherwise. The configuration are the specs.
    """
    found: dict[str, list[str]] = {"passed": [], "warned": [], "failed": []}
    for name, word in _tests(verdicts):
        found[word].append(name)
    result = "FAILED" if found["failed"] else "WARNED" if found["warned"] else "PASSED"
    texts = {one.shown: one.text.encode() for one in specs}
    content = {
        "_type": STATEMENT,
        "subject": [
            _resource(name, files[name])
            for name in sorted(files)
            if PurePosixPath(name).name in SUBJECTS
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": result,
            "configuration": [_resource(name, text) for name, text in sorted(texts.items())],
            **{f"{word}Tests": names for word, names in found.items()},
        },
    }
    return _json(content)


def _tests(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    for verdict in verdicts:
        sure = "warned" if verdict.disputed else "passed"
        held = sure if verdict.is_held else "warned"
        yield verdict.exhibit, held if verdict.holds else "failed"
        for claim in verdict.claims:
            if claim.counted:
                holds = claim.status is Status.PASS
                yield f"{verdict.exhibit}: claim {claim.id}", sure if holds else "failed"


def _resource(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}


def crate(
    files: Mapping[str, bytes],
    specs: Mapping[str, Document],
    runs: Sequence[Manifest],
    *,
    title: str,
    description: str,
    command: str,
    sources: Sequence[Source],
    data: Iterable[tuple[str, str]],
) -> bytes:
    """ro-crate-metadata.json of an archive with these files, by their path in it. One action made
    them: this version of the harness, of the `specs` among them by path and the data sets, each
    with where it is from; it began with the first of the `runs`, of which there is one or more, and
    ended with the last. There is no clock in it.
    """
    began = min(_time(run.started) for run in runs)
    ended = max(_time(run.started) + timedelta(seconds=round(run.wall_s)) for run in runs)
    code = sorted({str(run.environment.get("code") or "not known") for run in runs})
    tool = {
        "@id": "#harness",
        "@type": "SoftwareApplication",
        "name": "harness",
        "softwareVersion": harness.__version__,
        "description": f"The runs were made by code with the digest {', '.join(code)}.",
    }
    sets = [
        {"@id": f"#data-{name}", "@type": "CreativeWork", "name": name, "description": said}
        for name, said in sorted(set(data))
    ]
    cited = [
        {"@id": one.url or f"#source-{number}", "@type": "CreativeWork", "name": one.title}
        | ({"description": one.citation} if one.citation else {})
        for number, one in enumerate(sources, 1)
    ]
    made = [name for name in sorted(files) if name not in specs]
    action = {
        "@id": "#report",
        "@type": "CreateAction",
        "name": title,
        "description": command,
        "instrument": {"@id": tool["@id"]},
        "object": _ids([*sorted(specs), *(one["@id"] for one in sets)]),
        "result": _ids(made),
        "startTime": began.isoformat(),
        "endTime": ended.isoformat(),
    }
    licence = {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "Not stated",
        "description": "Ask whoever made these results how they may be used.",
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": description,
        "datePublished": ended.date().isoformat(),
        "license": {"@id": licence["@id"]},
        "conformsTo": {"@id": PROCESS},
        "hasPart": _ids(sorted(files)),
        "mentions": {"@id": action["@id"]},
        "citation": _ids(one["@id"] for one in cited),
    }
    about = {"@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"}}
    about |= {"conformsTo": {"@id": CRATE}}
    profile = {"@id": PROCESS, "@type": "CreativeWork", "name": "Process Run Crate"}
    profile |= {"version": "0.5"}
    entities = [_file(name, content) for name, content in sorted(files.items())]
    graph = [about, root, profile, licence, tool, action, *sets, *cited, *entities]
    return _json({"@context": CONTEXT, "@graph": graph})


def _time(said: str) -> datetime:
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def _ids(names: Iterable[str]) -> list[dict[str, str]] | dict[str, str]:
    """References; RO-Crate 1.1 writes a single one without a list."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def _file(name: str, content: bytes) -> dict[str, Any]:
    path = PurePosixPath(name)
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "encodingFormat": _FORMATS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
