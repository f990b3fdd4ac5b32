"""What a number was made with: versions, hardware, state of the checkout. Recorded, never a key."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import harness
from harness.execute.cores import memory_limit

GIT_S = 10
OTHER_OWNER = "git refuses a checkout of another owner"
PACKAGES = ("torch", "torchvision", "numpy", "numba", "pydantic", "pandas", "matplotlib")


CODE = Path(harness.__file__).resolve().parents[1]
"""The folder that the code which runs was imported from: a checkout, or of installed packages."""

_PLACES_OF_GIT = ("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "OBJECT_DIRECTORY", "PREFIX")


def environment(project: Path) -> dict[str, Any]:
    """Versions, processor, memory, GPU and git state of the code, and of the project where that is
    another folder, as JSON values. Does not import torch.
    """
    made_with = {"harness": harness.__version__, **machine(), "git": git_state(CODE)}
    return made_with if project == CODE else made_with | {"git_of_project": git_state(project)}


def machine() -> dict[str, Any]:
    """The part of it that another machine may have otherwise."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "processor": processor(),
        "arithmetic": arithmetic(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(min(_memory_gib(), memory_limit() / 2**30), 1),
        "gpus": list(gpus()),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Model name of the CPU."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


FORCED = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
)
"""Variables by which a processor is told to do as if it were another."""
_CLASS = ("vendor_id", "cpu family", "model", "model name", "cache size", "flags")


def arithmetic() -> dict[str, str]:
    """What decides how float32 is rounded here, where versions are the same: the processor with
    its instruction sets and cache, by which libraries choose their kernels, and what it was told to
    do as if it were. Equal ones give equal bits.
    """
    found = {"machine": platform.machine()}
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
        said = dict(line.split(":", 1) for line in first.splitlines() if ":" in line)
        found |= {k.strip(): v.strip() for k, v in said.items() if k.strip() in _CLASS}
    if "flags" in found:
        flags = " ".join(sorted(found["flags"].split()))
        found["flags"] = hashlib.sha256(flags.encode()).hexdigest()[:16]
    return found | {name: os.environ[name] for name in FORCED if os.environ.get(name)}


def _memory_gib() -> float:
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return 0.0


@lru_cache(maxsize=1)
def gpus() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that the driver lists; empty without one."""
    said = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], Path.cwd())
    return tuple(line.strip() for line in said.splitlines() if line.strip())


def gpu_megabytes() -> list[float]:
    """Memory of each GPU that the driver lists, in MB of a million bytes; it says MiB."""
    ask = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    said = _output(ask, Path.cwd()).split()
    return [float(word) * 1.048576 for word in said if word.isdigit()]


def sees_gpu() -> bool:
    """Whether the driver lists a GPU or torch, asked in a process of its own, finds one."""
    ask = "import torch; print(torch.cuda.is_available())"
    return bool(gpus()) or _output([sys.executable, "-c", ask], Path.cwd(), 60).strip() == "True"


def git_state(folder: Path) -> str:
    """Commit, and whether files differ from it; else "unknown, because …"."""
    if not (folder / ".git").exists():
        return "unknown, because it is no checkout of git"
    commit, refusal = _git(folder, "rev-parse", "HEAD")
    if refusal:
        return f"unknown, because {refusal}"
    changed, refusal = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if refusal:
        return f"{commit}, local changes unknown, because {refusal}"
    return f"{commit} with local changes" if changed else commit


def _git(folder: Path, *words: str) -> tuple[str, str]:
    """What git says of the checkout in `folder`, and why it says nothing.

    A hook of git names its own repository by variables, which would be asked instead. No lock is
    taken: the checkout may be somebody else's, or read-only.
    """
    places = {f"GIT_{name}" for name in _PLACES_OF_GIT}
    ours = {name: value for name, value in os.environ.items() if name not in places}
    try:
        ran = subprocess.run(  # noqa: S603 - fixed commands
            ["git", *words],  # noqa: S607 - the user's git
            cwd=folder,
            env=ours | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=GIT_S,
            check=False,
        )
    except FileNotFoundError:
        return "", "git is not installed"
    except subprocess.TimeoutExpired:
        return "", f"git took more than {GIT_S} s"
    except OSError as error:
        return "", f"git cannot be run: {error.strerror or error}"
    if ran.returncode == 0:
        return ran.stdout.strip(), ""
    if "dubious ownership" in ran.stderr:
        return "", OTHER_OWNER
    first = next(iter(ran.stderr.strip().splitlines()), f"exit code {ran.returncode}")
    return "", f"git says: {first.removeprefix('fatal: ')}"


def _output(command: list[str], folder: Path, seconds: float = 10) -> str:
    try:
        return subprocess.run(  # noqa: S603 - fixed commands
            command,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def reset_peak_memory() -> None:
    """Start the peak of this process anew (Linux); elsewhere it is that of the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mb() -> float | None:
    """Peak resident memory of this process since the reset, in MB; None where nobody knows."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1000
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return None
