"""An exhibit's table for a paper or a spreadsheet: LaTeX, Markdown, CSV. Here beside published, as
the report has them, with intervals where seeds give some.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from harness.check.record import cell_record
from harness.errors import HarnessError
from harness.report.exhibit import Assessed
from harness.report.pivot import pivot
from harness.report.table import Grid, comparison
from harness.words import escaped, markdown_table

_IN_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{one: f"\\{one}" for one in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "[": "{[}",  # what follows the end of a row would be an option of it
        "<": "$<$",
        ">": "$>$",
        "−": "$-$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "≈": r"$\approx$",
        "ε": r"$\varepsilon$",
        "–": "--",
        "…": r"\ldots{}",
        "\u202f": r"\,",  # between thousands
    }
)
_CSV = ("quantity", "unit", "value", "std", "n", "low", "high", "golden", "difference", "published")


def grid_of(one: Assessed) -> Grid:
    """The table of an exhibit.

    Raises:
        HarnessError: it has no number, neither here nor published.
    """
    exhibit = one.planned.exhibit
    if not one.verdict.cells:
        hint = f"harness reproduce {exhibit.id}"
        raise HarnessError(exhibit.id, "has no numbers: nothing of it is stored", hint=hint)
    return comparison(one.verdict, pivot(one.planned), exhibit, with_intervals=True)


def lines_of(grid: Grid) -> list[list[str]]:
    """A line of headings, then one for each line of the table."""
    titles, labels, *rows = _lines(grid)
    heads = [" ".join(filter(None, pair)) for pair in zip(titles, labels, strict=True)]
    return [heads, *rows]


def _lines(grid: Grid) -> Iterator[list[str]]:
    """Two lines of headings, then one for each line of the table: what its row is called, which
    line of it this is, and the cells. What spans several columns stands in the first of them.
    """
    yield [grid.corner, "", *(group.title for group in grid.groups for _ in group.labels)]
    yield ["", "", *(label for group in grid.groups for label in group.labels)]
    for body in grid.bodies:
        for row in body.rows:
            cells = [text for cell in row.cells for text in (cell.text, *[""] * (cell.span - 1))]
            yield [body.label, row.label, *cells]


def markdown(one: Assessed) -> str:
    """The table in Markdown."""
    grid = grid_of(one)
    heads, *rows = lines_of(grid)
    return "\n".join([f"**{escaped(grid.caption)}**", "", *markdown_table(heads, rows)])


def latex(one: Assessed) -> str:
    """The table as LaTeX for `booktabs`, with the caption and the label `tab:ID`."""
    grid = grid_of(one)
    titles, labels, *rows = [[text.translate(_IN_LATEX) for text in line] for line in _lines(grid)]
    columns = pd.MultiIndex.from_tuples(list(zip(titles[2:], labels[2:], strict=True)))
    index = pd.MultiIndex.from_tuples([(row[0], row[1]) for row in rows], names=[titles[0], None])
    frame = pd.DataFrame([row[2:] for row in rows], index=index, columns=columns)
    made: str = frame.style.to_latex(
        hrules=True,
        column_format="ll" + "r" * len(columns),
        multicol_align="c",
        multirow_align="naive",
        position="htbp",
        position_float="centering",
        caption=grid.caption.translate(_IN_LATEX),
        label=f"tab:{one.planned.exhibit.id}",
    )
    return made.rstrip()


def csv(one: Assessed) -> str:
    """A line for each cell: its levels, what was measured with its interval, and what was
    published.
    """
    grid_of(one)
    rows = []
    for cell in one.verdict.cells:
        said = cell_record(cell)
        said |= {"low": said["uncertainty"]["low"], "high": said["uncertainty"]["high"]}
        said |= {"value": said["text"] or said["value"]}
        rows.append(
            {**cell.levels, **{name: said[name] for name in _CSV}, "status": said["status"]}
        )
    made: str = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
    return made.rstrip()
