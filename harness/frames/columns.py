"""The columns of every frame, declared once: what they hold and in which unit.

A frame starts with the index of its cells (the axes that the exhibit varies, then what its measure
adds, as `stage`), followed by the columns below. An empty index field says that the number is of
no particular level: a gap between neurons has no neuron.
"""

from __future__ import annotations

from collections.abc import Mapping

RUN_COLUMNS: Mapping[str, str] = {
    "seed": "seed of the run",
    "key": "address of the node in the store; empty where the number rests on several nodes",
    "quantity": "what the number is",
    "value": "the number; empty for words and where it is undefined",
    "text": "the words, where the quantity is no number",
    "unit": "unit of the value",
    "why": "why the value is undefined; empty where it is defined",
}
CELL_COLUMNS: Mapping[str, str] = {
    "quantity": RUN_COLUMNS["quantity"],
    "value": "mean over the seeds; empty for words and where it is undefined",
    "std": "sample standard deviation over the seeds (n − 1); empty where n < 2",
    "n": "number of seeds that the value rests on",
    "text": RUN_COLUMNS["text"],
    "unit": RUN_COLUMNS["unit"],
    "why": RUN_COLUMNS["why"],
}
