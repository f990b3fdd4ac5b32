"""One module per figure, here or in the folder figures/ of a study, each with `draw(frame)` or
`draw(frame, maps)`, which returns a `Figure`: pandas and matplotlib only. `module:function` is such
a function anywhere.

A drawing gets the cells of its exhibit (quantity, value, std, n, text, unit, why, what tells cells
apart, and the axes that the exhibit holds fixed); if it takes a second argument, also its maps (the
same axes, then map, y, x, label_y, label_x, value; no rows where the exhibit has none). What it
shows, it takes from there: the levels are those of the frame, whatever the spec says, and what has
no numbers has no panel. It reads no files, computes no statistics, touches no global plotting
state, and nothing that a user has set up for matplotlib reaches it.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


# DejaVu Sans comes with matplotlib; ids in an SVG are random but for a salt
_OWN = {"font.sans-serif": ["DejaVu Sans"], "svg.fonttype": "path", "svg.hashsalt": __name__}
_LOCK = threading.RLock()
_AT_IMPORT = {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}


def drawing(name: str, study: Path | None = None) -> Callable[..., Figure]:
    """The `draw` of the module called `name`, which draws in its `own_settings`: of a file in the
    folder `study` of a study's drawings if it is there, else of this folder; or the function at
    `module:function`.

    Raises:
        LookupError: no module has that name, or it draws nothing.
    """
    module, _, function = name.partition(":")
    if not function and (not _NAME.fullmatch(name) or name == "style"):
        raise LookupError(f"{name!r} is not the name of a drawing")
    try:
        with own_settings():
            found = importlib.import_module(module) if function else _module(name, study)
            draw: Callable[..., Figure] = getattr(found, function or "draw")
    except (ModuleNotFoundError, AttributeError) as error:
        raise LookupError(f"there is no drawing {name!r}: {error}") from error
    return functools.wraps(draw)(functools.partial(_drawn, draw))


def _module(name: str, study: Path | None) -> ModuleType:
    path = study / f"{name}.py" if study else None
    if path is None or not path.is_file():
        return importlib.import_module(f"{__name__}.{name}")
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}.{name}", path)
    if spec is None or spec.loader is None:
        raise LookupError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def _drawn(draw: Callable[..., Figure], frame: DataFrame, maps: DataFrame | None = None) -> Figure:
    with own_settings():
        if frame.empty and (maps is None or maps.empty):
            style = importlib.import_module(f"{__name__}.style")
            empty: Figure = style.nothing_measured()
            return empty
        if len(inspect.signature(draw).parameters) < 2:
            return draw(frame)
        return draw(
            frame, frame[:0].reindex(columns=[*frame.columns, "map"]) if maps is None else maps
        )


@contextmanager
def own_settings() -> Iterator[None]:
    """matplotlib as it comes, whatever a matplotlibrc, a notebook or the environment made of it.

    An artist takes settings when it is made and when it is drawn, so a figure is saved in here too.
    The settings belong to the process, so threads go one after the other.
    """
    with _LOCK:
        mpl = _matplotlib()
        default = {name: mpl.rcParamsDefault[name] for name in mpl.rcParams if name != "backend"}
        with mpl.rc_context({**default, **_OWN}):
            yield


def _matplotlib() -> ModuleType:
    """The module; already its import fails where the environment names a backend that is not there
    or a file that cannot be read.
    """
    kept = {name: os.environ.get(name) for name in _AT_IMPORT}
    os.environ.update(_AT_IMPORT)
    try:
        return importlib.import_module("matplotlib")
    finally:
        for name, value in kept.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
