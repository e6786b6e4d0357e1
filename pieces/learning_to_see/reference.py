"""What the network is measured against: the U-Net of pix2pix, on the same pictures and the same input.

As in Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (2017), with which Akten's first
works were made: 256 px, batch norm at batch 1, dropout as its noise, a conditional patch adversary and L1 times 100.
Its weights are no part of the project; its figures are in the worlds' cards.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from installation.networks import weights
from installation.networks.subject import Subject
from installation.networks.training import Run
from installation.networks.weights import Card, WeightsError
from pieces.learning_to_see.abstraction import SCALE
from pieces.learning_to_see.pictures import Sampler, read_pictures

NAME = "learning_to_see.reference"
SIZE_PX = 256
DEEP = (64, 128, 256, 512, 512, 512, 512, 512)
L1 = 100.0
RATE = 2e-4
MINUTES = 45.0
"""Of one processor core: about what each shipped world had."""
SAVE_EVERY = 200
COMMAND = "python3 run.py train learning_to_see.reference --data PICTURES"


class UNet(nn.Module):
    """Eight halvings and eight doublings with a bridge at each size."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        inputs = 1
        for number, outputs in enumerate(DEEP):
            layers: list[nn.Module] = [] if number == 0 else [nn.LeakyReLU(0.2)]
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1))
            if 0 < number < len(DEEP) - 1:
                layers.append(nn.BatchNorm2d(outputs))
            self.down.append(nn.Sequential(*layers))
            inputs = outputs
        for number in range(len(DEEP) - 1, -1, -1):
            inputs = DEEP[number] * (1 if number == len(DEEP) - 1 else 2)
            outputs = 3 if number == 0 else DEEP[number - 1]
            layers = [nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
            if number > 0:
                layers.append(nn.BatchNorm2d(outputs))
            if 4 <= number < len(DEEP) - 1:
                layers.append(nn.Dropout(0.5))
            self.up.append(nn.Sequential(*layers))

    def forward(self, grey: Tensor) -> Tensor:
        """[b, 1, 256, 256] in -1..1 -> [b, 3, 256, 256] in -1..1."""
        kept = []
        x = grey
        for layer in self.down:
            x = layer(x)
            kept.append(x)
        x = kept.pop()
        for number, layer in enumerate(self.up):
            x = layer(x if number == 0 else torch.cat([x, kept.pop()], dim=1))
        return torch.tanh(x)


class PatchAdversary(nn.Module):
    """Scores patches of 70 px of a picture beside its input."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(4, 64, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, 2, 1),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2),
            nn.Conv2d(128, 256, 4, 2, 1),
            nn.BatchNorm2d(256),
            nn.LeakyReLU(0.2),
            nn.Conv2d(256, 512, 4, 1, 1),
            nn.BatchNorm2d(512),
            nn.LeakyReLU(0.2),
            nn.Conv2d(512, 1, 4, 1, 1),
        )

    def forward(self, grey: Tensor, picture: Tensor) -> Tensor:
        """[b, 1, 256, 256], [b, 3, 256, 256] -> scores [b, 1, 30, 30]."""
        scores: Tensor = self.layers(torch.cat([grey, picture], dim=1))
        return scores


class Pair(nn.Module):
    """The U-Net and its adversary."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.adversary = UNet(), PatchAdversary()
        self.spent_s: Tensor
        self.register_buffer("spent_s", torch.zeros((), dtype=torch.float64))  # kept with the run's place
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, std=0.02)


def enlarged(abstract: Tensor) -> Tensor:
    """An abstraction [b, 1, h, w] as pix2pix takes it: at full size, -1..1."""
    return functional.interpolate(abstract, scale_factor=SCALE, mode="bicubic").clamp(0, 1) * 2 - 1


def train_reference(
    data: Path,
    minutes: float = MINUTES,
    run: Path | None = None,
    steps: int | None = None,
    folder: Path = Path("runs/reference"),
    out: Path | None = None,
) -> Path:
    """Teach the U-Net for a time in processor minutes (so that a busy machine is no disadvantage); returns its file.

    data: the pictures of one world; run: where the run keeps its place and the time it has had, so that one that was
    cut goes on (default: folder/run); steps: ends it earlier; folder: where its weights
    go; out: where they go instead.

    Raises:
        ValueError: there is no picture that can be used.
    """
    pictures = read_pictures(data, SIZE_PX)
    sampler = Sampler(pictures, SIZE_PX, SIZE_PX)
    pair = Pair()
    pair.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = [{"params": list(pair.network.parameters())}, {"params": list(pair.adversary.parameters())}]
    optimiser = torch.optim.Adam(groups, lr=RATE, betas=(0.5, 0.999))
    with Run(run or folder / "run", steps or 10**9, Subject(data, files=pictures.files)) as keeper:
        step = keeper.resume(pair, optimiser)
        before = time.process_time() - float(pair.spent_s)
        while float(pair.spent_s) < 60 * minutes and step < keeper.steps:
            figures = step_of(pair, optimiser, sampler, np.random.default_rng((0, step)))
            pair.spent_s.fill_(time.process_time() - before)
            keeper.progress(step, max(float(pair.spent_s) / (60 * minutes), (step + 1) / keeper.steps), **figures)
            if step % SAVE_EVERY == SAVE_EVERY - 1:
                keeper.save(step, pair, optimiser)
            step += 1
        keeper.save(step - 1, pair, optimiser)
    notes = f"{step} steps, {float(pair.spent_s) / 60:.1f} processor minutes"
    card = Card(NAME, {}, [f"pictures of {data.name!r}"], "", COMMAND, notes=notes)
    return weights.save(NAME, pair.network.state_dict(), card, out or folder)


def step_of(
    pair: Pair, optimiser: torch.optim.Optimizer, sampler: Sampler, rng: np.random.Generator
) -> dict[str, float]:
    """One step of pix2pix at batch 1."""
    batch = sampler.draw(1, rng)
    grey, real = enlarged(batch.abstract), batch.picture * 2 - 1
    half = torch.autocast("cpu", torch.bfloat16)
    with half:
        made = pair.network(grey)
        fake, true = pair.adversary(grey, made.detach()).float(), pair.adversary(grey, real).float()
    zeros, ones = torch.zeros_like(fake), torch.ones_like(fake)
    loss = functional.binary_cross_entropy_with_logits
    judged = 0.5 * (loss(fake, zeros) + loss(true, ones))
    judged.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    pair.adversary.requires_grad_(False)
    with half:
        score = pair.adversary(grey, made).float()
    off = (made.float() - real).abs().mean()
    (loss(score, ones) + L1 * off).backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    pair.adversary.requires_grad_(True)
    return {"judged": judged.item(), "off": off.item()}


class Reference:
    """The U-Net as pix2pix runs it: with batch statistics and dropout on."""

    def __init__(self, path: Path) -> None:
        """path: its .safetensors, as `train_reference` writes it.

        Raises:
            WeightsError: the file or its card cannot be used.
        """
        try:
            self.network = weights.load(path.stem, path.parent).network(UNet)
        except WeightsError as error:
            raise WeightsError(
                f"{path}: not what `train learning_to_see.reference` wrote, a .safetensors with its card beside it "
                f"({str(error).partition(';')[0]})"
            ) from error
        self.network.train().requires_grad_(False)

    def see(self, abstract: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The picture [256, 256, 3] of an abstraction [32, 32]."""
        with torch.inference_mode():
            made = self.network(enlarged(torch.from_numpy(abstract)[None, None]))[0]
        return ((made.permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte().numpy()
