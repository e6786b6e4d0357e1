"""Several GPUs that learn one network together: `.venv/bin/torchrun` starts one process for each.

Each draws other crops; their gradients are averaged before every step. There are two steps a lesson and a gradient of
a gradient in one of them, which DistributedDataParallel does not foresee: the averaging is written out instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Team:
    """Who learns: the number of this process, how many there are, and its device."""

    rank: int
    size: int
    device: str

    @property
    def leads(self) -> bool:
        """Whether this process writes checkpoints, sheets and weights."""
        return self.rank == 0

    def share(self, parameters: Iterable[Tensor]) -> None:
        """Average the gradients of all processes, in place."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        joined = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(joined)
        joined /= self.size
        begin = 0
        for gradient in gradients:
            end = begin + gradient.numel()
            gradient.copy_(joined[begin:end].view_as(gradient))
            begin = end

    def any(self, here: bool) -> bool:
        """Whether it is so in any of the processes; each of them asks."""
        if self.size == 1:
            return here
        found = torch.tensor(float(here), device=self.device)
        distributed.all_reduce(found, distributed.ReduceOp.MAX)
        return bool(found)

    def agree(self, tensors: Iterable[Tensor]) -> None:
        """Give all processes the tensors of the first."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)


ALONE = Team(0, 1, "cpu")


@contextmanager
def team() -> Iterator[Team]:
    """The processes that torchrun started, or this one alone; on a GPU where there is one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    gpu = torch.cuda.is_available()
    device = f"cuda:{local}" if gpu else "cpu"
    if gpu:
        torch.cuda.set_device(local)
    if size == 1:
        yield Team(0, 1, device)
        return
    distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        yield Team(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
