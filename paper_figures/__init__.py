"""One module per figure, each with `draw(frame) -> Figure`: pandas and matplotlib only.

A drawing gets the cells of its exhibit (index columns, quantity, value, std, n, text, unit, why),
then, where the exhibit has maps, those too: `draw(frame, maps)` (varied axes, map, y, x, label_y,
label_x, value). It returns a figure. It reads no files, computes no statistics, touches no global
plotting state.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def drawing(name: str) -> Callable[..., Figure]:
    """The `draw` of the module called `name`.

    Raises:
        LookupError: no module of this folder has that name, or it draws nothing.
    """
    if not _NAME.fullmatch(name) or name == "style":
        raise LookupError(f"{name!r} is not the name of a drawing")
    try:
        draw: Callable[..., Figure] = importlib.import_module(f"{__name__}.{name}").draw
    except (ModuleNotFoundError, AttributeError) as error:
        raise LookupError(f"paper_figures has no drawing {name!r}: {error}") from error
    return draw
