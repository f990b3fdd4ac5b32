"""The surrogates by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.engine.arguments import choose
from harness.engine.surrogates.arctan import Arctan
from harness.engine.surrogates.dspike import Dspike
from harness.engine.surrogates.protocol import Surrogate
from harness.engine.surrogates.rectangle import Rectangle
from harness.engine.surrogates.sigmoid import Sigmoid
from harness.engine.surrogates.triangle import Triangle
from harness.errors import HarnessError

SURROGATES: Mapping[str, Callable[..., Surrogate]] = {
    "rectangle": Rectangle,
    "dspike": Dspike,
    "triangle": Triangle,
    "sigmoid": Sigmoid,
    "arctan": Arctan,
}


def surrogate_by_name(surrogate: str | Surrogate) -> Surrogate:
    """A surrogate object as it is, a name as the surrogate with its published defaults.

    Raises HarnessError for a name that is not known, with the known ones and the nearest.
    """
    if isinstance(surrogate, str):
        return choose(SURROGATES, surrogate, where="surrogate")()
    if not isinstance(surrogate, Surrogate):
        raise HarnessError(
            "surrogate",
            f"{type(surrogate).__name__} has no derivative(distance)",
            hint="give a name or an object such as Rectangle(alpha=1.0)",
        )
    return surrogate
