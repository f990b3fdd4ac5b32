"""What study.toml says: the name of a study, and the documents whose exhibits it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.errors import Faults
from harness.layout import STUDY, Layout
from harness.parts.base import Name, Spec
from harness.spec.document import Document, read_document
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


def read_study(layout: Layout) -> Study:
    """The study, with the documents of the one that it inherits before its own.

    Raises:
        HarnessError: there is no study.toml, or it is no TOML.
        Faults: everything else that is wrong in it, an id that the inherited study has among it.
    """
    *inherited, own = (_read(folder / STUDY, layout) for folder in reversed(layout.folders))
    found, _ = own
    for other, place in inherited:
        both = other.documents.keys() & found.documents.keys()
        if both:
            said = f"{place.shown} declares it, too"
            at = (("documents", name) for name in sorted(both))
            raise Faults([own[1].fault(one, said, "give it another id") for one in at])
        found = found.model_copy(update={"documents": other.documents | found.documents})
    return found


def _read(path: Path, layout: Layout) -> tuple[Study, Document]:
    document = read_document(path, layout.shown(path))
    study, faults = validate(Study, document.data, document)
    if faults:
        raise Faults(faults)
    return study, document
