"""One lesson: what the network is taught in a step, and what its adversary learns meanwhile.

Seven things are asked of a picture: that its areas have the grey of what was shown (`light`) and, less strictly, the
colour of the picture that this was made from (`colour`); that its patches are, as a crowd, those of that picture
(`patches`); that it feels like it to the adversary, place by place (`features`); that the adversary takes it for one
(`score`); that it moves with what is shown and with nothing else (`steady`); and, where the room shows what this
world never had, that it has the light of that, colours of this world, and the adversary's leave (`strange`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pieces.learning_to_see.abstraction import SCALE
from pieces.learning_to_see.adversary import (
    Adversary,
    augmented,
    feature_loss,
    hinge_loss,
    patch_distance,
    r1,
    score_loss,
)
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.pictures import Batch
from pieces.learning_to_see.strangers import strangers
from pieces.learning_to_see.team import ALONE, Team
from pieces.learning_to_see.worlds import Architecture

AREA = 16
"""Side in px of the areas whose light and colour are given; what happens within them is the world's affair."""
NEAR = 0.02
"""Mean difference of red, green and blue that makes no other colour."""
GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Asked:
    """How much of each thing is asked; r1_every: lessons between two looks at how smooth the adversary is."""

    light: float = 6.0
    colour: float = 3.0
    patches: float = 12.0
    features: float = 3.0
    score: float = 0.7
    steady: float = 15.0
    strange: float = 1.0
    r1: float = 1.0
    r1_every: int = 16


class Seer(nn.Module):
    """A generator and, for each of several worlds, what its first layer adds."""

    def __init__(self, architecture: Architecture, worlds: int) -> None:
        super().__init__()
        self.generator = Generator(architecture)
        self.tint = nn.Embedding(worlds, architecture.width)
        nn.init.normal_(self.tint.weight, std=0.1)

    def forward(self, abstract: Tensor, rows: Tensor, grain: Tensor, dust: Tensor, world: Tensor) -> Tensor:
        """As `Generator`, of world int64 [b]."""
        picture: Tensor = self.generator(abstract, rows, grain, dust, self.tint(world))
        return picture

    def worlds(self) -> list[Generator]:
        """A generator for each world: its tint has become part of the first layer's bias."""
        found = []
        for tint in self.tint.weight.detach():
            network = copy.deepcopy(self.generator)
            with torch.no_grad():
                network.first.get_parameter("bias").add_(tint)
            found.append(network.eval())
        return found


class Learner(nn.Module):
    """A seer and its adversary."""

    def __init__(self, architecture: Architecture, worlds: int) -> None:
        super().__init__()
        self.seer = Seer(architecture, worlds)
        self.adversary = Adversary(worlds)


def lesson(
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    world: Tensor,
    step: int,
    asked: Asked,
    team: Team = ALONE,
) -> dict[str, float]:
    """One step of both sides on a batch of worlds int64 [b]; returns the parts of the loss."""
    device = world.device
    batch = batch.to(device)
    picture, rows, sharp = batch.picture, batch.rows, batch.sharp
    chance = torch.Generator().manual_seed(1_000_003 * team.rank + step)
    half = torch.autocast(device.type, torch.bfloat16)
    learner.adversary.requires_grad_(True)
    with half:
        made = learner.seer(batch.abstract, rows, batch.grain, batch.dust, world)
        real_view, made_view = augmented([picture, made], chance)
        real = learner.adversary(real_view, world, sharp)
        learner.adversary.requires_grad_(False)
        judged = learner.adversary(made_view, world, sharp)
        score, features = score_loss(judged), feature_loss(real, judged)
        patches = patch_distance(made, picture, sharp, chance)
        few = slice(0, len(world), 2)
        again = learner.seer(
            batch.shifted[few], rows[few], batch.shifted_grain[few], batch.shifted_dust[few], world[few]
        )
        shown = strangers(batch.abstract[few], chance)
        dreamt = learner.seer(shown, rows[few], batch.grain[few], batch.dust[few], world[few])
        (dreamt_view,) = augmented([dreamt], chance)
        compared = torch.full_like(sharp[few], bool(sharp.any()))  # fine detail, where there is some to compare with
        strange = asked.score * score_loss(learner.adversary(dreamt_view, world[few], compared))
    strange = strange + asked.light * strange_light(dreamt.float(), shown)
    strange = strange + asked.colour * strange_colour(dreamt.float(), world[few], picture, world)
    light, colour = condition_loss(made.float(), picture)
    steady = unsteadiness(made[few].float(), again.float(), batch.shift)
    total = asked.light * light + asked.colour * colour + asked.patches * patches + asked.features * features
    (total + asked.score * score + asked.steady * steady + asked.strange * strange).backward()
    move(optimiser, learner.seer, team)
    learner.adversary.requires_grad_(True)
    with half:
        hinge = hinge_loss(real, learner.adversary(made_view.detach(), world, sharp))
        hinge = (hinge + hinge_loss(real, learner.adversary(dreamt_view.detach(), world[few], compared))) / 2
    parts = {"light": light, "colour": colour, "patches": patches, "features": features, "score": score}
    parts |= {"steady": steady, "strange": strange, "hinge": hinge}
    if step % asked.r1_every == 0:
        parts["r1"] = r1(learner.adversary, picture, world, sharp)
        hinge = hinge + 0.5 * asked.r1 * asked.r1_every * parts["r1"]
    hinge.backward()
    move(optimiser, learner.adversary, team)
    return {name: value.item() for name, value in parts.items()}


def condition_loss(made: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """How far grey and colour of areas are from the picture's: in areas of AREA px, pictures [b, 3, h, w]."""
    difference = functional.avg_pool2d(made, AREA) - functional.avg_pool2d(picture, AREA)
    grey = difference.new_tensor(GREY)[None, :, None, None]
    return (difference * grey).sum(1).abs().mean(), difference.abs().mean()


def strange_light(made: Tensor, shown: Tensor) -> Tensor:
    """How far the grey of areas of pictures [b, 3, h, w] is from that of abstractions [b, 1, h / 8, w / 8]."""
    grey = made.new_tensor(GREY)[None, :, None, None]
    got = (functional.avg_pool2d(made, AREA) * grey).sum(1, keepdim=True)
    return (got - functional.avg_pool2d(shown, AREA // SCALE)).abs().mean()


def strange_colour(made: Tensor, of: Tensor, pictures: Tensor, worlds: Tensor) -> Tensor:
    """How far areas of pictures [m, 3, h, w] are from the colours that their world has: the mean over areas.

    An area's distance is that to the nearest area of `pictures` [b, 3, h', w'] of the same world (a one-sided Chamfer
    distance, over red, green and blue), less NEAR. of, worlds: int64 [m], [b], which worlds they are.
    """
    got, known = (functional.avg_pool2d(each, AREA).flatten(2).transpose(1, 2) for each in (made, pictures))
    apart = torch.cdist(got.reshape(1, -1, 3), known.reshape(1, -1, 3), p=1.0)[0] / 3  # [m areas, b areas]
    foreign = of.repeat_interleave(got.shape[1])[:, None] != worlds.repeat_interleave(known.shape[1])[None]
    nearest = apart.masked_fill(foreign, 1.0).amin(1)
    return functional.relu(nearest - NEAR).mean()


def unsteadiness(made: Tensor, again: Tensor, shift: tuple[int, int]) -> Tensor:
    """Mean difference of pictures [b, 3, h, w] where `again` shows the same `shift` px further right and down."""
    across, down = shift
    height, width = made.shape[-2:]
    return (made[..., : height - down, : width - across] - again[..., down:, across:]).abs().mean()


def move(optimiser: torch.optim.Optimizer, part: nn.Module, team: Team) -> None:
    """One step of the part that has gradients; of the other, none stay behind."""
    team.share(part.parameters())
    torch.nn.utils.clip_grad_norm_(part.parameters(), 5.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
