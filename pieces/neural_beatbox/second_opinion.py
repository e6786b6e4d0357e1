"""A second opinion on which drum a hit is: small plain networks beside the class head.

Lives here: the network, what it looks at, and how it is taught. Must not live here: the network whose opinion comes
first, and how all are heard together (`hearing.py`); where hits come from (`hearing_examples.py`).

The class head learns from a great many composed hits, varied in pitch and speed, in three fine pictures. These learn
from recordings nearly as they are, in one coarse picture below 8 kHz of two thirds of a second, without what comes
after the next onset. They err on different sounds, so that the geometric mean of all errs less than any. One learns
from recordings alone; to the other, drums of which there are few recordings are synthesised, and more of it sounds in
rooms. Both see hits in each other's colours (`restyled`) and through halls and bad microphones (`spoiling.py`), and
learn on the side to tell everyday sounds (`everyday.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.networks.restyling import restyled
from pieces.neural_beatbox.spoiling import spoiled
from pieces.neural_beatbox.synthesis import LABELS

if TYPE_CHECKING:
    from pieces.neural_beatbox.everyday import Everyday

RATE_HZ = 24_000
HOP = 240
BEFORE = HOP  # samples of what precedes an onset
COLUMNS, BANDS = 64, 64
FRAMES = COLUMNS * HOP
FLOOR = 2e-5  # power added before the logarithm
WEIGHT = 0.45  # of these opinions' logarithms; the first one's have the rest

BATCH = 64
LEARNING_RATE = 2e-3
SMOOTHING = 0.05
ASIDE = 1.0  # what the everyday sounds count beside the hits
EARLY, LATE = 240, 480  # samples by which an onset may come too early or too late while it learns


@dataclass(frozen=True)
class Lesson:
    """What one of them learns from.

    at_least: so many sounds of each label; what recordings lack of that is synthesised. in_rooms: how many times each
    sound is also heard in a room and through a microphone, and rooms_share: how often beside the sound as it is.
    pace: optimiser steps for each of the class head's.
    """

    at_least: int
    in_rooms: int
    rooms_share: float
    pace: float


LESSONS = (Lesson(0, 2, 0.2, 2 / 5), Lesson(100, 4, 1.0, 2 / 5))


class Looks(nn.Module):
    """Hits at 24 kHz [hits, FRAMES], onset at BEFORE -> pictures [hits, BANDS, COLUMNS]: decades of power below the
    loudest cell of each."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            RATE_HZ, n_fft=1536, hop_length=HOP, n_mels=BANDS, f_min=30.0, f_max=8000.0
        )
        bins = torch.linspace(0, RATE_HZ / 2, self.mel.mel_scale.fb.shape[0])
        self.pitches_hz = (bins[:, None] * self.mel.mel_scale.fb).sum(0) / self.mel.mel_scale.fb.sum(0)

    @torch.no_grad()
    def forward(self, hits: Tensor) -> Tensor:
        loud = hits / (hits.abs().amax(1, keepdim=True) + 1e-9)
        pictures = torch.log10(self.mel(loud)[..., :COLUMNS] + FLOOR)
        levelled: Tensor = pictures - pictures.amax((1, 2), keepdim=True)
        return levelled


class SecondOpinion(nn.Module):
    """Pictures [hits, BANDS, COLUMNS] -> logits [hits, 9].

    Args:
        widths: channels of its three stages.
    """

    def __init__(self, widths: Sequence[int] = (24, 48, 96)) -> None:
        super().__init__()
        a, b, c = widths
        self.width = c * BANDS * COLUMNS // 256
        self.body = nn.Sequential(
            nn.Conv2d(1, a, 7, stride=2, padding=3), nn.BatchNorm2d(a), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(b, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(0.5), nn.Linear(self.width, len(LABELS)),
        )  # fmt: skip

    def embed(self, pictures: Tensor) -> Tensor:
        """Pictures -> what their labels are told by, [hits, width]."""
        told_by: Tensor = self.body[:-1](pictures[:, None] + 2)
        return told_by

    def name(self, told_by: Tensor) -> Tensor:
        """What `embed` gives [hits, width] -> logits [hits, 9]."""
        logits: Tensor = self.body[-1](told_by)
        return logits

    def forward(self, pictures: Tensor) -> Tensor:
        return self.name(self.embed(pictures))


def excerpts(
    heard: Tensor, onsets: Sequence[int] | NDArray[np.int64], before: int = BEFORE, after: int = 0
) -> Tensor:
    """Hits of a take [frames] that begin at samples `onsets`, ascending, and end with the next.

    Args:
        heard: the take.
        onsets: where they begin.
        before: samples that are shown of what precedes them.
        after: samples beyond FRAMES.

    Returns:
        [hits, before - BEFORE + FRAMES + after], zero where there is nothing of the hit.
    """
    length = before - BEFORE + FRAMES + after
    hits = torch.zeros(len(onsets), length, device=heard.device)
    ends = [*(int(onset) for onset in onsets[1:]), heard.numel()]
    for hit, onset, end in zip(hits, onsets, ends, strict=True):
        start = int(onset) - before
        part = heard[max(start, 0) : max(min(end, start + length), 0)]
        hit[max(-start, 0) : max(-start, 0) + part.numel()] = part
    return hits


def with_margin(samples: Tensor, onset: int) -> Tensor:
    """One hit [frames] to learn from, with as much around it as `teach` may move it: [FRAMES + LATE + EARLY]."""
    return excerpts(samples, [onset], BEFORE + LATE, EARLY)[0]


def teach(
    network: SecondOpinion,
    hits: Tensor,
    labels: NDArray[np.int64],
    shares: NDArray[np.float64],
    rng: np.random.Generator,
    steps: int,
    half: bool = False,
    progress: Callable[[int, float], None] = lambda step, loss: None,
    everyday: Everyday | None = None,
) -> None:
    """Teach it, minutes on two cores. Rare labels are shown more often than they come.

    A network that has heard two dozen mouths knows their owners rather than their sounds. One that must at the same
    time tell a cough from a cork and a dog from a door finds what sounds have in common, and is wrong about fewer
    strangers (auxiliary tasks: Caruana 1997); so is one that sees them in each other's colours (`restyled`). One that
    has seen each in a few rooms takes what rings there for a tom or an open hat; so at every step some ring and
    rumble anew (`spoiled`). Everyday sounds do not: they were recorded in all kinds of places.

    Args:
        network: is left in evaluation mode.
        hits: what it learns from, each as `with_margin` has it.
        labels: places in LABELS [hits].
        shares: how often each is shown beside others of its label [hits].
        rng: of what is drawn.
        steps: optimiser steps.
        half: compute in bfloat16, for processors that do so by themselves.
        progress: is told each step and its loss.
        everyday: sounds whose kinds it learns to tell on the side; what it knows of them is not kept.
    """
    drawn = shares / np.sqrt(np.bincount(labels, shares, minlength=len(LABELS))[labels])
    drawn /= drawn.sum()
    truth, looks = torch.from_numpy(labels), Looks().eval()
    aside = everyday.head(network.width) if everyday else nn.Identity()
    learning = [*network.parameters(), *aside.parameters()]
    optimiser = torch.optim.AdamW(learning, LEARNING_RATE, weight_decay=0.02)
    network.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (0.5 + 0.5 * np.cos(np.pi * step / steps)) + 1e-5
        chosen = torch.from_numpy(rng.choice(len(labels), BATCH, p=drawn))
        shown = [(hits[chosen], truth[chosen])] + ([everyday.draw(rng, BATCH)] if everyday else [])
        losses = []
        for (heard, named), head in zip(shown, (network.body[-1], aside), strict=False):
            pictures = looks(shifted(heard, rng))
            if head is not aside:
                pictures = spoiled(pictures, rng, looks.pitches_hz, HOP / RATE_HZ)
            pictures = augmented(restyled(pictures, rng), rng)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = head(network.embed(pictures))
            losses.append(nn.functional.cross_entropy(logits.float(), named, label_smoothing=SMOOTHING))
        optimiser.zero_grad()
        (losses[0] + ASIDE * sum(losses[1:])).backward()
        optimiser.step()
        progress(step, losses[0].item())
    network.eval()


def shifted(hits: Tensor, rng: np.random.Generator) -> Tensor:
    """Hits as `with_margin` has them -> [hits, FRAMES], each a little early or late, and in some noise."""
    starts = LATE - rng.integers(-EARLY, LATE + 1, len(hits))
    heard = torch.stack([hit[start : start + FRAMES] for hit, start in zip(hits, starts, strict=True)])
    levels = torch.from_numpy(10 ** rng.uniform(-4, -1.7, (len(hits), 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(heard.shape, np.float32))
    return heard + noise * levels * heard.abs().amax(1, keepdim=True)


def augmented(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures [hits, BANDS, COLUMNS] through a microphone of another response, some columns lost."""
    hits = len(pictures)
    varied = pictures + torch.from_numpy(rng.normal(0, 0.1, (hits, BANDS, 1)).astype(np.float32))
    starts, lengths = rng.integers(0, COLUMNS - 8, (hits, 1)), rng.integers(0, 8, (hits, 1))
    lost = (np.arange(COLUMNS) >= starts) & (np.arange(COLUMNS) < starts + lengths)
    return torch.where(torch.from_numpy(lost)[:, None], varied.mean((1, 2), keepdim=True), varied)
