"""The processes that train one network together: what each takes of a batch, and what they add up.

Legend: B = batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from harness.errors import HarnessError

Statistics = Literal["synchronised", "local"]


@dataclass(frozen=True)
class Ranks:
    """This process, `rank` of `size`, in the default process group of torch.distributed.

    With statistics "synchronised" tdBN uses mean and variance of the whole batch, as one process
    would; with "local" each process those of its own part, and the running averages are those of
    rank 0.
    """

    rank: int = 0
    size: int = 1
    statistics: Statistics = "synchronised"

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and tells."""
        return self.rank == 0

    @property
    def synchronised(self) -> bool:
        """Whether statistics are taken over several processes."""
        return self.size > 1 and self.statistics == "synchronised"

    def part(self, batch: Tensor, dim: int = 0) -> Tensor:
        """What of a batch is this process's: parts in the order of the ranks, nearly equal."""
        return batch.tensor_split(self.size, dim)[self.rank]

    def add_up(self, number: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(number)
        return number

    def spread(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over the processes while they are computed."""
        if self.size == 1:
            return network
        return DistributedDataParallel(network, gradient_as_bucket_view=True)

    def agree(self, network: nn.Module) -> None:
        """Give every process the running averages of rank 0; synchronised ones agree already."""
        if self.size > 1 and not self.synchronised:
            for buffer in network.buffers():
                distributed.broadcast(buffer, src=0)

    def require_parts(self, images: int, batch: int, micro_batch: int) -> None:
        """Raise HarnessError where a batch cannot be split among the processes."""
        where = "numerics.world_size"
        smallest = min(batch, images, images % batch or batch)
        if smallest < self.size:
            raise HarnessError(
                where,
                f"{self.size} processes, but a batch of {smallest} images "
                f"({images} images in batches of {batch})",
                hint="fewer processes, or another recipe.batch",
            )
        if self.size > 1 and micro_batch:
            problem = f"{self.size} processes split a batch already, and recipe.micro_batch too"
            raise HarnessError(where, problem, hint="set recipe.micro_batch=0")


ALONE = Ranks()
