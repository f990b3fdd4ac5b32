"""Surrogate gradients: what stands for the derivative of a spike, x = u − v_th."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import Spec


class Rectangle(Spec):
    """Paper eq. 3, p. 4: dy/du = 1/α where |x| < α, else 0."""

    kind: Literal["rectangle"]
    alpha: float = Field(default=1.0, gt=0, description="half width, in units of the potential")


class Dspike(Spec):
    """The published code's surrogate: the derivative of tanh(b·x)/(2·tanh(b·c)) + ½ on |x| ≤ c."""

    kind: Literal["dspike"]
    temperature: float = Field(default=3.0, gt=0, description="b, per unit of the potential")
    support: float = Field(default=3.0, gt=0, description="c, in units of the potential")


class Triangle(Spec):
    """max(0, γ − |x|)/γ² (Esser et al., PNAS 2016; with γ as in Deng et al., ICLR 2022)."""

    kind: Literal["triangle"]
    gamma: float = Field(default=1.0, gt=0, description="half width, in units of the potential")


class Sigmoid(Spec):
    """The derivative of the logistic function of αx (Wu et al., Front. Neurosci. 2018)."""

    kind: Literal["sigmoid"]
    alpha: float = Field(default=4.0, gt=0, description="per unit of the potential; peak α/4")


class Arctan(Spec):
    """The derivative of arctan(π/2·α·x)/π + ½ (Fang et al., ICCV 2021)."""

    kind: Literal["arctan"]
    alpha: float = Field(default=2.0, gt=0, description="per unit of the potential; peak α/2")


Surrogate = Annotated[Rectangle | Dspike | Triangle | Sigmoid | Arctan, Field(discriminator="kind")]
