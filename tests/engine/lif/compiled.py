"""A Triton kernel compiled for an H100, which needs no GPU."""

from __future__ import annotations

from typing import Any

from harness.engine.lif import fused_gpu_kernels

_OPTIONS = ("num_warps", "enable_fp_fusion")


def compiled(
    name: str, choices: dict[str, Any], element: str = "fp32", *, kernels: Any = fused_gpu_kernels
) -> Any:
    """The kernel as it is launched with these choices, on arrays of `element`."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = getattr(kernels, name)
    switches = {p.name for p in kernel.params if p.is_constexpr}
    constants = {name: choices.get(name, 0) for name in switches}
    types = {
        name: "constexpr"
        if name in switches
        else _type(name, element, learned=bool(constants.get("LEARNED")))
        for name in kernel.arg_names
    }
    options = {name: choices[name] for name in _OPTIONS}
    aligned = {
        (place,): [["tt.divisibility", 16]]
        for place, name in enumerate(kernel.arg_names)
        if types[name].startswith("*") or types[name] == "i32"
    }
    source = ASTSource(kernel, types, constexprs=constants, attrs=aligned)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


def _type(name: str, element: str, *, learned: bool) -> str:
    if name in ("starts", "shares") or (name == "decay" and learned):
        return "*fp32"
    if name in ("current", "spikes", "grad_spikes", "grad_current"):
        return f"*{element}"
    return "i32" if name == "neurons" else "fp32"
