"""Where the paper's text and its published code part, and which of them a block follows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Spec


class Deviation(Spec):
    """A setting on which the sources differ or are silent; the report lists it with its exhibit."""

    setting: str = Field(description="the field that decides it, as in `neuron.surrogate`")
    paper: str = Field(description="what the text says, or 'not given'")
    code: str = Field(description="what the published code does, or 'absent'")
    follows: Literal["paper", "published code", "neither"]
    reason: str = ""
