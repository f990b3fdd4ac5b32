"""`python -m benchmarks [--rounds N]`: a table, and `out/bench.json` with versions and hardware."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import lif, training_step
from benchmarks.ratio import Row
from harness.execute.environment import environment


def main() -> None:
    """Run every benchmark and write what was measured, with its condition."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    rows = [*lif.rows(rounds), *training_step.rows(max(3, rounds // 2))]
    record = {
        "environment": environment(Path.cwd()),
        "threads": torch.get_num_threads(),
        "rows": [asdict(row) for row in rows],
    }
    target = Path("out/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    Console(width=120).print(_table(rows))


def _table(rows: list[Row]) -> Table:
    table = Table("case", "candidate", "ms", "x peer", "quartiles", box=None)
    last = ""
    for row in rows:
        case, last = ("" if row.case == last else row.case), row.case
        spread = f"{row.low:.2f} – {row.high:.2f}"
        table.add_row(case, row.candidate, f"{row.ms:.1f}", f"{row.ratio:.2f}", spread)
    return table


if __name__ == "__main__":
    main()
