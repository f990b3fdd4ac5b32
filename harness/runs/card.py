"""What a card gives and whether it computes what it should, in minutes: facts, kernels beside
float64, ceilings, networks beside a roofline, and short runs. It is looked at and kept nowhere.

Legend: T = time steps, M = images, D = features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from harness.engine.cka import MinibatchCKA
from harness.engine.data.labelled import FrameSet, ImageSet, LabelledSet
from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.layer import spikes_of
from harness.engine.lif.reference import lif_loop
from harness.engine.networks import resnet
from harness.engine.training import History, Normalisation, train
from harness.engine.training.numerics import Float32, float32_products
from harness.errors import HarnessError
from harness.measures.base import Training
from harness.measures.work import size_of_training, step_of
from harness.parts.neurons import Lif
from harness.parts.surrogates import Dspike
from harness.plan.device import MEASURED, Device
from harness.plan.node import Node
from harness.runs.place import Place

Row = dict[str, Any]


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    copied: int  # bytes of a copy
    side: int  # of the matrices
    neurons: int  # of a layer
    batch: int  # images at most
    steps: int  # of an epoch
    seconds: float  # for the networks together


EXTENTS = {
    "cuda": Extent(2**30, 8192, 2**22, 65_536, 8, 150.0),
    "cpu": Extent(2**28, 2048, 2**14, 8, 2, 20.0),
}


def require(device: str) -> None:
    """Raise HarnessError where there is no such device."""
    if device == "cuda" and not torch.cuda.is_available():
        problem = f"torch {torch.__version__} finds no GPU here"
        raise HarnessError("--device cuda", problem, hint="--device cpu measures a CPU")


def facts(device: str) -> Row:
    """What torch says of the device."""
    found: Row = {"device": device, "torch": torch.__version__, "threads": torch.get_num_threads()}
    try:
        found["triton"] = version("triton")
    except PackageNotFoundError:
        found["triton"] = None
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        free, total = torch.cuda.mem_get_info()
        found |= {
            "card": card.name,
            "capability": f"{card.major}.{card.minor}",
            "multiprocessors": card.multi_processor_count,
            "memory, GB": total / 1e9,
            "free, GB": free / 1e9,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        }
    return found


def errors(device: str, extent: Extent) -> Iterator[Row]:
    """Each kernel beside the same in float64 on the CPU: the largest error, relative to the largest
    number, and what it may be.
    """
    draw = torch.Generator().manual_seed(0)
    drawn = torch.randint(-8, 17, (4, extent.neurons), generator=draw) / 8  # exact in all types
    neurons = Dynamics.of(Lif(kind="lif", fires_at_threshold=True, surrogate=Dspike(kind="dspike")))
    wide, narrow = drawn.double().requires_grad_(), drawn.to(device).float().requires_grad_()
    weight = torch.randn(drawn.shape, generator=draw)
    truth, found = lif_loop(wide, neurons), spikes_of(narrow, neurons, "auto", torch.float32)
    (truth * weight).sum().backward()  # type: ignore[no-untyped-call]
    (found * weight.to(device)).sum().backward()  # type: ignore[no-untyped-call]
    yield _error("LIF, spikes", found, truth, 0.0)
    yield _error("LIF, gradient", narrow.grad, wide.grad, 2e-6)

    network = resnet(8, base_width=8, neuron="relu").eval()
    images = torch.rand(8, 3, 32, 32, generator=draw)
    with torch.no_grad():
        truth = network.double()(images.double())
        network, images = network.float().to(device), images.to(device)
        limits: dict[Float32, float] = {"ieee": 1e-5}
        if device == "cuda":
            limits["tf32"] = 5e-3  # factors of 10 bits
        for how, limit in limits.items():
            with float32_products(how):
                yield _error(f"ResNet-8, {how}", network(images), truth, limit)

    for name, features in {"spikes": drawn[:, :4096] > 1, "numbers": 10 + drawn[:, :4096]}.items():
        layers_LMD = features.float().view(2, 64, -1)
        values = []
        for side in (layers_LMD.double(), layers_LMD.to(device)):
            sums = MinibatchCKA(("a", "b"))
            sums.update(list(side))
            values.append(sums.compute())
        yield _error(f"CKA of {name}", values[1], values[0], 1e-6)


def _error(kernel: str, found: Tensor | None, truth: Tensor | None, limit: float) -> Row:
    assert found is not None and truth is not None  # noqa: S101 - they asked for gradients
    apart = (
        found.detach().double().cpu() - truth.detach()
    ).abs().max() / truth.detach().abs().max()
    return {"kernel": kernel, "error": float(apart), "limit": limit, "holds": bool(apart <= limit)}


def ceilings(device: str, extent: Extent, rounds: int) -> dict[str, float]:
    """What matrix products reach in each type, GFLOP/s, and copies, GB/s (read and write counted):
    medians.
    """
    side, found = extent.side, dict[str, float]()
    types = {"f32": torch.float32, "bf16": torch.bfloat16}
    if device == "cuda":
        types |= {"tf32": torch.float32, "fp16": torch.float16, "int8": torch.int8}
    for name, dtype in types.items():
        a = torch.ones(side, side, device=device, dtype=dtype)
        b = torch.ones_like(a).T
        product: Callable[[Tensor, Tensor], Tensor] = torch.mm
        product = torch._int_mm if name == "int8" else product
        with float32_products("tf32" if name == "tf32" else "ieee"):
            seconds = _median(lambda p=product, a=a, b=b: p(a, b), rounds)  # type: ignore[misc]
        found[f"GEMM {name}, GFLOP/s"] = 2 * side**3 / seconds / 1e9
    source = torch.ones(extent.copied // 4, device=device)
    target = torch.empty_like(source)
    seconds = _median(lambda: target.copy_(source), rounds)
    found["copy, GB/s"] = 2 * extent.copied / seconds / 1e9
    return found


def _median(work: Callable[[], object], rounds: int) -> float:
    """Seconds; the first round, which compiles and allocates, does not count."""
    taken = []
    for _ in range(rounds + 1):
        _wait()
        started = time.perf_counter()
        work()
        _wait()
        taken.append(time.perf_counter() - started)
    return median(taken[1:])


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def roofline(
    nodes: Iterable[Node], device: str, extent: Extent, limits: Mapping[str, float]
) -> Iterator[Row]:
    """Trainings at their batch, in the order in which they come until the time is up: images/s, and
    the share of what the measured ceilings allow if no operation took time of its own.
    """
    half = limits.get("GEMM fp16, GFLOP/s", limits["GEMM bf16, GFLOP/s"])
    single = limits.get("GEMM tf32, GFLOP/s", limits["GEMM f32, GFLOP/s"])
    roof = Device(MEASURED, single * 1e9, half * 1e9, limits["copy, GB/s"] * 1e9, launch=0.0)
    end, seen = time.perf_counter() + extent.seconds, set[tuple[object, ...]]()
    for node in nodes:
        spec: Any = node.full
        batch = min(spec.recipe.batch, extent.batch)
        precision = spec.recipe.precision if device == "cuda" else "f32"
        named = f"{spec.network.label} {spec.neuron.label}, {spec.dataset.size} px"
        row = {"network": named, "batch": batch, "precision": precision}
        if tuple(row.values()) in seen:
            continue
        seen.add(tuple(row.values()))
        if time.perf_counter() > end:
            yield row | {"why": f"not reached in {extent.seconds:.0f} s"}
            continue
        again = spec.recipe.checkpoint_activations
        work = step_of(size_of_training(node.spec), batch, precision, again)
        spent = roof.limits(work, half=precision != "f32")
        limit = batch / max(spent.values())
        changed = {"epochs": 2, "batch": batch, "precision": precision, "warmup_epochs": 0}
        short = spec.model_copy(update={"recipe": spec.recipe.model_copy(update=changed)})
        try:
            reached = _reached(short, device, extent.steps)
        except torch.OutOfMemoryError:
            yield row | {"limit": limit, "why": "out of memory"}
            continue
        share = reached["images/s"] / limit
        bound = max(spent, key=lambda name: spent[name])
        yield row | reached | {"limit": limit, "share": share, "bound by": bound}


def _reached(spec: Training, device: str, steps: int) -> Row:
    """Images/s of the last of two epochs; on a GPU how many launches a step takes, the evaluation
    of a few images included, and why steps were not recorded as a graph.
    """
    images = _noise(spec, steps)
    how: Row = {
        "seed": 0,
        "normalisation": Normalisation(*((0.5,) * spec.dataset.channels,) * 2),
        "device": device,
        "deterministic": False,
        "float32": spec.numerics.float32,
    }

    def trained(epochs: int) -> History:
        recipe = spec.recipe.model_copy(update={"epochs": epochs})
        return train(spec.build(), images, recipe, **how)

    def launched(epochs: int) -> int:
        with torch.profiler.profile() as told:
            trained(epochs)
        return sum(one.count for one in told.key_averages() if "Launch" in one.key)

    history = trained(2)
    reached: Row = {"images/s": history.epochs[-1].images_per_second}
    if device == "cuda":  # one epoch more, so that what comes before the first does not count
        reached["launches"] = (launched(3) - launched(2)) / steps
        reached["not captured"] = history.not_captured
    return reached


def _noise(spec: Training, steps: int) -> LabelledSet:
    """As many images as an epoch of so many steps has, like those of the data set."""
    dataset, count = spec.dataset, spec.recipe.batch * steps
    labels = torch.arange(count) % dataset.classes
    shape = (dataset.channels, dataset.size, dataset.size)
    kind: type[LabelledSet] = FrameSet if dataset.is_framed else ImageSet
    shape = (spec.neuron.steps, *shape) if dataset.is_framed else shape  # type: ignore[assignment]
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 4, (count, *shape), generator=draw).to(kind.dtype)
    names = tuple(map(str, range(dataset.classes)))
    return kind("noise", pixels, labels, pixels[:8], labels[:8], names, "embedded")


def short_runs(nodes: Iterable[Node], folder: Path, data: Path) -> Iterator[Row]:
    """Run nodes, each after its inputs, in an empty folder."""
    for node in nodes:
        here = folder / node.key
        inputs = {name: folder / key / "files" for name, key in node.inputs.items()}
        for name in ("files", "checkpoints"):
            (here / name).mkdir(parents=True)
        place = Place(here / "files", here / "checkpoints", data, inputs, 1, folder / "cache")
        started = time.perf_counter()
        numbers = node.full.run(place, lambda progress: None)
        told = {name: number for name, number in numbers.items() if number != ""}
        yield {"run": node.label, "seconds": time.perf_counter() - started, "numbers": told}
