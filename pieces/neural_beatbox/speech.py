"""Whether somebody speaks in a take instead of performing: then its sounds are percussion, whatever they resemble.

A syllable is a vowel with its overtones, held; a mouth that imitates drums holds few of them. One sound alone says
little (one snare of nine in our recordings is a long "kah"), most of a take says much. Pitch by autocorrelation,
corrected for its window (Boersma 1993).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FRAME_S, STEP_S = 0.04, 0.01
PITCHES_HZ = (80.0, 400.0)
PERIODIC = 0.6  # of the autocorrelation at the pitch
OVERTONES = 0.15  # of the power that lies above 2.5 times the pitch: a tom and a kick have none to speak of
BESIDE_DB = 15.0  # what is so much softer than the loudest of a sound does not count
SYLLABLE_S = 0.12  # that a vowel lasts
FEWEST, MOST_OF_THEM = 4, 0.6  # sounds of a take, and how many of them are syllables where somebody speaks
LONGEST_S = 0.6  # of a sound that is looked at


def spoken(sounds: Sequence[NDArray[np.float32]], rate_hz: int) -> bool:
    """Whether the `sounds` of a take, each [frames] from its onset to the next, are mostly syllables."""
    if len(sounds) < FEWEST:
        return False
    syllables = sum(vowel_s(sound[: int(LONGEST_S * rate_hz)], rate_hz) >= SYLLABLE_S for sound in sounds)
    return syllables >= MOST_OF_THEM * len(sounds)


def vowel_s(sound: NDArray[np.float32], rate_hz: int) -> float:
    """Seconds of the longest stretch of a sound [frames] that is periodic and rich in overtones."""
    size, step = round(FRAME_S * rate_hz), round(STEP_S * rate_hz)
    if sound.size < size:
        return 0.0
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), size)[::step] * window
    bins = 1 << int(np.ceil(np.log2(2 * size)))
    power = np.abs(np.fft.rfft(frames, bins)) ** 2  # [frames, bins / 2 + 1]
    shortest, longest = round(rate_hz / PITCHES_HZ[1]), round(rate_hz / PITCHES_HZ[0])
    alike = np.fft.irfft(power)[:, : longest + 1]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, bins)) ** 2)[: longest + 1]
    alike = alike / (alike[:, :1] + 1e-12) / (own / own[0])
    period = alike[:, shortest:].argmax(1) + shortest  # samples
    total = power.sum(1) + 1e-12
    above = np.cumsum(power[:, ::-1], 1)[:, ::-1]  # power from a bin upwards
    first = np.minimum(np.ceil(2.5 * bins / period).astype(int), power.shape[1] - 1)
    rich = above[np.arange(len(power)), first] > OVERTONES * total
    loud = 10 * np.log10(total / total.max()) > -BESIDE_DB
    vowel = (alike[np.arange(len(power)), period] > PERIODIC) & rich & loud
    edges = np.flatnonzero(np.diff(np.concatenate([[0], vowel.astype(int), [0]])))
    return float((edges[1::2] - edges[::2]).max(initial=0)) * STEP_S
