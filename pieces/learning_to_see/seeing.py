"""Running the network in front of visitors: an abstraction in, a picture out, as fast as the machine can.

The engine is PyTorch itself, without compiling: convolutions in channels-last order and bfloat16 where the processor
multiplies it, half precision and a CUDA graph on a GPU. A blend of worlds is one network with mixed weights, so that
it costs what one world costs; engines that bake weights in would have to compile each mixture. The comparison is in
the piece's README. Nothing here reads a file or knows what a camera is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.networks.threads import threads
from pieces.learning_to_see.abstraction import SCALE
from pieces.learning_to_see.grain import FINER, GRAINS, Grain
from pieces.learning_to_see.network import Generator, rows_of
from pieces.learning_to_see.worlds import World, architecture_of

WARM_UP_RUNS = 4
MOST_THREADS = 4
"""More threads wait for each other longer than they compute: the network is small."""
WORTHWHILE = 0.9
"""A further thread must save a tenth of the time, or it is left to the rest of the installation."""


class Seeing:
    """A generator at one size whose worlds can be mixed. One call at a time, from any thread.

    It remembers the abstraction before: what texture grows from goes along with what has moved since.
    """

    def __init__(self, worlds: Mapping[str, World], size: tuple[int, int], device: str = "cpu") -> None:
        """worlds: by name, all of one architecture; size: width and height in px, multiples of 8; device: cpu or
        cuda.

        Raises:
            ValueError: no world, worlds of different architectures, or a size that is no multiple of 8.
            torch.OutOfMemoryError: the GPU has too little memory for this size.
        """
        width, height = size
        if width % SCALE or height % SCALE or min(size) < 8 * SCALE:
            raise ValueError(f"size={width}x{height} px must be multiples of {SCALE} of at least {8 * SCALE}")
        architectures = {architecture_of(world.card) for world in worlds.values()}
        if len(architectures) != 1:
            named = ", ".join(worlds) or "none"
            raise ValueError(f"worlds must share one architecture to be mixed; these do not: {named}")
        self.size = size
        self.device = torch.device(device)
        dtype = precision(self.device)
        self._network = Generator(architectures.pop()).eval().requires_grad_(False)
        self._network.to(self.device, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        parameters = dict(self._network.named_parameters())
        self._mixed = [torch.empty_like(parameter, dtype=torch.float32) for parameter in parameters.values()]
        self._weights = {  # in the same order in memory as the network's, or copying them would take longest
            world: [
                mixed.clone().copy_(given.state[name]) for name, mixed in zip(parameters, self._mixed, strict=True)
            ]
            for world, given in worlds.items()
        }
        self._lengths = {name: _lengths(weights) for name, weights in self._weights.items()}
        self._mixture: dict[str, float] = {}
        self._threads = 1
        self._rows = rows_of(height // SCALE).to(self.device)
        self._grain = Grain(height // SCALE, width // SCALE)
        example = torch.zeros((1 + GRAINS + FINER**2) * (height // SCALE) * (width // SCALE), device=self.device)
        self._graph = Graph(self._picture, example) if self.device.type == "cuda" else None

    def warm_up(self) -> None:
        """Run until the speed is that of a show, and find with how many threads it is highest.

        Two threads that share their cores with others wait for each other; then one alone can be faster.
        """
        width, height = self.size
        abstract = np.zeros((height // SCALE, width // SCALE), np.float32)
        cores = int(torch.cpu.get_capabilities().get("num_physical_cores") or 1)
        best = float("inf")
        for count in range(1, 1 + (min(MOST_THREADS, cores) if self._graph is None else 1)):
            fewer, self._threads = self._threads, count
            took = []
            for _ in range(WARM_UP_RUNS):
                began = time.perf_counter()
                self.see(abstract, {next(iter(self._weights)): 1.0})
                took.append(time.perf_counter() - began)
            if min(took) > WORTHWHILE * best:
                self._threads = fewer
                break
            best = min(took)

    def see(self, abstract: NDArray[np.float32], mixture: Mapping[str, float]) -> NDArray[np.uint8]:
        """The picture that an abstraction is in a mixture of worlds.

        abstract: [h / 8, w / 8] in 0..1; mixture: a share for each world that takes part, of any sum above 0; returns
        RGB [h, w, 3], which is the caller's.

        Raises:
            ValueError: the abstraction is of another size, or no world has a share.
            KeyError: the mixture names an unknown world.
        """
        width, height = self.size
        if abstract.shape != (height // SCALE, width // SCALE):
            raise ValueError(f"an abstraction of {abstract.shape} is not that of a picture of {width}x{height} px")
        grain, dust = self._grain.under(abstract)
        given = np.concatenate([abstract.ravel(), grain.transpose(2, 0, 1).ravel(), dust.ravel()], dtype=np.float32)
        with torch.inference_mode(), threads(self._threads):
            self._mix(mixture)
            if self._graph is not None:
                return self._graph.run(torch.from_numpy(given))
            return self._picture(torch.from_numpy(given)).numpy()

    def _picture(self, given: Tensor) -> Tensor:
        """All that is given in one row of numbers: abstraction, grain, dust -> uint8 [h, w, 3]."""
        height, width = self.size[1] // SCALE, self.size[0] // SCALE
        shown, dust = given.split([(1 + GRAINS) * height * width, FINER**2 * height * width])
        shown, dust = shown.view(1, 1 + GRAINS, height, width), dust.view(1, 1, FINER * height, FINER * width)
        picture = self._network(shown[:, :1], self._rows, shown[:, 1:], dust)[0].permute(1, 2, 0)
        return picture.mul(255.0).add_(0.5).clamp_(0, 255).to(torch.uint8).contiguous()

    def _mix(self, mixture: Mapping[str, float]) -> None:
        """Set the network's weights to a mixture of worlds, unless it is that; in place: a graph reads them."""
        shares = {name: share for name, share in mixture.items() if share > 0}
        whole = sum(shares.values())
        if whole <= 0:
            raise ValueError(f"mixture={dict(mixture)} gives no world a share")
        shares = {name: share / whole for name, share in shares.items()}
        if shares == self._mixture:
            return
        parts = [(self._weights[name], share) for name, share in shares.items()]
        torch._foreach_copy_(self._mixed, parts[0][0])
        torch._foreach_mul_(self._mixed, parts[0][1])
        for weights, share in parts[1:]:
            torch._foreach_add_(self._mixed, weights, alpha=share)
        if len(parts) > 1:
            _keep_lengths(self._mixed, [(self._lengths[name], share) for name, share in shares.items()])
        torch._foreach_copy_(list(self._network.parameters()), self._mixed)
        self._mixture = shares


def _lengths(weights: Sequence[Tensor]) -> list[Tensor]:
    """The length of each filter, [out, 1, …], of the weights that are filters."""
    return [
        torch.linalg.vector_norm(filters, dim=tuple(range(1, filters.dim())), keepdim=True)
        for filters in weights
        if filters.dim() > 1
    ]


def _keep_lengths(mixed: Sequence[Tensor], parts: Sequence[tuple[list[Tensor], float]]) -> None:
    """Give the filters of mixed weights the mean length of those that they were mixed of, in place.

    The mean of two filters that point different ways is shorter than either, layer after layer, and what is seen
    through them is dull (Jordan et al., REPAIR, 2023, mend the activations of such a mean; this mends its lengths).
    parts: the lengths of each world's filters, and its share.
    """
    wanted = list(torch._foreach_mul(parts[0][0], parts[0][1]))
    for lengths, share in parts[1:]:
        torch._foreach_add_(wanted, lengths, alpha=share)
    filters = [weights for weights in mixed if weights.dim() > 1]
    have = torch._foreach_clamp_min(_lengths(filters), 1e-8)
    torch._foreach_mul_(filters, torch._foreach_div(wanted, have))


class Graph:
    """A computation on a GPU as one CUDA graph: one upload, one launch, one download, always the same memory."""

    def __init__(self, compute: object, example: Tensor) -> None:
        """compute: from a tensor to a tensor, without reading anything back; example: of the shape of all inputs."""
        assert callable(compute)
        self._input = example
        self._sent = torch.empty(example.shape, dtype=example.dtype, pin_memory=True)
        self._stream = torch.cuda.Stream(example.device)
        self._stream.wait_stream(torch.cuda.current_stream(example.device))
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for _ in range(WARM_UP_RUNS):  # the libraries choose their algorithms before anything is recorded
                compute(self._input)
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.graph(self._graph, stream=self._stream):
            self._made = compute(self._input)
        self._received = torch.empty(self._made.shape, dtype=self._made.dtype, pin_memory=True)

    def run(self, given: Tensor) -> NDArray[np.uint8]:
        """The result for an input on the processor, as an array of the caller's own."""
        self._sent.copy_(given)
        self._stream.wait_stream(torch.cuda.current_stream(self._input.device))  # weights that were just mixed
        with torch.cuda.stream(self._stream):
            self._input.copy_(self._sent, non_blocking=True)
            self._graph.replay()
            self._received.copy_(self._made, non_blocking=True)
        self._stream.synchronize()
        return self._received.numpy().copy()


def precision(device: torch.device) -> torch.dtype:
    """The precision that a device is fastest in: float16 on a GPU, bfloat16 where the processor multiplies it."""
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else torch.float32
