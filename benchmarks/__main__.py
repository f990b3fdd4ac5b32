"""`python -m benchmarks [--cka | --events]`: a table; `out/bench.json` has the condition too."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import cka, cka_parts, events, lif, peers, scaling, training_step
from benchmarks.candidates import Size
from benchmarks.ratio import Row
from harness.execute.environment import environment
from harness.runs.card import EXTENTS, ceilings


def main() -> None:
    """Run every benchmark and write what was measured, with its condition."""
    asked = _arguments()
    if asked.cka:
        _cka(asked)
        return
    if asked.events:
        _publish(
            asked.out, events.rows(asked.rounds), ceilings("cpu", EXTENTS["cpu"], asked.rounds), {}
        )
        return
    size = Size(batch=asked.batch, side=asked.side, device=asked.device)
    limits = ceilings(asked.device, EXTENTS[asked.device], asked.rounds)
    rows = lif.rows(asked.rounds, asked.device, asked.elements)
    fewer = max(3, asked.rounds // 2)
    rows += training_step.rows(size, fewer)
    rows += events.rows(asked.rounds)
    if asked.scaling:
        rows += scaling.rows(size, fewer)
    _publish(asked.out, rows, limits, {})


def _cka(asked: argparse.Namespace) -> None:
    """The CKA maps instead of neurons and training steps; `--cka-memory` and `--scaling` add to
    them.
    """
    case = cka.Case(images=asked.images, side=asked.side)
    rows = cka.rows(case, max(1, asked.rounds // 3), with_scaling=asked.scaling)
    found: dict[str, object] = {
        "torch_cka at M, extrapolated, x engine": cka.torch_cka_ratio(rows, case),
        "parts": asdict(cka_parts.parts(case)),
        "error against float64": cka_parts.errors(case),
        "pairs, seconds by layers": cka_parts.pairs_by_layers(case.images),
    }
    if asked.cka_memory:
        deep = replace(case, depth=164)
        found["ResNet-164, peak MB beside the networks"] = cka_parts.peak_mb(deep, 4)
        found["ResNet-164, parts"] = asdict(cka_parts.parts(deep, plain=False))
    _publish(asked.out, rows, ceilings("cpu", EXTENTS["cpu"], asked.rounds), found)


def _publish(
    out: Path, rows: list[Row], limits: Mapping[str, float], found: Mapping[str, object]
) -> None:
    said = environment(Path.cwd())
    record = {
        "environment": said,
        "peers": peers.versions(),
        "threads": torch.get_num_threads(),
        "ceilings": limits,
        "rows": [asdict(row) for row in rows],
        **found,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    console = Console(width=140)
    console.print(_table(rows))
    for name, value in found.items():
        console.print(f"{name}: {value}", highlight=False)
    console.print(_condition(said, limits), highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of the LIF alone; steps get half")
    parser.add_argument(
        "--scaling",
        action="store_true",
        help="also over sizes, of CKA too",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch", type=int, default=64, help="images of the training step")
    parser.add_argument("--side", type=int, default=32, help="of an image, pixels")
    parser.add_argument("--cka", action="store_true", help="CKA maps, and nothing else")
    parser.add_argument("--events", action="store_true", help="recordings, and nothing else")
    parser.add_argument("--cka-memory", action="store_true", help="of ResNet-164, 4 minibatches")
    parser.add_argument("--images", type=int, default=1024, help="of a minibatch of CKA")
    parser.add_argument("--elements", type=int, default=lif.ELEMENTS, help="of the LIF alone")
    parser.add_argument("--out", type=Path, default=Path("out/bench.json"))
    return parser.parse_args()


def _table(rows: list[Row]) -> Table:
    table = Table("case", "candidate", "ms", "x peer", "quartiles", "step MB", box=None)
    last = ""
    for row in rows:
        case, last = ("" if row.case == last else row.case), row.case
        spread = f"{row.low:.2f} – {row.high:.2f}"
        memory = "" if row.memory_mb is None else f"{row.memory_mb:,.0f}"
        table.add_row(case, row.candidate, f"{row.ms:.1f}", f"{row.ratio:.2f}", spread, memory)
    return table


def _condition(said: Mapping[str, object], limits: Mapping[str, float]) -> str:
    """Two lines under the table: on what, and against which ceilings."""
    versions = {"torch": torch.__version__, **peers.versions()}
    lines = [", ".join(f"{name} {number}" for name, number in versions.items())]
    hardware = said["gpus"] or said["processor"]
    lines.append(f"{hardware}, {torch.get_num_threads()} threads of {said['cores']} cores")
    lines.append("ceilings: " + ", ".join(f"{name} {value:,.0f}" for name, value in limits.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
