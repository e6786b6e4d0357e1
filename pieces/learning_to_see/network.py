"""The network that sees: from a smooth grey abstraction at 1/8 of the picture's size to a picture in colour.

An abstraction holds so little that a full-size encoder would be wasted: the trunk thinks at 1/8 of the picture's size
with a wide view (dilated convolutions) and two small tails grow its thoughts to 1/4 and 1/2 of the size by bilinear
upscaling, which has no grid on which teeth could grow along edges, and to full size by a pixel shuffle. There is no
normalisation, every border is reflected, and a world is nothing but other weights of the same network: two worlds
with one parent are blended by interpolating their weights (Wang et al., Deep Network Interpolation, 2019). What it is
trained against is in ``adversary.py``; which precision and which processor it runs on, in ``seeing.py``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from pieces.learning_to_see.worlds import Architecture

REACH = 4.0
"""Pixels of the abstraction's grid within which a wave of the grey level may not repeat itself."""


class Block(nn.Module):
    """x + conv(relu(conv(x))), the first convolution dilated: [b, c, h, w] -> the same."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.wide = mirrored(channels, channels, dilation)
        self.near = mirrored(channels, channels)
        nn.init.zeros_(self.near.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.near(functional.relu(self.wide(x), inplace=True))


class Inner(nn.Module):
    """x + conv(relu(conv(x))) where both convolutions see no further than x: [b, c, h, w] -> [b, c, h - 4, w - 4]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, channels, 3)
        self.two = nn.Conv2d(channels, channels, 3)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x[..., 2:-2, 2:-2] + self.two(functional.relu(self.one(x), inplace=True))


class Generator(nn.Module):
    """Makes pictures of one world."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        a = self.architecture = architecture or Architecture()
        self.first = mirrored(2 + 2 * a.octaves + a.grains, a.width)
        self.trunk = nn.Sequential(*(Block(a.width, 2**number) for number in range(a.trunk)))
        self.to_quarter = nn.Conv2d(a.width, a.middle, 1)
        self.tail = nn.Sequential(*(Inner(a.middle) for _ in range(a.tail)))
        self.middle_dust = nn.Parameter(0.1 * torch.randn(a.middle))
        self.fine_dust = nn.Parameter(0.1 * torch.randn(a.fine))
        self.to_half = nn.Conv2d(a.middle, a.fine, 1)
        self.halfway = nn.Conv2d(a.fine, a.fine, 3)
        self.last = even(nn.Conv2d(a.fine, 12, 3))
        # The tails mirror nothing themselves, which would cost more than their convolutions: they begin on a margin
        # and use it up. Each convolution takes 1 px; 1 px at 1/8 is 2 px at 1/4 and 4 px at 1/2.
        self.margin = a.tail + 1
        nn.init.constant_(self.last.get_parameter("bias"), 0.4)  # begin grey, not black

    def forward(
        self, abstract: Tensor, rows: Tensor, grain: Tensor, dust: Tensor, tint: Tensor | None = None
    ) -> Tensor:
        """The picture that an abstraction becomes.

        abstract: float32 [b, 1, h, w] in 0..1; rows: [b, 1, h, 1], how high each row lies in the whole picture, -1
        top, 1 bottom; grain: [b, grains, h, w] and dust: [b, 1, 4h, 4w], what texture grows from (``grain.py``);
        tint: [b, width], added to what the first layer says (the only way in which the parent knows which world is
        asked for); returns [b, 3, 8h, 8w], RGB, about 0..1 and not clipped.
        """
        x = self.first(self.seeds(abstract, rows, grain))  # [b, width, h, w]
        if tint is not None:
            x = x + tint[:, :, None, None]
        x = self.trunk(functional.relu(x))
        margin = self.margin
        x = functional.pad(x, (margin, margin, margin, margin), mode="reflect")
        x = twice(self.to_quarter(x))  # [b, middle, 2h + 4m, 2w + 4m]
        x = functional.relu(strew(x, functional.avg_pool2d(dust, 2), self.middle_dust), inplace=True)
        x = self.tail(x)[..., 1:-1, 1:-1]
        x = twice(self.to_half(x))  # [b, fine, 4h + 4, 4w + 4]
        x = functional.relu(strew(x, dust, self.fine_dust), inplace=True)
        x = functional.relu(self.halfway(x), inplace=True)
        return functional.pixel_shuffle(self.last(x), 2)  # [b, 3, 8h, 8w]

    def seeds(self, abstract: Tensor, rows: Tensor, grain: Tensor) -> Tensor:
        """What the first layer is given: grey, height in the picture, waves of the grey, grain: [b, channels, h, w].

        Texture must grow out of something that moves with what is shown. Waves of the grey level (Tancik et al.,
        Fourier Features, 2020) tell shallow slopes apart; where the grey is steeper, so that a wave would draw rings
        around things, it fades (as in Barron et al., Mip-NeRF, 2021). On a bare wall there is only the grain.
        """
        octaves = torch.arange(self.architecture.octaves, device=abstract.device)
        frequency = (2.0 * math.pi * 2.0**octaves)[None, :, None, None]  # [1, octaves, 1, 1]
        around = functional.pad(abstract, (1, 1, 1, 1), mode="reflect")
        across = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2
        down = (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]) / 2
        spread = (across.square() + down.square()) * REACH**2  # [b, 1, h, w], of the grey around a pixel
        there = torch.exp(-0.5 * frequency.square() * spread)
        angle = abstract * frequency
        seeds = torch.cat(
            [abstract, rows.expand_as(abstract), there * angle.sin(), there * angle.cos(), grain], dim=1
        )
        return seeds.to(self.first.weight.dtype)


def strew(x: Tensor, dust: Tensor, weight: Tensor) -> Tensor:
    """x [b, c, h', w'] with dust [b, 1, h, w], its border mirrored, added as strong as each channel wants.

    As a product of matrices, [pixels, 1] by [1, channels]: an order of magnitude faster than spreading both.
    """
    margin = (x.shape[-1] - dust.shape[-1]) // 2
    whole = functional.pad(dust, (margin, margin, margin, margin), mode="reflect").to(x.dtype)
    pixels = x.permute(0, 2, 3, 1)  # [b, h', w', c]
    strewn = torch.addmm(pixels.reshape(-1, x.shape[1]), whole.reshape(-1, 1), weight.to(x.dtype)[None])
    return strewn.view(pixels.shape).permute(0, 3, 1, 2)


def mirrored(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A 3x3 convolution that mirrors what lies beyond the border."""
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, padding_mode="reflect")


def twice(x: Tensor) -> Tensor:
    """[b, c, h, w] -> [b, c, 2h, 2w], bilinear."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def even(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer before a pixel shuffle, begun so that it says the same to all four pixels: no chequers to unlearn.

    (Aitken et al., Checkerboard artifact free sub-pixel convolution, 2017)
    """
    with torch.no_grad():
        for part in layer.parameters():
            part.copy_(part[::4].repeat_interleave(4, dim=0))
    return layer


def rows_of(height: int) -> Tensor:
    """How high each row of a whole abstraction lies, -1 top, 1 bottom: float32 [1, 1, height, 1]."""
    return ((torch.arange(height) + 0.5) / height * 2 - 1)[None, None, :, None]
