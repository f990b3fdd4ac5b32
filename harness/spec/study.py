"""What study.toml says: the name of a study, and the documents whose exhibits it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.errors import Faults
from harness.layout import STUDY, Layout
from harness.parts.base import Name, Spec
from harness.spec.document import read_document
from harness.spec.validate import validate

Words = Annotated[str, Field(min_length=1)]


class Source(Spec):
    """A document that exhibits are from, as the report cites it."""

    title: Words
    called: Words | None = Field(
        default=None, description="in the middle of a sentence, as in 'the paper'; else its title"
    )
    citation: Words | None = Field(default=None, description="authors, place and year")
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return self.called or self.title


class Study(Spec):
    """The file study.toml."""

    name: Name
    title: Words
    inherits: bool = Field(
        default=True, description="the built-in study; without it, all that is used is its own"
    )
    documents: dict[Name, Source] = Field(
        default_factory=dict, description="by the id that exhibits name them by"
    )


def read_sources(layout: Layout) -> Mapping[str, Source]:
    """The documents of a study and of what it inherits, by id: the inherited ones first.

    Raises:
        HarnessError: there is no study.toml, or it is no TOML.
        Faults: everything else that is wrong in it, an id that the inherited study has among it.
    """
    found: dict[str, Source] = {}
    places: dict[str, Path] = {}
    for folder in reversed(layout.folders):
        path = folder / STUDY
        document = read_document(path, layout.shown(path))
        study, faults = validate(Study, document.data, document)
        for name in study.documents if study else ():
            if name in found:
                at, other = ("documents", name), layout.shown(places[name])
                faults.append(document.fault(at, f"{other} declares it, too", "give it another id"))
            places[name] = path
        if faults:
            raise Faults(faults)
        found |= study.documents
    return found
