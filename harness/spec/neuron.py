"""Neurons: what stands where a ReLU stands in an ANN."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation


class Rectangle(Spec):
    """Paper eq. 3, p. 4: dy/du = 1/α where |u − v_th| < α, else 0."""

    kind: Literal["rectangle"]
    alpha: float = Field(default=1.0, gt=0, description="half width, in units of the potential")


class Dspike(Spec):
    """The published code's surrogate: the derivative of tanh(b·x)/(2·tanh(b·c)) + ½ on |x| ≤ c."""

    kind: Literal["dspike"]
    temperature: float = Field(default=3.0, gt=0, description="b, per unit of the potential")
    support: float = Field(default=3.0, gt=0, description="c, in units of the potential")


class Relu(Spec):
    """The rectified linear unit of the ANNs; time does not exist."""

    kind: Literal["relu"]
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


class Lif(Spec):
    """Leaky integrate-and-fire, paper eq. 1, p. 3: u' = τ·u + i; spike above v_th; reset to 0."""

    kind: Literal["lif"]
    time_steps: int = Field(default=4, ge=1, le=4096, description="T, steps of one presentation")
    decay: float = Field(default=0.5, ge=0, le=1, description="τ, kept fraction per step")
    threshold: float = Field(default=1.0, gt=0, description="v_th, in units of the potential")
    fires_at_threshold: bool = Field(description="spike at u = v_th too (≥ instead of >)")
    surrogate: Rectangle | Dspike = Field(discriminator="kind")
    detach_reset: bool = Field(default=False, description="no gradient through the reset")
    encoding: Literal["direct"] = Field(default="direct", description="the image at each step")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()


Neuron = Annotated[Relu | Lif, Field(discriminator="kind")]
