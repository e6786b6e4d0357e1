"""Pictures of hits as halls, dull microphones and rumbling floors would show them.

Lives here: what these do to a picture of power, anew for each picture that is learned from. Must not live here: the
same done to sound (`takes.py`), which costs far more, so that each hit is heard through a few only.

A hall lets each band ring on after what sounds in it: an exponential, convolved with the band's power (Polack), the
treble falling first. A microphone takes from the deep and from the high. Traffic and ventilation add what lies below
150 Hz, for as long as the file lasts or beyond.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

IN_HALLS, DULL, RUMBLING = 0.4, 0.25, 0.3  # of the hits
RT60_S = (0.25, 1.4)  # of the deep
TREBLE = (0.2, 0.9)  # how long the highest band rings, of that
REVERBERANT = (0.1, 1.0)  # amplitude, as `distance` of `takes.room`: 0.5 is as much as the direct sound
DARKER = (0.0, 1.2)  # decades that the highest band's reverberation is weaker
UNEVEN = 0.5  # deviation of reverberation, in nepers of power: it is noise
BASS_HZ, AIR_HZ, SLOPE = (80.0, 400.0), (2500.0, 8000.0), (2.0, 5.0)  # edges of microphones; powers of frequency
RUMBLE_HZ, RUMBLE = 150.0, (-2.0, 1.2)  # below; decades of power relative to the hit's loudest cell
SILENT = -4.5  # decades below the loudest: the file is over
STEADY = 5  # columns in which noise through one window looks alike
LEAST = 1e-9  # power


def spoiled(pictures: Tensor, rng: np.random.Generator, pitches_hz: Tensor, hop_s: float) -> Tensor:
    """Pictures of hits, some in a hall, some through a dull microphone, some in rumble; or two of these, or all.

    Args:
        pictures: decades of power [hits, bands, columns].
        rng: decides what happens to which.
        pitches_hz: middle of each band [bands].
        hop_s: seconds between columns.

    Returns:
        [hits, bands, columns], decades below the loudest cell of each.
    """
    hits, bands, columns = pictures.shape

    def uniform(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (hits, 1, 1)).astype(np.float32))

    def spread(between: tuple[float, float]) -> Tensor:
        return torch.exp(uniform(np.log(between[0]), np.log(between[1])))

    def some(share: float) -> Tensor:
        return torch.from_numpy(rng.random((hits, 1, 1)) < share)

    power, height = 10**pictures, torch.linspace(0, 1, bands)[None, :, None]
    rt60_s = spread(RT60_S) * (1 - (1 - uniform(*TREBLE)) * height)
    energy = 4 * uniform(*REVERBERANT) ** 2 * 10 ** (-uniform(*DARKER) * height)
    uneven = torch.from_numpy(rng.normal(0, UNEVEN, power.shape).astype(np.float32))
    power = power + some(IN_HALLS) * energy * ringing(power, rt60_s, hop_s) * torch.exp(uneven)

    pitches, slope = pitches_hz[None, :, None], uniform(*SLOPE)
    response = 1 / (1 + (spread(BASS_HZ) / pitches) ** slope) / (1 + (pitches / spread(AIR_HZ)) ** slope)
    power = torch.where(some(DULL), power * response, power)

    noise = torch.from_numpy(rng.exponential(1, (hits, bands, columns + STEADY - 1)).astype(np.float32))
    lasts = (pictures - pictures.amax((1, 2), keepdim=True)).amax(1) > SILENT
    while_it_lasts = lasts.flip(1).cummax(1).values.flip(1)[:, None]  # [hits, 1, columns]
    rumble = noise.unfold(2, STEADY, 1).mean(3) / (1 + (pitches / RUMBLE_HZ) ** 8) * (some(0.5) | while_it_lasts)
    loudest = power.amax((1, 2), keepdim=True)
    power = power + some(RUMBLING) * 10 ** uniform(*RUMBLE) * loudest * rumble

    spoilt = torch.log10(power + LEAST)
    return spoilt - spoilt.amax((1, 2), keepdim=True)


def ringing(power: Tensor, rt60_s: Tensor, hop_s: float) -> Tensor:
    """What a hall adds to power [hits, bands, columns]: each column's falls by 60 dB within rt60_s [hits, bands, 1]
    and sums up to the column's own."""
    kept = torch.exp(-6 * np.log(10) * hop_s / rt60_s)
    rings, columns = torch.zeros_like(kept), []
    for column in power.split(1, dim=2):
        columns.append(rings)
        rings = kept * rings + (1 - kept) * column
    return torch.cat(columns, 2)
