"""The class of arithmetic in which a number was made: same class, same number."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.spec.base import Spec


class Numerics(Spec):
    """Device and determinism; precision is the recipe's, since the published one varies it."""

    device: Literal["cpu", "cuda"] = "cpu"
    deterministic: bool = Field(default=True, description="only bitwise repeatable kernels")
    compile: bool = Field(default=False, description="torch.compile; without it where it fails")
    threads: int = Field(
        default=1, ge=0, le=256, description="intra-op threads of one run; 0: all that its slot has"
    )
    world_size: int = Field(
        default=1, ge=1, le=1024, description="processes that train one network, as torch names it"
    )
    batch_statistics: Literal["synchronised", "local"] = Field(
        default="synchronised",
        description="of tdBN with several processes: those of the whole batch, or of each part",
    )

    @model_validator(mode="after")
    def _one_process_has_all_of_the_batch(self) -> Self:
        if self.world_size == 1 and self.batch_statistics == "local":
            raise ValueError("batch_statistics: 'local' needs a world_size of at least 2")
        return self
