"""What a network's failure means for its process. Told by the words of the error: torch need not be there to ask."""

from __future__ import annotations


def out_of_memory(error: BaseException) -> bool:
    """Whether memory, of the GPU or the machine, was too small. torch has a word of its own for each."""
    said = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(
        sign in said for sign in ("outofmemory", "out of memory", "can't allocate memory", "not enough memory")
    )


def poisons(error: BaseException) -> bool:
    """Whether this process can compute on its GPU no more: any error of CUDA but too little memory."""
    return "CUDA" in f"{error!r}" and not out_of_memory(error)


def reraise_if_poisoned(error: Exception) -> None:
    """For a piece that goes on without its network: an error that `poisons` is left to the runtime, which starts a
    new process."""
    if poisons(error):
        raise error
