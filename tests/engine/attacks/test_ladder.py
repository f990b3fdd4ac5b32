"""What makes an attack stronger, restarts and another surrogate, and what tells that it is weak."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.engine.attacks import attack_trace, attacked_batches, pgd, zero_gradients
from harness.engine.attacks.ascent import gradients_by
from harness.engine.networks import given, small
from harness.engine.randomness import stream
from harness.errors import HarnessError
from harness.parts.attacks import Apgd, Pgd
from harness.parts.neurons import Lif, Neuron, Spiking
from harness.parts.surrogates import Arctan, Dspike
from tests.engine.attacks.cases import DATA, INPUTS, LABELS, NORMAL, network

PIXELS = DATA.test_images
SPLIT = (PIXELS, LABELS, NORMAL)


def test_of_restarts_each_image_keeps_the_worst() -> None:
    made, generator = network(), stream(0, "starts")
    how: dict[str, Any] = {"normalisation": NORMAL, "epsilon": 0.3, "step": 0.05, "iterations": 3}
    ends = [
        pgd(made, INPUTS, LABELS, random_start=True, generator=generator, **how) for _ in range(4)
    ]
    found = pgd(
        made, INPUTS, LABELS, random_start=True, restarts=4, generator=stream(0, "starts"), **how
    )

    def badness(inputs: Tensor) -> list[tuple[bool, float]]:
        logits = made(inputs).detach()
        losses = nn.functional.cross_entropy(logits, LABELS, reduction="none")
        return list(zip((logits.argmax(1) != LABELS).tolist(), losses.tolist(), strict=True))

    told = [badness(end) for end in ends]
    chosen = [max(range(4), key=lambda end: told[end][image]) for image in range(len(LABELS))]
    assert len(set(chosen)) > 1
    for image, end in enumerate(chosen):
        assert torch.equal(found[image], ends[end][image])


@pytest.mark.parametrize(("restarts", "start"), [(0, True), (2, False)])
def test_restarts_without_random_start_are_refused(restarts: int, start: bool) -> None:
    with pytest.raises(HarnessError, match="attack restarts: must be 1, or more with a random"):
        pgd(
            network(), INPUTS, LABELS, normalisation=NORMAL, epsilon=0.1, step=0.1, iterations=1,
            random_start=start, restarts=restarts, generator=stream(0, "s"),
        )  # fmt: skip
    if restarts:
        with pytest.raises(HarnessError, match="restarts need random_start = true"):
            Pgd(restarts=restarts, random_start=start)


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> Spiking:
    """LIF neurons as others write them: a step."""
    monkeypatch.setattr(Neuron, "kinds", dict(Neuron.kinds))

    class Stepped(Spiking):
        """It is known to this test alone."""

        def step(self, current: Tensor, state: Any, spike: Any) -> tuple[Tensor, Any]:
            potential = current if state is None else 0.5 * state + current
            fired = spike(potential - self.threshold)
            return fired, potential * (1 - fired)

    return Stepped(time_steps=2)


@pytest.mark.parametrize("kind", ["lif", "stepped"])
def test_another_surrogate_gives_the_gradient_of_a_network_that_has_it(
    kind: str, stepped: Spiking
) -> None:
    """The spikes stay what they were, and so does the network."""
    neuron = stepped if kind == "stepped" else Lif(time_steps=2)
    own, other = (
        small(2, base_width=4, neuron=one, classes=3).double().eval()
        for one in (neuron, neuron.model_copy(update={"surrogate": Arctan()}))
    )
    other.load_state_dict(own.state_dict())

    def gradient(made: nn.Module) -> Tensor:
        inputs = INPUTS.double().requires_grad_()
        loss = nn.functional.cross_entropy(made(inputs), LABELS)
        return torch.autograd.grad(loss, inputs)[0]

    before, answers = gradient(own), own(INPUTS.double())
    with gradients_by(own, Arctan()):
        assert torch.equal(own(INPUTS.double()), answers)
        torch.testing.assert_close(gradient(own), gradient(other))
        assert not torch.allclose(gradient(own), before)
    torch.testing.assert_close(gradient(own), before)


def test_an_attack_takes_its_surrogate_and_an_ann_has_none() -> None:
    spiking, plain = network("lif"), network("relu")
    attacks = Pgd(iterations=4), Pgd(iterations=4, surrogate=Arctan(alpha=0.5))

    def moved(made: nn.Module, attack: Pgd) -> Tensor:
        return next(attacked_batches(made, *SPLIT, attack, epsilon=0.2)).attacked

    assert not torch.equal(*(moved(spiking, one) for one in attacks))
    assert torch.equal(*(moved(plain, one) for one in attacks))


def test_neurons_that_keep_their_own_surrogate_are_told() -> None:
    made = given(network("relu"), time="folded", time_steps=2)
    with (
        pytest.raises(HarnessError, match="neurons of this network keep their own surrogate"),
        gradients_by(made, Dspike()),
    ):
        pass


def test_a_trace_holds_the_loss_at_each_step_and_each_answer() -> None:
    made, attack = network("lif"), Pgd(iterations=3, step=0.5)
    found = attack_trace(made, *SPLIT, attack, epsilon=0.2, batch=10)
    attacked = torch.cat(
        [one.attacked for one in attacked_batches(made, *SPLIT, attack, epsilon=0.2, batch=10)]
    )
    assert torch.equal(found.right_M, made(attacked).argmax(1) == LABELS)
    for step, loss in enumerate(found.loss_S):
        inputs = pgd(
            made, INPUTS, LABELS, normalisation=NORMAL, epsilon=0.2, step=0.1, iterations=step,
            units="normalised", clip=False,
        )  # fmt: skip
        wanted = nn.functional.cross_entropy(made(inputs).double(), LABELS)
        assert loss == pytest.approx(wanted.item(), rel=1e-5)
    assert len(found.loss_S) == 3
    assert not made._forward_hooks


def test_images_made_on_one_network_are_answered_by_another() -> None:
    made, judge, attack = network(), network("lif"), Apgd(iterations=2, random_start=False)
    (batch,) = attacked_batches(made, *SPLIT, attack, epsilon=0.3)
    found = attack_trace(made, *SPLIT, attack, epsilon=0.3, judge=judge)
    assert torch.equal(found.right_M, judge(batch.attacked).argmax(1) == LABELS)


class _HalfBlind(nn.Module):
    """Logits of the left half of each image alone."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, INPUTS[0].numel() // 2))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs[..., : inputs.shape[-1] // 2].flatten(1) @ self.weight.T


def test_pixels_that_a_network_does_not_see_have_no_gradient() -> None:
    assert zero_gradients(_HalfBlind(), *SPLIT, Pgd(), batch=7) == pytest.approx(0.5, abs=0.01)
