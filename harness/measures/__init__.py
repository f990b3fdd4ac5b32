"""What is measured at each point of an exhibit's grid: a file for each measure, with its fields,
the run that it needs, how the result is read, and where the code of the run is.

Every module of this folder is imported, so a measure in a new file here is known by its `kind`
everywhere. Nothing here imports torch or numpy before a run or its result is there.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
