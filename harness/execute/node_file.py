"""A node as a file: all that a worker needs, so that a machine runs it without planning.

JSON, version 1; `key` must follow from the rest. `spec` is the full one, with the presentation
fields that a download needs, `store` and `data` are absolute. Without `threads` a run that leaves
them open has all cores that its process may use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from harness.errors import HarnessError
from harness.execute.cores import usable_cores
from harness.execute.job import Job
from harness.files import open_plain, write_durably
from harness.layout import study_path
from harness.measures.base import Run
from harness.parts.base import has_others, sentence, shown
from harness.plan.node import node_of
from harness.spec.safe_text import decoded
from harness.spec.validate import path_within

FORMAT: Final = 1
PLANNED = ("git_of_project",)  # what of an environment only the machine that plans knows
LARGEST = 4_000_000  # bytes; a node file has some thousand
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _File(BaseModel):
    """The fields of the file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1]
    kind: str = Field(max_length=64)
    revision: int
    key: Key
    spec: dict[str, JsonValue]
    inputs: dict[str, Key]
    store: str = Field(min_length=1)
    data: str = Field(min_length=1)
    threads: Annotated[int, Field(ge=1, le=1024)] | None
    requested: dict[str, JsonValue]
    environment: dict[str, JsonValue]
    anew: bool = False
    study: str | None = None


def frozen(job: Job, *, threads: int | None) -> str:
    """The text of a job's file; `threads` None leaves them to the machine that runs it."""
    node = job.node
    content = {
        "format": FORMAT,
        "kind": node.kind,
        "revision": node.revision,
        "key": node.key,
        "spec": node.full.model_dump(mode="json"),
        "inputs": dict(node.inputs),
        "store": str(job.store.absolute()),
        "data": str(job.data.absolute()),
        "threads": threads,
        "requested": dict(job.requested),
        "environment": dict(job.environment),
    } | ({"anew": True} if job.anew else {})
    content |= {"study": str(job.study.absolute())} if job.study else {}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_node(
    path: Path,
    *,
    store: Path | None = None,
    data: Path | None = None,
    study: Path | None = None,
    threads: int | None = None,
) -> Job:
    """The job in a file, as this machine runs it; `store`, `data`, `study` (absolute) and `threads`
    take the place of its own: mount points differ.

    Raises:
        HarnessError: it cannot be read, or is no whole and true node of this version.
    """
    try:
        with open_plain(path, links=True) as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise HarnessError(str(path), problem, hint="harness plan --write-nodes") from error
    if len(content) > LARGEST:
        raise HarnessError(str(path), f"is no node file: more than {LARGEST:,} bytes")
    job = thawed(decoded(content, str(path)), str(path), study)
    return replace(
        job,
        store=store or job.store,
        data=data or job.data,
        threads=threads or job.threads,
    )


def thawed(text: str, where: str = "node", study: Path | None = None) -> Job:
    """The job in the text of a file, once its key is known to be that of its content: right name,
    wrong run, must not pass for what it was.

    Of the environment in the file only the state of the project's checkout is taken, which nobody
    else knows; the rest is that of whoever runs it. The folder of its study, or `study` in the
    place of that, is put on the import path. Raises HarnessError as `read_node`.
    """
    file = _validated(text, where)
    study = study or (Path(file.study) if file.study else None)
    if study:
        study_path(study)
    try:
        revision = Run.named(file.kind).revision
        if file.revision != revision:
            problem = f"is {file.revision}, and this harness makes {revision}"
            hint = "plan again with this harness, or run it with the one that planned it"
            raise HarnessError("revision", problem, hint=hint)
        spec = Run.of(file.kind, file.spec)
    except HarnessError as error:
        where = f"{where}: {error.where}"
        raise HarnessError(where, error.problem, hint=error.hint) from None
    except ValidationError as error:
        raise _fault(error, f"{where}: spec", file.spec) from None
    node = node_of(spec, "", file.inputs)
    if node.key != file.key:
        what = "it or the Python of its study" if has_others(node.spec) else "it"
        problem = (
            f"is {file.key[:8]}…, and its content has the key {node.key[:8]}…: {what} was changed"
        )
        raise HarnessError(f"{where}: key", problem, hint="harness plan --write-nodes")
    return Job(
        node,
        Path(file.store),
        Path(file.data),
        file.threads or usable_cores(),
        file.requested,
        {name: file.environment[name] for name in PLANNED if name in file.environment},
        file.anew,
        study,
    )


def _validated(text: str, where: str) -> _File:
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        raise _fault(error, where) from None
    for name, folder in (("store", file.store), ("data", file.data), ("study", file.study)):
        if folder and not Path(folder).is_absolute():
            raise HarnessError(f"{where}: {name}", f"must be absolute (got {shown(folder)})")
    return file


def _fault(error: ValidationError, where: str, spec: object = None) -> HarnessError:
    first = error.errors(include_url=False)[0]
    loc = first["loc"] if spec is None else path_within(first["loc"], spec)
    place = ".".join(str(part) for part in loc)
    if first["type"] == "json_invalid":
        return HarnessError(where, f"is no JSON: {first['msg'].removeprefix('Invalid JSON: ')}")
    got = "" if first["type"] == "missing" else f" (got {shown(first['input'])})"
    hint = "written by another version of the harness" if place == "format" else ""
    return HarnessError(f"{where}: {place}" if place else where, sentence(first) + got, hint=hint)


def write_nodes(folder: Path, waves: Iterable[Iterable[Job]]) -> list[Path]:
    """Write `folder/wave-1/0000-train-3f2a91c0.json` …: a wave needs only the waves before it.

    Raises:
        HarnessError: the folder holds something, or cannot be written.
    """
    written = []
    try:
        if folder.exists() and any(folder.iterdir()):
            hint = "name a new folder: what it holds may be of another plan"
            raise HarnessError(f"--write-nodes {folder}", "is not empty", hint=hint)
        for number, wave in enumerate(waves, 1):
            place = folder / f"wave-{number}"
            place.mkdir(parents=True)
            for index, job in enumerate(wave):
                path = (
                    place
                    / f"{index:04d}-{job.node.kind.rpartition(':')[2]}-{job.node.key[:8]}.json"
                )
                write_durably(path, frozen(job, threads=None).encode())
                written.append(path)
    except OSError as error:
        raise HarnessError(f"--write-nodes {folder}", str(error.strerror or error)) from error
    return written
