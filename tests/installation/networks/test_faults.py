"""Which failures a process outlives."""

from __future__ import annotations

import pytest

from installation.networks.faults import out_of_memory, poisons, reraise_if_poisoned


def test_which_errors_mean_memory() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    assert out_of_memory(MemoryError()) and out_of_memory(OutOfMemoryError("x"))
    assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))


def test_what_poisons_the_process_is_left_to_the_runtime_and_too_little_memory_is_not() -> None:
    broken = RuntimeError("CUDA error: an illegal memory access was encountered")
    assert poisons(broken) and not poisons(RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"))
    with pytest.raises(RuntimeError, match="illegal"):
        reraise_if_poisoned(broken)
    reraise_if_poisoned(RuntimeError("CUDA out of memory"))
    reraise_if_poisoned(ValueError("not of a GPU at all"))
