"""One Gram matrix of one layer and minibatch, its upper blocks only.

K = Σ over time steps of X(t)·X(t)ᵀ, which is the Gram matrix of the steps concatenated. A shift of
the features adds a_i + a_j to K, and centring a Gram matrix takes such terms out again. So the mean
of each column may be subtracted beforehand, and is: with features of mean 1000 and deviation 1 the
float32 product of the raw features is off by 0.2 in CKA, that of the centred ones by 1e-10.

A Gram matrix squares the features, so in float32 those of 1e19 overflow and those of 1e-22 lose
their digits. A power of two takes the size out without rounding anything. Spikes are multiplied as
integers where the CPU has VNNI or the GPU int8 tensor cores: exact, and several times faster. All
other features are multiplied in float32, without TF32, on a GPU too.

Legend: T = time steps, M = images of the minibatch, C = channels, D = features of an image at one
step, d = columns of a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import pad

COLUMNS = 8192  # multiplied at once; the centred copy of M = 1024 images is 32 MB then
_COLUMNS_CUDA = 65536
ROWS = 256  # of a block: smaller ones save more of the lower triangle, larger ones multiply faster
_EXACT_IN_F32 = 2**24
_AT_ONCE = 2**22  # numbers of products of channels
_TOGETHER = 2**20  # numbers of channels, or of their Gram matrices, that are multiplied together
_LITTLE = 2**24  # products of numbers of a channel, up to which integers gain nothing
_FEW = 512  # columns of a channel, up to which they gain nothing either
_THIN = 3  # times the columns of a channel are fewer than the images where columns are multiplied
_HELD = 2.0**-60  # a sum of squares in float32 above which those that vanish are none that count

Steps = Sequence[Tensor]
"""The features of one layer, [M, …] for each time step; one entry where there is no time."""


def rows(features: Tensor) -> Tensor:
    """Features [M, …] as [M, D] without copying where the memory of an image is contiguous.

    The dimensions of an image are put in the order of their strides, so channels-last features are
    not copied either: a Gram matrix does not depend on the order of its features.
    """
    if features.ndim == 1:
        return features.unsqueeze(1)
    order = sorted(range(1, features.ndim), key=features.stride, reverse=True)
    return features.permute(0, *order).flatten(1)


def column_blocks(steps: Steps, columns: int) -> Iterator[list[Tensor]]:
    """Views [M, d] of the steps, in order, grouped so that each group has `columns` columns; the
    last one may have fewer.
    """
    group: list[Tensor] = []
    free = columns
    for matrix in map(rows, steps):
        start = 0
        while start < matrix.shape[1]:
            piece = matrix[:, start : start + free]
            group.append(piece)
            start += piece.shape[1]
            free -= piece.shape[1]
            if not free:
                yield group
                group, free = [], columns
    if group:
        yield group


def constant(steps: Steps) -> bool:
    """Whether every image has the same features, to the bit."""
    matrices = [rows(step) for step in steps]
    ends = all(torch.equal(matrix[0], matrix[-1]) for matrix in matrices)  # settles it mostly
    return ends and all(bool((matrix == matrix[:1]).all()) for matrix in matrices)


class Standing(IntEnum):
    """What a layer's features are worth to CKA; over several minibatches the largest one counts."""

    SILENT = 0  # all of them are 0
    CONSTANT = 1  # the same for every image
    UNSHARED = 2  # of a Gram matrix that centring empties
    DEFINED = 3
    BROKEN = 4  # NaN or infinite


_ORDINARY: Mapping[torch.dtype, tuple[float, float]] = MappingProxyType(
    {torch.float32: (2.0**-60, 2.0**100), torch.float64: (2.0**-400, 2.0**400)}
)
"""Between which the largest number on the diagonal of a Gram matrix leaves room: below for the
products of features far smaller than the largest, above for the sums."""


def ordinary(gram_MM: Tensor) -> bool:
    """Whether a Gram matrix is free of overflow and underflow; never if it is 0 or NaN."""
    low, high = _ORDINARY[gram_MM.dtype]
    return low <= float(gram_MM.diagonal().max()) <= high


def standing_of(same: Iterable[Tensor]) -> Standing:
    """Of features that are the same for every image; of others only whether they are `BROKEN`."""
    found = Standing.SILENT
    for step in same:
        if not step.isfinite().all():
            return Standing.BROKEN
        if step.any():
            found = Standing.CONSTANT
    return found


def at_unit_scale(steps: Steps) -> tuple[Steps, int]:
    """Finite features divided by 2^exponent, so that the one that varies most does so by 1 to 2.

    A feature too large for its dtype then is the same for every image, or its last digit would
    vary by more, and counts for nothing: it becomes 0.
    """
    ends = [rows(step).double().aminmax(dim=0) for step in steps]
    widest = max(float((high / 2 - low / 2).max() * 2) for low, high in ends)
    exponent = int(torch.frexp(torch.tensor(widest, dtype=torch.float64)).exponent) - 1
    dtype = torch.promote_types(steps[0].dtype, torch.float32)
    largest = 4 / torch.finfo(dtype).eps
    first = -exponent // 2  # two factors, since 2^1074 is none
    second = -exponent - first
    scaled = (step.double() * 2.0**first * 2.0**second for step in steps)
    return [step.masked_fill(step.abs() > largest, 0.0).to(dtype) for step in scaled], exponent


def upper_gram(steps: Steps) -> Tensor:
    """The Gram matrix [M, M] of a layer, right on and above the diagonal and undefined below it, up
    to a shift a_i + a_j that centring takes out.

    Float32, or float64 for features in float64. Features that are 0 or 1 throughout are multiplied
    as integers where that is faster, which is exact.
    """
    return _product(steps)[0]


def _product(steps: Steps) -> tuple[Tensor, bool]:
    """The same, 0 below the blocks on the diagonal, and whether it is centred: spikes are not."""
    gram = _empty_gram(steps)
    with torch.autocast(gram.device.type, enabled=False):
        spikes = spike_gram(steps, _columns(gram.device), ROWS)
        if spikes is not None:
            return spikes.to(gram.dtype), False
        for block in _centred_blocks(steps):
            add_upper_product(block, gram)
        return gram, True


def upper_gram_and_scaled(
    steps: Steps, scale_C: Tensor, *, within: bool = False
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The Gram matrices of features [M, C, …] and of the same features times scale_C plus any shift
    of each channel, for the price of one and a little: Σ K_c and Σ scale_c²·K_c over the channels.
    With `within` also HSIC₁(K_c, K_c) of each channel, [C].
    """
    gram, scaled = (_empty_gram(steps) for _ in range(2))
    factor_C = scale_C.square().tolist()
    own_C = []
    for some, grams_CMM in _centred_channels(steps, together=within):
        for channel, factor in zip(grams_CMM, factor_C[some], strict=True):
            gram += channel
            scaled.add_(channel, alpha=factor)
        own_C += [_own_hsic(grams_CMM, is_centred=True)] if within else []
    return gram, scaled, torch.cat(own_C) if within else None


def upper_gram_and_own(steps: Steps) -> tuple[Tensor, Tensor]:
    """The Gram matrix as `upper_gram` gives it, and HSIC₁(K_c, K_c) of each channel of features
    [M, C, …], [C] in float64.

    A channel of few columns needs no Gram matrix: its features X less their means have
    ‖X·Xᵀ‖ = ‖Xᵀ·X‖, and the sum of a row of K_c without its diagonal is −‖x_i‖².
    """
    images, channels = steps[0].shape[:2]
    columns = sum(step[0, 0].numel() for step in steps)
    if columns * _THIN < images:
        return upper_gram(steps), _own_of_columns(steps)
    gram = _empty_gram(steps)
    own_C = []
    if columns <= _FEW or images**2 * columns <= _LITTLE or not _are_spikes(steps):
        for _, grams_CMM in _centred_channels(steps, together=True):
            own_C.append(_own_hsic(grams_CMM, is_centred=True))
            gram += grams_CMM[0] if len(grams_CMM) == 1 else grams_CMM.sum(0)
    else:
        for index in range(channels):
            channel, is_centred = _product([step[:, index] for step in steps])
            own_C.append(_own_hsic(channel.unsqueeze(0), is_centred))
            gram += channel
    return gram, torch.cat(own_C)


def _own_of_columns(steps: Steps) -> Tensor:
    """HSIC₁(K_c, K_c) of each channel from [D_c, D_c] products of its D_c columns."""
    with torch.autocast(steps[0].device.type, enabled=False):
        columns_CMD = _channels(steps, 0, steps[0].shape[1])
        norms_CM = torch.linalg.vector_norm(columns_CMD, dim=2).double().square()
        few = max(1, _AT_ONCE // columns_CMD.shape[2] ** 2)
        products = (part.mT @ part for part in torch.split(columns_CMD, few))
        squares = torch.cat([_squares(one) for one in products])
    return _from_sums(squares - norms_CM.square().sum(1), -norms_CM)


def _centred_channels(steps: Steps, *, together: bool) -> Iterator[tuple[slice, Tensor]]:
    """Of each channel of features [M, C, …] the Gram matrix, centred, some channels at a time,
    [C, M, M], with 0 below the blocks on the diagonal. With `together` what is small is one product
    for many channels, since one for each takes longer to begin than to do; it rounds otherwise.
    """
    images, channels = steps[0].shape[:2]
    columns = sum(step[0, 0].numel() for step in steps)
    few = max(1, _TOGETHER // (images * max(images, columns))) if together else 1
    with torch.autocast(steps[0].device.type, enabled=False):
        for start in range(0, channels, few):
            stop = min(start + few, channels)
            if few == 1:
                gram = _empty_gram(steps)
                for block in _centred_blocks([step[:, start] for step in steps]):
                    add_upper_product(block, gram)
                grams_CMM = gram.unsqueeze(0)
            else:
                part_CMD = _channels(steps, start, stop)
                grams_CMM = part_CMD.new_zeros(stop - start, images, images)
                for row in range(0, images, ROWS):
                    block = part_CMD[:, row : row + ROWS]
                    grams_CMM[:, row : row + ROWS, row:] = block @ part_CMD[:, row:].mT
            yield slice(start, stop), grams_CMM


def _channels(steps: Steps, start: int, stop: int) -> Tensor:
    """Channels start … stop − 1 of features [M, C, …] less their means, [C, M, D_c]."""
    images = len(steps[0])
    pieces = [step[:, start:stop].reshape(images, stop - start, -1) for step in steps]
    columns_MCD = torch.cat(pieces, 2).to(torch.promote_types(steps[0].dtype, torch.float32))
    return (columns_MCD - columns_MCD.mean(0)).transpose(0, 1)


def _are_spikes(steps: Steps) -> bool:
    """Whether they may be multiplied as integers, by the first image."""
    return _integers_are_faster(steps[0].device) and _as_integers([rows(steps[0][:1])]) is not None


def _own_hsic(grams_CMM: Tensor, is_centred: bool) -> Tensor:
    """HSIC₁(K, K) of each `_product`, float64: blocks on the diagonal hold both triangles, all
    others one, and below them is 0.
    """
    ends_CM = grams_CMM.diagonal(0, 1, 2).double()
    starts = range(0, grams_CMM.shape[1], ROWS)
    blocks = [grams_CMM[:, at : at + ROWS, at : at + ROWS] for at in starts]
    twice = torch.stack([_squares(one) for one in blocks]).sum(0)
    others = 2 * _squares(grams_CMM) - twice - ends_CM.square().sum(1)
    if is_centred:  # a row adds up to 0 with its end
        return _from_sums(others, -ends_CM)
    rows_CM, columns_CM = (grams_CMM.sum(dim, dtype=torch.float64) for dim in (2, 1))
    within_CM = torch.cat([one.sum(2, dtype=torch.float64) for one in blocks], 1)
    return _from_sums(others, rows_CM + columns_CM - within_CM - ends_CM)


def _squares(matrices: Tensor) -> Tensor:
    """Their sum in each matrix, float64. On a CPU those of a row are added up in their own dtype,
    which is many times faster, unless it does not hold them.
    """
    if not matrices.is_cuda:
        found: Tensor = torch.linalg.vector_norm(matrices, dim=-1).double().square().sum(-1)
        if bool((found.isfinite() & ((found > _HELD) | (found == 0))).all()):
            return found
    norm: Tensor = torch.linalg.vector_norm(matrices, dim=(-2, -1), dtype=torch.float64)
    return norm.square()


def _from_sums(squares: Tensor, rows_M: Tensor) -> Tensor:
    """HSIC₁(K, K) from Σ_{i≠j} K_ij² and the sums of the rows [… M], both without the diagonal."""
    images = rows_M.shape[-1]
    total = rows_M.sum(-1).square() / ((images - 1) * (images - 2))
    middle = 2 * rows_M.square().sum(-1) / (images - 2)
    return (squares + total - middle) / (images * (images - 3))


def add_upper_product(matrix: Tensor, gram: Tensor) -> None:
    """gram += matrix·matrixᵀ in row blocks, leaving out the blocks below the diagonal."""
    for start in range(0, len(matrix), ROWS):
        block = matrix[start : start + ROWS]
        gram[start : start + ROWS, start:].addmm_(block, matrix[start:].T)


def _empty_gram(steps: Steps) -> Tensor:
    images = len(steps[0])
    dtype = torch.promote_types(steps[0].dtype, torch.float32)
    return steps[0].new_zeros(images, images, dtype=dtype)


def _columns(device: torch.device) -> int:
    """Multiplied at once."""
    return _COLUMNS_CUDA if device.type == "cuda" else COLUMNS


def _centred_blocks(steps: Steps) -> Iterator[Tensor]:
    """The columns of all steps less their means, some at a time, in one buffer."""
    first = steps[0]
    dtype = torch.promote_types(first.dtype, torch.float32)
    columns = _columns(first.device)
    widest = sum(step[0].numel() for step in steps)
    buffer = first.new_empty(len(first), min(columns, widest), dtype=dtype)
    for group in column_blocks(steps, columns):
        start = 0
        for piece in group:
            stop = start + piece.shape[1]
            torch.sub(piece, piece.mean(0, dtype=dtype), out=buffer[:, start:stop])
            start = stop
        yield buffer[:, :start]


def spike_gram(steps: Steps, columns: int, block_rows: int) -> Tensor | None:
    """K [M, M] = X·Xᵀ on and above the diagonal, in float32 (float64 from 2²⁴ features on, so that
    each count is exact); None where features are neither 0 nor 1 or where integers are not faster.

    Products of int8 are added up in int32, on a GPU by its tensor cores: exact below 2³¹ features.
    """
    device, images = steps[0].device, len(steps[0])
    if not _are_spikes(steps):
        return None
    whole_rows, whole_columns = _WHOLE[device.type]
    size = images + -images % whole_rows
    counts = torch.zeros(size, size, dtype=torch.int32, device=device)
    for group in column_blocks(steps, columns):
        spikes = _as_integers(group)
        if spikes is None:
            return None
        if size > images or spikes.shape[1] % whole_columns:
            spikes = pad(spikes, (0, -spikes.shape[1] % whole_columns, 0, size - images))
        for start in range(0, size, block_rows):
            block = spikes[start : start + block_rows]
            counts[start : start + block_rows, start:] += torch._int_mm(block, spikes[start:].T)
    few = sum(step[0].numel() for step in steps) < _EXACT_IN_F32
    return counts[:images, :images].to(torch.float32 if few else torch.float64)


_WHOLE: Mapping[str, tuple[int, int]] = MappingProxyType({"cpu": (1, 8), "cuda": (32, 8)})
"""Rows and columns that zeros fill an operand of `torch._int_mm` up to a multiple of: cuBLAS takes
more than 16 rows and multiples of 8, and torch 2.11 multiplies a single column wrongly on a CPU.
"""


def _as_integers(group: list[Tensor]) -> Tensor | None:
    """The pieces side by side in int8, [M, d]; None unless each number is 0 or 1."""
    ones = [piece == 1 for piece in group]
    if not all(torch.equal(one, piece != 0) for one, piece in zip(ones, group, strict=True)):
        return None
    return (ones[0] if len(ones) == 1 else torch.cat(ones, dim=1)).view(torch.int8)


def _integers_are_faster(device: torch.device) -> bool:
    if device.type == "cuda":  # from Ampere on, which has int8 tensor cores twice as fast as fp16's
        return torch.version.hip is None and torch.cuda.get_device_capability(device) >= (8, 0)
    asked = getattr(torch.cpu, "_is_vnni_supported", None)  # private: where it is gone, float32
    return device.type == "cpu" and asked is not None and bool(asked())
