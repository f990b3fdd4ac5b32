"""Neurons: what stands where a ReLU stands in an ANN."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.base import PRESENTATION, Spec
from harness.spec.deviation import Deviation
from harness.spec.surrogate import Surrogate


class Relu(Spec):
    """The rectified linear unit of the ANNs; time does not exist."""

    kind: Literal["relu"]
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @property
    def is_spiking(self) -> bool:
        """Whether it speaks in spikes over time: then the network is an SNN."""
        return False


class _Spiking(Spec):
    """What all spiking neurons have."""

    time_steps: int = Field(default=4, ge=1, le=4096, description="T, steps of one presentation")
    threshold: float = Field(default=1.0, gt=0, description="v_th, in units of the potential")
    fires_at_threshold: bool = Field(description="spike at u = v_th too (≥ instead of >)")
    reset: Literal["hard", "soft"] = Field(default="hard", description="to 0, or down by v_th")
    surrogate: Surrogate
    detach_reset: bool = Field(default=False, description="no gradient through the reset")
    encoding: Literal["direct"] = Field(default="direct", description="the image at each step")
    deviations: Annotated[tuple[Deviation, ...], PRESENTATION] = ()

    @property
    def is_spiking(self) -> bool:
        """Whether it speaks in spikes over time: then the network is an SNN."""
        return True


class Lif(_Spiking):
    """Leaky integrate-and-fire, paper eq. 1, p. 3: u' = τ·u + i; spike above v_th; reset to 0."""

    kind: Literal["lif"]
    decay: float = Field(default=0.5, ge=0, le=1, description="τ, kept fraction per step")


class If(_Spiking):
    """Integrate-and-fire: a LIF neuron that forgets nothing, u' = u + i."""

    kind: Literal["if"]


class Plif(_Spiking):
    """A LIF neuron whose decay each layer learns (Fang et al., ICCV 2021)."""

    kind: Literal["plif"]
    decay: float = Field(default=0.5, gt=0, lt=1, description="kept fraction per step at the start")


Spiking = Lif | If | Plif
Neuron = Annotated[Relu | Lif | If | Plif, Field(discriminator="kind")]
