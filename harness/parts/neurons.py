"""Neurons: what stands where a ReLU stands in an ANN.

Legend: T = time steps, B = batch.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.errors import HarnessError
from harness.parts.base import Deviations, Part
from harness.parts.components import is_own, place_of
from harness.parts.reads import names_read
from harness.parts.surrogates import Dspike, Surrogate

if TYPE_CHECKING:
    from torch import Tensor, nn


class Neuron(Part, family="neuron"):
    """An activation between the layers of a network."""

    kind: str
    deviations: Deviations = ()
    is_spiking: ClassVar[bool] = False  # speaks in spikes over time: the network is an SNN

    @property
    def steps(self) -> int:
        """Time steps of one presentation."""
        return 1

    @property
    def label(self) -> str:
        """What people call it: `relu`, `lif T=4`, with what sets it apart from the usual one."""
        return self.called + self.unusual()

    @abstractmethod
    def layer(self) -> nn.Module:
        """A fresh module of a network, forward(folded [T·B, …], T) -> [T·B, …], without state."""


class Relu(Neuron):
    """The rectified linear unit of the ANNs; time does not exist."""

    kind: Literal["relu"]

    def layer(self) -> nn.Module:
        """max(x, 0)."""
        from harness.engine.networks.neurons import relu

        return relu.Relu()


class QuantisedRelu(Neuron):
    """A ReLU of few levels, y = c/L · round(L · min(max(x/c, 0), 1)) with L = 2^bits − 1 and c the
    ceiling; the gradient passes straight through between 0 and c (Zhou et al., DoReFa-Net, arXiv
    1606.06160). With the ceiling at a threshold these are the numbers of spikes that an
    integrate-and-fire neuron has in L steps of constant input.
    """

    kind: Literal["quantised-relu"]
    bits: int = Field(default=3, ge=1, le=16, description="⌈log2(T + 1)⌉ for the counts of T steps")
    ceiling: float = Field(default=1.0, gt=0, description="c, the largest value")

    @property
    def label(self) -> str:
        """`quantised-relu of 3 bits`."""
        return f"{self.called} of {self.bits} bits{self.unusual('bits')}"

    def layer(self) -> nn.Module:
        """The rounding, with its straight-through gradient."""
        from harness.engine.networks.neurons import quantised

        return quantised.QuantisedRelu(self.bits, self.ceiling)


class Spiking(Neuron):
    """What all spiking neurons have."""

    time_steps: int = Field(default=4, ge=1, le=4096, description="T, steps of one presentation")
    threshold: float = Field(default=1.0, gt=0, description="v_th, in units of the potential")
    fires_at_threshold: bool = Field(description="spike at u = v_th too (≥ instead of >)")
    reset: Literal["hard", "soft"] = Field(default="hard", description="to 0, or down by v_th")
    surrogate: Surrogate
    detach_reset: bool = Field(default=False, description="no gradient through the reset")
    encoding: Literal["direct"] = Field(default="direct", description="the image at each step")
    is_spiking: ClassVar[bool] = True
    usual: ClassVar = {"fires_at_threshold": False, "surrogate": Dspike}

    @model_validator(mode="after")
    def _step_reads_what_is_said(self) -> Spiking:
        """Of a `step` that others wrote: it is taken, and reads what the spec sets for it."""
        kind = type(self)
        if not is_own(kind) or kind.step is Spiking.step:
            return self
        place = place_of(kind)
        owner = next(one for one in kind.__mro__ if "layer" in vars(one))
        if is_own(owner):
            return self  # what a layer of its own does with the fields is not known
        if owner is not Spiking:
            raise ValueError(f"{place} has a step, which the layer of {owner.__name__} never takes")
        read = names_read(kind, "step")
        for name in ("threshold", "reset", "detach_reset"):
            value = getattr(self, name)
            if name not in read and value != kind.model_fields[name].default:
                how = "" if name == "threshold" else ", as self.after_reset(potential, spikes) does"
                said = f"{name} is {value!r}, but the step of {place} never reads self.{name}{how}"
                raise ValueError(said)
        return self

    @property
    def steps(self) -> int:
        """T."""
        return self.time_steps

    @property
    def label(self) -> str:
        """`lif T=4`, `plif soft T=4`, `lif T=4 decay 0.25`."""
        soft = " soft" if self.reset == "soft" else ""
        said = self.unusual("time_steps", "reset", "fires_at_threshold")
        return f"{self.called}{soft} T={self.time_steps}{said}"

    def layer(self) -> nn.Module:
        """A layer that takes `step` after `step`; a kind with faster code has another."""
        from harness.engine.networks.neurons import stepwise

        return stepwise.Stepwise(self)

    def step(
        self, current: Tensor, state: Any, spike: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Any]:
        """Spikes [B, …] and the state after one step; `state` is None before the first. `spike`
        turns the distance to the threshold into spikes that have the surrogate's gradient.
        """
        problem = "has neither a `step` nor a `layer` of its own"
        raise HarnessError(f"neuron {self.kind}", problem)

    def after_reset(self, potential: Tensor, spikes: Tensor) -> Tensor:
        """The potential [B, …] after `spikes` [B, …], as `reset` and `detach_reset` say."""
        from harness.engine.lif import reference

        spikes = spikes.detach() if self.detach_reset else spikes
        return reference.after_reset(potential, spikes, self.threshold, self.reset)


class Lif(Spiking):
    """Leaky integrate-and-fire, paper eq. 1, p. 3: u' = τ·u + i; spike above v_th; reset to 0."""

    kind: Literal["lif"]
    decay: float = Field(default=0.5, ge=0, le=1, description="τ, kept fraction per step")

    def layer(self) -> nn.Module:
        """By the fastest kernels that fit."""
        from harness.engine.networks.neurons import leaky

        return leaky.Lif(self)


class If(Spiking):
    """Integrate-and-fire: a LIF neuron that forgets nothing, u' = u + i (Lapicque 1907, after
    Abbott, Brain Research Bulletin 50, 1999).
    """

    kind: Literal["if"]
    decay: ClassVar[float] = 1.0

    def layer(self) -> nn.Module:
        """As a LIF neuron's."""
        from harness.engine.networks.neurons import leaky

        return leaky.Lif(self)


class Plif(Spiking):
    """A LIF neuron whose decay each layer learns (Fang et al., ICCV 2021)."""

    kind: Literal["plif"]
    decay: float = Field(default=0.5, gt=0, lt=1, description="kept fraction per step at the start")

    def layer(self) -> nn.Module:
        """With a parameter of its own."""
        from harness.engine.networks.neurons import parametric

        return parametric.Plif(self)
