"""`harness init`: a study of one's own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import HarnessError
from harness.layout import reachable
from harness.terminal.output import say

FILES = {
    "study.toml": """\
# A study inherits the exhibits, blocks, profiles and golden values of the built-in one.
name  = "{name}"
title = "A study of our own"

[documents.ours]                    # exhibits name a document by its id, here `ours`
title    = "A study of our own"     # as the report cites it
citation = "Somebody, {year}"
""",
    "specs/own.toml": """\
# An exhibit: what is varied, what is measured, what is claimed. It may lie anywhere below specs/.
id      = "own"
title   = "A neuron that forgets faster, against the published one"
source  = {{ document = "ours", place = "Table 1" }}
measure = {{ kind = "accuracy", epoch = "best" }}
figure  = "own"

[grid]
neuron = ["lif", "forgetful"]

[fixed]
network = "resnet"
depth   = 8
dataset = "cifar10"
recipe  = "paper"

[[derive]]
quantity   = "cost"
of         = "accuracy"
over       = "neuron"
minuend    = "lif"
subtrahend = "forgetful"

[[claim]]
id    = "forgetting-costs-little"
text  = "To forget faster costs less than five points of accuracy."
place = "ours"
test  = {{ kind = "bound", quantity = "cost", below = 5.0, basis = "stated: five are little" }}
""",
    "specs/blocks/neurons.toml": """\
# A neuron that departs from the built-in `lif`; `harness list` shows what else there is.
[forgetful]
base  = "lif"
decay = 0.25
""",
    "figures/own.py": """\
\"\"\"Draws the exhibit `own` from the rows of its frame.csv.\"\"\"

from matplotlib.figure import Figure


def draw(frame):
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    measured = frame[frame["quantity"] == "accuracy"]
    axes.bar(measured["neuron"], measured["value"])
    axes.set_ylabel("accuracy, percent")
    return figure
""",
    ".gitignore": "/store/\n/out/\n/data/\n__pycache__/\n",
}


def init(
    folder: Annotated[Path, Parameter(name="FOLDER", help="new or empty; it gives the name")],
    /,
) -> None:
    """Write a study of your own, which inherits the built-in one, with an exhibit that runs.

    For example:

    - `harness init mystudy`
    - `harness init ~/studies/forgetting`
    """
    from datetime import date

    from harness.files import make_folder, os_errors, write_together

    place = reachable(folder, "FOLDER").absolute()
    with os_errors(place):
        if place.exists() and not place.is_dir():
            raise HarnessError(str(folder), "is a file", hint="name a new folder")
        if place.exists() and any(place.iterdir()):
            raise HarnessError(str(folder), "is not empty", hint="name a new folder")
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", place.name).lstrip("0123456789_.-")[:64] or "study"
        texts = {
            place / file: text.format(name=name, year=date.today().year).encode()
            for file, text in FILES.items()
        }
        for path in texts:
            make_folder(path.parent)
        write_together(texts)
    for path in texts:
        say(f"written: {folder / path.relative_to(place)}")
    say(f"it runs: cd {shlex.quote(str(folder))} && harness reproduce own")
