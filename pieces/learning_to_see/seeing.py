"""Running the network in front of visitors: an abstraction in, a picture out, as fast as the machine can.

The engine is PyTorch itself, without compiling: convolutions in channels-last order and bfloat16 where the processor
multiplies it, half precision and a CUDA graph on a GPU. A blend of worlds is one network with mixed weights, so that
it costs what one world costs; an engine that bakes weights in (ONNX Runtime, OpenVINO) would have to compile each
mixture. The comparison is in the piece's README. Nothing here reads a file or knows what a camera is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from pieces.learning_to_see.abstraction import SCALE
from pieces.learning_to_see.network import Generator, rows_of
from pieces.learning_to_see.worlds import World, architecture_of

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST = 256
"""Short side in px below which a GPU without memory is given up and the processor takes over."""
WARM_UP_RUNS = 3


class Seeing:
    """A generator at one size whose worlds can be mixed. One call at a time."""

    def __init__(self, worlds: Mapping[str, World], size: tuple[int, int], device: str = "cpu") -> None:
        """worlds: by name, all of one architecture; size: width and height in px, multiples of 8; device: cpu or
        cuda.

        Raises:
            ValueError: no world, worlds of different architectures, or a size that is no multiple of 8.
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
        self.message = ""
        self._dtype = precision(self.device)
        self._network = Generator(architectures.pop()).eval().requires_grad_(False)
        self._network.to(self.device, self._dtype)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._weights = {name: self._flat(world) for name, world in worlds.items()}
        self._mixture: dict[str, float] = {}
        self._buffers()

    def warm_up(self) -> str:
        """Run until the speed is that of a show; returns what had to be given up for want of memory, or ''."""
        first = next(iter(self._weights))
        abstract = np.zeros((self.size[1] // SCALE, self.size[0] // SCALE), np.float32)
        for _ in range(WARM_UP_RUNS):
            self.see(abstract, {first: 1.0})
        return self.message

    def see(self, abstract: NDArray[np.float32], mixture: Mapping[str, float]) -> NDArray[np.uint8]:
        """The picture that an abstraction is in a mixture of worlds.

        abstract: [h / 8, w / 8] in 0..1; mixture: a share for each world that takes part, summing to more than 0;
        returns RGB [h, w, 3].

        Raises:
            ValueError: the abstraction is of another size.
            KeyError: the mixture names an unknown world.
        """
        width, height = self.size
        if abstract.shape != (height // SCALE, width // SCALE):
            raise ValueError(f"an abstraction of {abstract.shape} is not that of a picture of {width}x{height} px")
        with torch.inference_mode():
            self._mix(mixture)
            self._input.copy_(torch.from_numpy(np.ascontiguousarray(abstract))[None, None])
            return self._run().numpy()

    def _run(self) -> Tensor:
        return self._picture(self._input).cpu()

    def _picture(self, abstract: Tensor) -> Tensor:
        """[1, 1, h/8, w/8] -> uint8 [h, w, 3]."""
        picture = self._network(abstract, self._rows)[0]
        return (picture.permute(1, 2, 0) * 255.0 + 0.5).clamp_(0, 255).to(torch.uint8)

    def _buffers(self) -> None:
        width, height = self.size
        self._rows = rows_of(height // SCALE).to(self.device)
        self._input = torch.zeros(1, 1, height // SCALE, width // SCALE, device=self.device)

    def _flat(self, world: World) -> list[Tensor]:
        """A world's weights in the order of the network's parameters, float32 on the device."""
        return [world.state[name].to(self.device, torch.float32) for name, _ in self._network.named_parameters()]

    def _mix(self, mixture: Mapping[str, float]) -> None:
        """Set the network's weights to a mixture of worlds, if it is not that already."""
        shares = {name: share for name, share in mixture.items() if share > 0}
        whole = sum(shares.values())
        if whole <= 0:
            raise ValueError(f"mixture={dict(mixture)} gives no world a share")
        shares = {name: share / whole for name, share in shares.items()}
        if shares == self._mixture:
            return
        parts = [(self._weights[name], share) for name, share in shares.items()]
        for number, parameter in enumerate(self._network.parameters()):
            mixed = parts[0][0][number] * parts[0][1]
            for weights, share in parts[1:]:
                mixed.add_(weights[number], alpha=share)
            parameter.copy_(mixed)
        self._mixture = shares


def precision(device: torch.device) -> torch.dtype:
    """The precision that a device is fastest in: float16 on a GPU, bfloat16 where the processor multiplies it."""
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
