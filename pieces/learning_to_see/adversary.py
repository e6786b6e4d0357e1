"""What the network learns against: a discriminator of patches at two sizes, and distances that need no adversary.

The discriminator (Isola et al., pix2pix, 2017; hinge loss, Lim and Ye 2017) looks at patches only, sees pictures
through differentiable augmentation (Zhao et al., DiffAugment, 2020) and is kept smooth by R1 (Mescheder et al.,
2018). The sliced Wasserstein distance of patches (Elnekave and Weiss, GPDM, 2022) compares the patches of two
pictures as a crowd: it is steady from the first step and knows no favourite texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH = 7
"""Side in px of the patches that the sliced Wasserstein distance compares."""
DIRECTIONS = 24
FELT = 4
"""Side of the areas, in a layer's pixels, within which features may lie anywhere."""
LEVELS = 3


class Discriminator(nn.Module):
    """Scores patches of one size as real (positive) or made, by world."""

    def __init__(self, worlds: int, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3),
            nn.LeakyReLU(0.2),
        )
        self.score = nn.Conv2d(2 * width, worlds, 1)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):  # what comes in goes out as strong: torch's own start lets it fade
                nn.init.kaiming_normal_(layer.weight, 0.2)

    def forward(self, picture: Tensor, world: Tensor) -> Judgement:
        """[b, 3, h, w], int64 [b] -> scores [b, h', w'] of patches of 38 px, and what they were judged by."""
        x = picture * 2 - 1
        features = []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                features.append(x)
        scores = self.score(x)[torch.arange(len(world), device=world.device), world]
        return Judgement(scores, features)


@dataclass(frozen=True)
class Judgement:
    """Scores [b, h, w] of patches, and the features [b, c, h, w] of each layer."""

    scores: Tensor
    features: list[Tensor]


class Adversary(nn.Module):
    """Two discriminators: of the picture as it is, which only sharp pictures teach, and of the picture halved."""

    def __init__(self, worlds: int) -> None:
        super().__init__()
        self.fine = Discriminator(worlds)
        self.coarse = Discriminator(worlds)

    def forward(self, picture: Tensor, world: Tensor, sharp: Tensor) -> list[Judgement]:
        """The judgement at each of the two sizes; the finer is of fewer pictures if not all are sharp."""
        coarse: Judgement = self.coarse(functional.avg_pool2d(picture, 2), world)
        return [coarse, self.fine(picture[sharp], world[sharp])] if bool(sharp.any()) else [coarse]


def score_loss(made: list[Judgement]) -> Tensor:
    """What a generator lowers: made pictures should score high."""
    return -torch.stack([one.scores.float().mean() for one in made]).mean()


def hinge_loss(real: list[Judgement], made: list[Judgement]) -> Tensor:
    """What a discriminator lowers."""
    each = [
        functional.relu(1 - one.scores.float()).mean() + functional.relu(1 + two.scores.float()).mean()
        for one, two in zip(real, made, strict=True)
    ]
    return torch.stack(each).mean()


def feature_loss(real: list[Judgement], made: list[Judgement]) -> Tensor:
    """How far what is felt of made pictures is from what is felt of the real ones, as a share of that.

    Feature matching (Wang et al., pix2pixHD, 2018), but of features averaged over FELT x FELT: a place should be as
    rough, as bright and as lined as in the picture, whatever lies where within it.
    """
    each = []
    for one, two in zip(real, made, strict=True):
        for felt, wanted in zip(two.features, one.features, strict=True):
            felt, wanted = (functional.avg_pool2d(x.float(), FELT, FELT // 2) for x in (felt, wanted.detach()))
            each.append((felt - wanted).abs().mean() / (wanted.abs().mean() + 1e-6))
    return torch.stack(each).mean()


def r1(adversary: Adversary, picture: Tensor, world: Tensor, sharp: Tensor) -> Tensor:
    """The squared gradient of the scores of real pictures, per picture: a discriminator without it runs away."""
    picture = picture.detach().requires_grad_(True)
    total = torch.stack([one.scores.mean(dim=(1, 2)).sum() for one in adversary(picture, world, sharp)]).sum()
    (gradient,) = torch.autograd.grad(total, picture, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def augmented(pictures: list[Tensor], generator: torch.Generator) -> list[Tensor]:
    """The same random light, contrast and shift for each of several batches [b, 3, h, w]."""
    b, _, height, width = pictures[0].shape
    light = (torch.rand(b, 1, 1, 1, generator=generator) - 0.5) * 0.2
    contrast = 1 + (torch.rand(b, 1, 1, 1, generator=generator) - 0.5) * 0.3
    margin = 6
    across, down = torch.randint(0, margin + 1, (2,), generator=generator).tolist()
    out = []
    for picture in pictures:
        mean = picture.mean(dim=(1, 2, 3), keepdim=True)
        changed = (picture - mean) * contrast.to(picture.device) + mean + light.to(picture.device)
        out.append(changed[..., down : height - margin + down, across : width - margin + across])
    return out


def patch_distance(made: Tensor, real: Tensor, sharp: Tensor, generator: torch.Generator) -> Tensor:
    """Sliced Wasserstein distance of the patches of pairs of pictures [b, 3, h, w], mean over three sizes.

    sharp: bool [b]; a pair that is not sharp is compared from half its size on.
    """
    total = made.new_zeros(())
    for level in range(LEVELS):
        if level:
            made, real = functional.avg_pool2d(made, 2), functional.avg_pool2d(real, 2)
        which = sharp if level == 0 else torch.ones_like(sharp)
        if bool(which.any()):
            total = total + _sliced(made[which], real[which], generator)
    return total / LEVELS


def _sliced(made: Tensor, real: Tensor, generator: torch.Generator) -> Tensor:
    """Mean distance between sorted projections of patches on random directions."""
    directions = torch.randn(DIRECTIONS, 3, PATCH, PATCH, generator=generator).to(made.device)
    directions = directions / directions.flatten(1).norm(dim=1)[:, None, None, None]
    # Half of them see structure alone: without their mean they do not spend themselves on the colour of an area.
    directions[::2] -= directions[::2].mean(dim=(2, 3), keepdim=True)
    stride = 4
    first = functional.conv2d(made, directions.to(made.dtype), stride=stride).flatten(2)
    second = functional.conv2d(real, directions.to(real.dtype), stride=stride).flatten(2)
    return (first.float().sort(dim=2).values - second.float().sort(dim=2).values).abs().mean()
