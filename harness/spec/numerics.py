"""The class of arithmetic in which a number was made: same class, same number."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Spec


class Numerics(Spec):
    """Device and determinism; precision is the recipe's, since the published one varies it."""

    device: Literal["cpu", "cuda"] = "cpu"
    deterministic: bool = Field(default=True, description="only bitwise repeatable kernels")
    compile: bool = Field(default=False, description="torch.compile; without it where it fails")
    threads: int = Field(
        default=1, ge=0, le=256, description="intra-op threads of one run; 0: all that its slot has"
    )
