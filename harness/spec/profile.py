"""Profiles: at which scale every exhibit runs."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from harness.parts.base import FrozenMap, Name, Spec
from harness.parts.measurement import Numerics


class Substitution(Spec):
    """Blocks that stand in for the published ones at this scale: `cifar10 = "digits"`."""

    banner: str = Field(
        default="", description="said at the top of a report in which one of these data sets is"
    )
    dataset: FrozenMap[Name] = Field(default_factory=dict, validate_default=True)
    recipe: FrozenMap[Name] = Field(default_factory=dict, validate_default=True)


class Profile(Spec):
    """One scale for all exhibits: data, recipe, network size, seeds, arithmetic."""

    id: Name
    title: str = Field(min_length=1)
    banner: str = Field(default="", description="said at the top of every report of this profile")
    golden: Name | None = Field(
        default=None, description="folder of golden/ that its numbers are held against"
    )
    seeds: tuple[int, ...] = Field(min_length=1)
    check_seeds: tuple[int, ...] = Field(
        default=(), description="of `check`, where golden values keep the number of each seed"
    )
    numerics: Numerics
    substitute: Substitution = Field(default_factory=Substitution)
    change: FrozenMap[FrozenMap[Any]] = Field(
        default_factory=dict,
        validate_default=True,
        description="fields of runs, where the exhibit says nothing: `network.base_width = 4`",
    )
