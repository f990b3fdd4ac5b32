"""`python -m tests.hostile.fuzz SECONDS [TARGET …]`: atheris, guided by coverage, on each target.

Each runs in a process of its own, for its share of the seconds, from whole files and from what
earlier calls found worth keeping (below `.fuzz/`). Exit code 0 when nothing was found, 1 with the
file that crashes a reader, 2 for an unknown target.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".fuzz"
LONGEST = 100_000  # bytes of an input
SLOWEST_S = 20  # for one input; more counts as a crash
MEMORY_MB = 2_000
_RUNS = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(rb"cov: (\d+) ft: (\d+)")


def main(seconds: float, names: list[str]) -> int:
    from tests.hostile.targets import TARGETS

    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        print(f"no such target: {unknown[0]}; known: {', '.join(TARGETS)}")
        return 2
    chosen = names or list(TARGETS)
    found = [name for name in chosen if not _is_sound(name, max(1, int(seconds / len(chosen))))]
    print(f"{len(chosen) - len(found)} of {len(chosen)} targets without a crash")
    return 1 if found else 0


def _is_sound(name: str, seconds: int) -> bool:
    """Fuzz one target in a process of its own, and say what came of it."""
    corpus, crashes = KEPT / name, KEPT / f"{name}-crash-"
    corpus.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "tests.hostile.fuzz", "--target", name, str(corpus)),
        *(f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOWEST_S}"),
        *(f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={crashes}", "-print_final_stats=1"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    said = done.stdout + done.stderr
    runs, reached = _RUNS.findall(said), _REACHED.findall(said)
    coverage = f"{int(reached[-1][0]):,} edges" if reached else "nothing"
    print(f"{name:10}{int(runs[-1]) if runs else 0:>10,} inputs in {seconds} s, {coverage} reached")
    if done.returncode:
        print(said[-4000:].decode(errors="replace"))
    return done.returncode == 0


def _fuzz(name: str, arguments: list[str]) -> None:
    """One target until the time is over; never returns."""
    import atheris

    with atheris.instrument_imports(include=["harness", "tomllib", "tarfile", "zipfile"]):
        from tests.hostile.guard import cage
        from tests.hostile.targets import TARGETS
    target, corpus = TARGETS[name], Path(arguments[0])
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)

    def one(content: bytes) -> None:
        with cage() as folder:
            target.read(content, folder)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--target":
        _fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
