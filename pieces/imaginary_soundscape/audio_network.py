"""The ear: a small residual network from five seconds of sound to a point in the space that it shares with pictures.

Lives here: how sound becomes input (levels, windows, log-mel spectrograms) and the network. Must not live here:
reading files (`archive.py`) and training (`train.py`).

Every window is full of sound: silence around a recording is cut off and what is too short is repeated, so that no
network can tell sounds by how they were padded.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from installation.networks.threads import threads
from pieces.imaginary_soundscape.image_network import DIMENSIONS, Residual

RATE_HZ = 24_000
WINDOW_S = 5.0
MELS = 64
HOP = 480  # 20 ms
FRAMES = round(WINDOW_S * RATE_HZ / HOP)
FLOOR_DB = -80.0  # below the loudest: is silence
SPREAD_DB = 20.0  # one unit of the network's input

Samples = NDArray[np.float32]


def trimmed(samples: Samples) -> Samples:
    """Without the silence before and after; [frames], at least one window long, repeated if need be.

    Raises:
        ValueError: nothing is in it but silence.
    """
    samples = np.nan_to_num(np.asarray(samples, np.float32), posinf=0.0, neginf=0.0)
    loud = np.abs(samples) > max(1e-5, float(np.abs(samples).max(initial=0.0)) * 10 ** (FLOOR_DB / 20))
    places = np.flatnonzero(loud)
    if places.size < 16:
        raise ValueError("there is nothing to hear in it")
    samples = samples[places[0] : places[-1] + 1]
    least = round(WINDOW_S * RATE_HZ)
    if samples.size < least:
        samples = np.tile(samples, -(-least // samples.size))[:least]
    return samples


def windows(samples: Samples, most: int = 12) -> NDArray[np.float32]:
    """Up to `most` windows spread evenly over a trimmed recording: [windows, frames]."""
    frames = round(WINDOW_S * RATE_HZ)
    count = int(np.clip(samples.size // frames, 1, most))
    starts = np.linspace(0, samples.size - frames, count).astype(int) if count > 1 else [(samples.size - frames) // 2]
    return np.stack([samples[start : start + frames] for start in starts])


class Spectrogram(nn.Module):
    """Samples [n, frames] at RATE_HZ -> log-mel pictures [n, MELS, frames / HOP], mean 0, one unit SPREAD_DB."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            RATE_HZ, 1024, hop_length=HOP, f_min=40.0, f_max=11_800.0, n_mels=MELS, power=2.0
        )

    def forward(self, samples: Tensor) -> Tensor:
        return levelled(self.decibels(samples))

    def decibels(self, samples: Tensor) -> Tensor:
        """[n, MELS, frames / HOP] in dB, floored 80 dB below the loudest."""
        power = self.mel(samples)[..., :-1]
        db = 10 * torch.log10(power + 1e-10)
        return torch.maximum(db, db.amax((-2, -1), keepdim=True) + FLOOR_DB)


def levelled(db: Tensor) -> Tensor:
    """Loudness taken away: dB [n, MELS, frames] -> mean 0 in units of SPREAD_DB."""
    return (db - db.mean((-2, -1), keepdim=True)) / SPREAD_DB


class AudioNetwork(nn.Module):
    """Spectrograms [n, MELS, FRAMES] -> features and points of the shared space; and the anchors of its classes."""

    def __init__(self, widths: Sequence[int], classes: Sequence[str], labels: int) -> None:
        super().__init__()
        self.classes = tuple(classes)
        stem, *rest = widths
        layers: list[nn.Module] = [
            nn.Conv2d(1, stem, 5, 2, 2, bias=False), nn.BatchNorm2d(stem), nn.ReLU(),
        ]  # fmt: skip
        for narrow, wide in zip(widths, rest, strict=False):
            layers += [Residual(narrow, wide, 2), Residual(wide, wide, 1)]
        self.trunk = nn.Sequential(*layers)
        bands = -(-MELS // 2 ** len(widths))
        self.rest = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(2 * widths[-1] * bands, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.2)
        )
        self.project = nn.Linear(256, DIMENSIONS)
        self.imagine = nn.Linear(256, labels)  # the image network's labels, as SoundNet's student has them
        self.anchors = nn.Parameter(torch.randn(len(classes), DIMENSIONS))

    def features(self, spectrograms: Tensor) -> Tensor:
        """[n, 256]: in which bands what was heard, mean and peak over time."""
        x = self.trunk(spectrograms[:, None])  # [n, channels, bands, times]
        return self.rest(torch.cat([x.mean(3), x.amax(3)], 1).flatten(1))

    def place(self, features: Tensor) -> Tensor:
        """Features -> unit vectors [n, DIMENSIONS]."""
        return normalize(self.project(features), dim=1)

    def forward(self, spectrograms: Tensor) -> Tensor:
        return self.place(self.features(spectrograms))


@torch.inference_mode()
def place_sound(
    place: Callable[[Tensor], Tensor], spectrogram: Spectrogram, samples: Samples, device: str | torch.device = "cpu"
) -> NDArray[np.float32]:
    """Unit vector [dimensions] of a recording [frames] at RATE_HZ: the direction of its windows' mean.

    Args:
        place: spectrograms [n, MELS, FRAMES] -> points [n, dimensions], of any length.
        spectrogram: what makes them.
        samples: the recording.
        device: where both compute.

    Raises:
        ValueError: it is silent.
    """
    heard = torch.from_numpy(windows(trimmed(samples))).to(device)
    with threads(1):
        points = place(spectrogram(heard)).float().sum(0)
        return np.asarray(normalize(points, dim=0).cpu().numpy(), np.float32)
