"""A sentence of the paper as a predicate over the cells of an exhibit.

Every predicate reads one quantity, `agreement` a second. `where` holds axes: a level keeps an axis
at it, a list of levels restricts an axis that the predicate runs along. An axis is one that the
grid varies or one that the measure adds, as `layer` or `epsilon`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Annotated

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.parts.base import Name, Spec
from harness.spec.claim.predicate import Predicate

for _file in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")


class Claim(Spec):
    """What the paper says, where, and how it is put to the test; of one that `repeats` the claim of
    another exhibit, as "fig2/brighter-with-width", also what is different here, and without what.
    """

    id: Name
    text: str = Field(min_length=1)
    place: str
    test: Predicate
    repeats: Annotated[str, SkipJsonSchema()] = ""
    under: Annotated[str, SkipJsonSchema()] = ""
    without: Annotated[str, SkipJsonSchema()] = ""
