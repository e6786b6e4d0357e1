"""What a room shows that a world may not: bare walls and hard outlines, made out of a world's own shapes.

A network that has only seen soft coasts puts beads and halos along the outline of a visitor before a white wall: it
was never asked what becomes of such a thing. So it is asked while it learns. There is no picture to compare the
answer with; it has to have the grey of what was shown, and the adversary has to take it for the world.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LEVELS = (0.3, 0.7)
"""Where between the darkest and the brightest of a shape its outline may lie."""
STEEPNESS = 40.0
"""Of an outline: from figure to ground within about a tenth of the shape's range of greys."""
GREYS = (0.02, 0.98)
FIGURE_SHADING, GROUND_SHADING = (0.0, 1.0), (0.0, 0.5)
"""How much of the shading that was there is left on figure and ground."""


def strangers(abstract: Tensor, chance: torch.Generator) -> Tensor:
    """Abstractions of figures before grounds, from those of a world: float32 [b, 1, h, w] in 0..1 -> the same.

    A figure has the outline that another abstraction, mirrored, has at some level of grey. Figure and ground have
    greys of their own. One pass of a binomial filter leaves the outline as soft as the camera's.
    """

    def drawn(limits: tuple[float, float]) -> Tensor:
        low, high = limits
        return (low + (high - low) * torch.rand(len(abstract), 1, 1, 1, generator=chance)).to(abstract.device)

    shape = abstract.roll(1, 0).flip(-1)
    darkest, brightest = shape.amin((2, 3), keepdim=True), shape.amax((2, 3), keepdim=True)
    level = darkest + (brightest - darkest) * drawn(LEVELS)
    inside = torch.sigmoid((shape - level) / (brightest - darkest + 1e-3) * STEEPNESS)
    shading = abstract - abstract.mean((2, 3), keepdim=True)
    figure = drawn(GREYS) + shading * drawn(FIGURE_SHADING)
    ground = drawn(GREYS) + shading * drawn(GROUND_SHADING)
    shown = (inside * figure + (1 - inside) * ground).clamp(0, 1)
    binomial = shown.new_tensor([0.25, 0.5, 0.25])
    around = functional.pad(shown, (1, 1, 1, 1), mode="reflect")
    return functional.conv2d(around, (binomial[:, None] * binomial)[None, None])
