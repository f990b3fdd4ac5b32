"""What runs consist of: each neuron, surrogate, network, data set, recipe, attack, probe … is
described in one class, which specs validate and the engine takes.

Every module of this folder is imported, so a class in a new file here is known by its `kind`
everywhere. Nothing here imports torch before something is built or computed.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
