"""`python -m benchmarks.kernels`: what the Triton kernels take of a multiprocessor of an H100, by
its compiler, which needs no GPU: registers of a thread, bytes that spill, bytes of a load.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from harness.engine.lif import fused_gpu as lif
from harness.engine.lif.dynamics import Dynamics
from harness.engine.norm import fused_gpu as norm
from harness.parts.surrogates import Dspike

_OPTIONS = ("num_warps", "enable_fp_fusion")
_ELEMENTS = {
    *("current", "spikes", "grad_spikes", "grad_current"),
    *("values", "shortcut", "made", "grad_made", "grad_values"),
}
_FLOATS = {
    *("starts", "shares", "rows", "slopes", "sums", "grads"),
    *("weight", "bias", "running_mean", "running_variance"),
}
_COUNTS = {"neurons", "pixels", "counted", "channels"}
_NAMES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}


@dataclass(frozen=True)
class Use:
    """What one compiled kernel takes."""

    kernel: str
    registers: int  # of a thread; 255 is the most
    spilled: int  # bytes of a thread, in memory since registers were too few
    load: int  # bytes of the narrowest load, but for a decay that is learned


def compiled(kernel: Any, choices: dict[str, Any], dtype: torch.dtype = torch.float32) -> Any:
    """The kernel as it is launched with these choices, on arrays of `dtype`, for an H100."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    names = kernel.arg_names
    switches = {names[place] for place in kernel.constexprs}
    types = {name: _type(name, _NAMES[dtype], bool(choices.get("LEARNED"))) for name in names}
    types |= dict.fromkeys(switches, "constexpr")
    aligned = {
        (place,): [["tt.divisibility", 16]]
        for place, name in enumerate(names)
        if types[name].startswith("*") or name in _COUNTS
    }
    constants = {name: choices.get(name, False) for name in switches}
    source = ASTSource(kernel, types, constexprs=constants, attrs=aligned)
    options = {name: choices[name] for name in _OPTIONS if name in choices}
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


def _type(name: str, element: str, learned: bool) -> str:
    if name in _FLOATS or (name == "decay" and learned):
        return "*fp32"
    if name == "totals":
        return "*fp64"
    if name in _ELEMENTS:
        return f"*{element}"
    return "i32" if name in _COUNTS else "fp32"


def use_of(name: str, made: Any) -> Use:
    """By the copy of NVIDIA's assembler that triton takes for this card."""
    from triton.backends.nvidia.compiler import get_ptxas

    code = made.asm["ptx"]
    (target,) = re.findall(r"\.target (sm_\w+)", code)
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(code)
        file.flush()
        asked = [get_ptxas(90).path, "-v", f"-arch={target}", file.name, "-o", "/dev/null"]
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stderr
    (registers,) = re.findall(r"Used (\d+) registers", said)
    (spilled,) = re.findall(r"(\d+) bytes spill stores", said)
    loads = [
        int(count or 1) * int(bits) // 8
        for count, bits in re.findall(r"ld\.global\.(?:v(\d)\.)?b(\d+)", code)
        if count or "learned" not in name
    ]
    return Use(name, int(registers), int(spilled), min(loads))


def kernels(steps: int, dtype: torch.dtype, channels: int = 64) -> Iterator[tuple[str, Any, Any]]:
    """Each kernel's name, itself and the choices of its launch, for so many time steps."""
    from harness.engine.lif import fused_gpu_kernels as of_lif
    from harness.engine.norm import fused_gpu_kernels as of_norm

    for learned in (False, True):
        decay = torch.tensor(0.5) if learned else 0.5
        dynamics = Dynamics(decay, 1.0, Dspike())
        said = "learned decay" if learned else "lif"
        current = torch.empty(steps, 1, channels, 8, 8, dtype=dtype)
        _, choices = lif.launch(current, dynamics)
        longer = steps > choices["SEGMENT"]
        choices |= {"KEEP_STARTS": longer, "KEPT_STARTS": longer, "KIND": 1}
        yield f"{said}: forward", of_lif.forward, choices
        yield f"{said}: backward", of_lif.backward, choices
        if longer:
            continue
        folded = current.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        behind = norm.Behind(norm.LIF, dynamics, steps)
        pixels, _, choices = norm.call(folded, behind)
        choices |= norm.tiles(folded, pixels)[1] | {"KIND": 1, "REPEATS": 4}
        yield f"tdBN, {said}: forward", of_norm.forward, choices
        for summing in (True, False):
            half = "sums" if summing else "gradient"
            yield f"tdBN, {said}: {half}", of_norm.backward, choices | {"SUMMING": summing}
        if not learned:
            plain = choices | {"BEHIND": norm.NOTHING, "STEPS": 1, "WITH_SHORTCUT": True}
            yield "tdBN, shortcut: forward", of_norm.forward, plain
            yield "tdBN: moments", of_norm.moments, plain


def main() -> None:
    """A table of all kernels for floats and halves, T = 4, 8 and 20."""
    table = Table("T", "numbers", "kernel", "registers", "spilled, bytes", "load, bytes")
    for steps in (4, 8, 20):
        for dtype in (torch.float32, torch.float16):
            for name, kernel, choices in kernels(steps, dtype):
                use = use_of(name, compiled(kernel, choices, dtype))
                cells = (name, use.registers, use.spilled, use.load)
                table.add_row(str(steps), _NAMES[dtype], *map(str, cells))
    Console().print(table)


if __name__ == "__main__":
    main()
