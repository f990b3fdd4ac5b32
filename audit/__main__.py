"""`python -m audit [FILE]`: the bill of materials into FILE, licences, vulnerabilities.

Exit code 0 when all is well, 1 for a vulnerability or a licence without a reason, 3 when the
database of vulnerabilities could not be asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from audit.licences import packages, problems, rules
from audit.lock import Answer, bill, vulnerabilities

PROJECT = Path(__file__).resolve().parents[1]
BILL = PROJECT / "out" / "sbom.cdx.json"


def main(arguments: list[str]) -> int:
    """Tell everything before the exit code says the worst of it."""
    console = Console(width=120, soft_wrap=True, highlight=False)
    target = Path(arguments[0]) if arguments else BILL
    console.print(f"{target}: {bill(PROJECT, target)} packages, CycloneDX 1.5", markup=False)
    known = rules()
    found = packages(known)
    table = Table(box=None)
    for heading in ("package", "version", "licence"):
        table.add_column(heading)
    for package in found:
        table.add_row(package.name, package.version, package.licence)
    console.print(table)
    wrong = problems(found, known)
    answer, said = vulnerabilities(PROJECT)
    for line in (*wrong, said, answer.value):
        console.print(line, markup=False)
    if answer is Answer.SOME or wrong:
        return 1
    return 3 if answer is Answer.NOT_ASKED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
