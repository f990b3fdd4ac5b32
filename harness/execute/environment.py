"""What a number was made with: versions, hardware, state of the checkout. Recorded, never a key."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import harness
from harness.execute.cores import memory_limit
from harness.layout import PACKED

GIT_S = 10
OTHER_OWNER = "git refuses a checkout of another owner"
PACKAGES = ("torch", "torchvision", "numpy", "numba", "pydantic", "pandas", "matplotlib", "pillow")


CODE = Path(harness.__file__).resolve().parents[1]
"""The folder that the code which runs was imported from: a checkout, or of installed packages."""

DECIDING = ("engine", "measures", "parts", "runs")
"""The folders of the package whose files decide the numbers of a run. All others say what runs and
what is made of the numbers: those are keys, or made anew with every report.
"""


def environment(project: Path) -> dict[str, Any]:
    """What a run is made with here, and the git state of the project where that is another folder
    than the code's, as JSON values. Does not import torch.
    """
    of_project = {} if project in (CODE, PACKED) else {"git_of_project": git_state(project)}
    return dict(made_with()) | of_project


@lru_cache(maxsize=1)
def made_with() -> Mapping[str, Any]:
    """Code, versions, processor, memory and GPUs of this process, as they were when it was first
    asked.
    """
    installed = 0.0
    with contextlib.suppress(ValueError, OSError, AttributeError):
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "harness": harness.__version__,
        **making(),
        "git": git_state(CODE),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(min(installed, memory_limit() / 2**30), 1),
        "gpus": list(gpus()),
    }


def making() -> dict[str, Any]:
    """The part of it that decides numbers, which runs of one key may have otherwise."""
    return {
        "code": code_digest(),
        "packages": {name: _version(name) for name in PACKAGES},
        "arithmetic": arithmetic(),
        "gpu_arithmetic": {one: os.environ[one] for one in FORCED_ON_GPU if os.environ.get(one)},
    }


@lru_cache(maxsize=1)
def code_digest(package: Path = CODE / "harness") -> str:
    """Digest of the files that decide numbers (`DECIDING`), 16 hexadecimal digits: whatever git
    says of their folder, and whether it is one of git's at all.
    """
    found = hashlib.sha256()
    for folder in DECIDING:
        for path in sorted((package / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md":
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"{path.relative_to(package).as_posix()} {content}\n".encode())
    return found.hexdigest()[:16]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Model name of the CPU."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def _cpuinfo() -> dict[str, str]:
    """What Linux says of the first processor; empty elsewhere."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
        pairs = (line.partition(":") for line in first.splitlines())
        return {name.strip(): value.strip() for name, _, value in pairs}
    return {}


FORCED = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_CPU_ISA_HINTS",
    "DNNL_CPU_ISA_HINTS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_THREADING_LAYER",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NUMBA_OPT",
    "NUMBA_DISABLE_JIT",
    "OPENBLAS_CORETYPE",
)
"""Variables that choose the arithmetic of a processor. None of oneDNN's functions that would tell
its choice is exported by torch: it follows from the processor and from these.
"""
FORCED_ON_GPU = (
    "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUBLASLT_WORKSPACE_SIZE",
    "TORCH_BLAS_PREFER_CUBLASLT",
    "DISABLE_ADDMM_CUDA_LT",
    "TRITON_F32_DEFAULT",
    "TRITON_INTERPRET",
)
"""And those that choose the arithmetic of a GPU."""
_CLASS = ("vendor_id", "cpu family", "model", "model name", "cache size", "flags")


def arithmetic() -> dict[str, str]:
    """What decides how float32 is rounded here, where versions are the same: the processor with
    its instruction sets and cache, by which libraries choose their kernels, and what it was told to
    do as if it were. Equal ones give equal bits.
    """
    known = _cpuinfo()
    found = {"machine": platform.machine()} | {k: known[k] for k in _CLASS if k in known}
    if "flags" in found:
        flags = " ".join(sorted(found["flags"].split()))
        found["flags"] = hashlib.sha256(flags.encode()).hexdigest()[:16]
    return found | {name: os.environ[name] for name in FORCED if os.environ.get(name)}


@lru_cache(maxsize=1)
def gpus() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that the driver lists; empty without one."""
    return tuple(filter(None, map(str.strip, _asked_driver("name").splitlines())))


def gpu_megabytes() -> list[float]:
    """Memory of each GPU that the driver lists, in MB of a million bytes; it says MiB."""
    said = _asked_driver("memory.total").split()
    return [float(word) * 1.048576 for word in said if word.isdigit()]


def gpu_load() -> float | None:
    """Percent of the last second in which the first GPU computed; None where nobody says."""
    said = next(iter(_asked_driver("utilization.gpu").split()), "")
    return float(said) if said.isdigit() else None


def _asked_driver(field: str) -> str:
    return _output("nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits")[0]


def sees_gpu() -> bool:
    """Whether the driver lists a GPU or torch, asked in a process of its own, finds one."""
    ask = "import torch; print(torch.cuda.is_available())"
    return bool(gpus()) or _output(sys.executable, "-c", ask, seconds=60)[0] == "True"


def git_state(folder: Path) -> str:
    """Commit, and whether files differ from it; else "unknown, because …"."""
    if not (folder / ".git").exists():
        return "unknown, because it is no checkout of git"
    commit, refusal = _git(folder, "rev-parse", "HEAD")
    if refusal:
        return f"unknown, because {refusal}"
    filters, refusal = _git(folder, "config", "-z", "--name-only", "--get-regexp", r"^filter\.")
    if not refusal or refusal == _NO_SUCH_SETTING:
        look = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
        changed, refusal = _git(folder, *look, off=filters.split("\0"))
    if refusal:
        return f"{commit}, local changes unknown, because {refusal}"
    return f"{commit} with local changes" if changed else commit


_NO_SUCH_SETTING = "git says: exit code 1"
_PLACES = ("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "OBJECT_DIRECTORY", "PREFIX")
_PLACES_OF_GIT = {f"GIT_{name}" for name in _PLACES}
_FOR_GIT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": "none"}


def _git(folder: Path, *words: str, off: Sequence[str] = ()) -> tuple[str, str]:
    """What git says of the checkout in `folder` with the settings `off` emptied, and why it says
    nothing.

    The checkout may be somebody else's, so nothing that its settings name is run: no monitor of its
    files, hook, filter, submodule or way to a server. No lock is taken: it may be read-only. A hook
    of git names its own repository by variables, which would be asked instead.
    """
    settings = {"core.fsmonitor": "false", "core.hooksPath": os.devnull}
    settings |= dict.fromkeys(filter(None, off), "")
    ours = {name: value for name, value in os.environ.items() if name not in _PLACES_OF_GIT}
    ours |= _FOR_GIT | {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        ours |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    said, refusal = _output("git", *words, folder=folder, seconds=GIT_S, env=ours)
    return said, OTHER_OWNER if "dubious ownership" in refusal else refusal


def _output(
    *command: str,
    folder: Path | None = None,
    seconds: float = 10,
    env: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """What a command prints, and why it prints nothing."""
    name = command[0]
    try:
        ran = subprocess.run(  # noqa: S603 - fixed commands
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        return "", f"{name} is not installed"
    except subprocess.TimeoutExpired:
        return "", f"{name} took more than {seconds} s"
    except OSError as error:
        return "", f"{name} cannot be run: {error.strerror or error}"
    if ran.returncode == 0:
        return ran.stdout.strip(), ""
    first = next(iter(ran.stderr.strip().splitlines()), f"exit code {ran.returncode}")
    return "", f"{name} says: {first.removeprefix('fatal: ')}"


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
